"""How words are taken apart, the same way for texts and for queries.

Each text gives terms for three indexes with positions:

- `word`: whole words, folded (case, accents and compatibility forms off). Positions count words.
- `stem`: their stems by the language's Snowball algorithm (PyStemmer), or the morphemes of Korean words.
  Positions as in `word`.
- `gram`: pairs of neighbouring characters where a script sets no spaces, or none to rely on: Han, Kana, Hangul, Thai, Lao,
  Khmer, Burmese. Positions count characters; blanks between two such runs are passed over, since Korean sets them as
  it likes. A run's last Han, Kana or Thai character stands alone too, so that every character begins some gram.

What is in use is named in `VERSION`: an index made by another version must be rebuilt.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, util
from typing import Any, Final, Literal, NamedTuple

import Stemmer

from kb.search.lexicon import KEPT_TAGS, LETTERS, MARKS, PARTICLES, SNOWBALL, TURKIC, UNSEEN

Index = Literal["word", "stem", "gram"]
Script = Literal["word", "hangul", "han", "sea"]

_LONGEST = 64  # characters kept of one word: more is no word
_SHARE = 2 / 3  # of a run's grams that must be there when they needn't stand in sequence
_HANGUL = r"\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7fb\uffa1-\uffdc"
_HAN = (
    r"\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3041-\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_SEA = r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0eff\u1000-\u109f\u1780-\u17d3"
_SEGMENT: Final = re.compile(
    rf"(?P<hangul>[{_HANGUL}]+)|(?P<han>[{_HAN}]+)|(?P<sea>[{_SEA}]+)"
    rf"|(?P<word>(?:[^\W_{_HANGUL}{_HAN}{_SEA}]|[{MARKS}])+)"
)
_MARKS: Final = re.compile(f"[{MARKS}]+")
_KEPT_MARKS: Final = re.compile(r"[\u0900-\u0dff]")  # vowel signs of Indic scripts are letters, not accents
_APOSTROPHES: Final = "'’ʼ"
_PARTICLES: Final = re.compile(f"(?<=..)(?:{'|'.join(PARTICLES)})$")
_CONJUNCTION: Final = re.compile("^[وف](?=ال|لل)")


def _version() -> str:
    parts = [f"analysis-1 unicode-{unicodedata.unidata_version} PyStemmer-{metadata.version('PyStemmer')}"]
    if util.find_spec("mecab"):
        parts.append(f"mecab-ko-{metadata.version('python-mecab-ko')}")
    return " ".join(parts)


VERSION: Final = _version()


class Segment(NamedTuple):
    """A word, or a run of characters without spaces, as it stands in a text from `start` to `end`."""

    text: str
    script: Script
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """The terms of one text, each with its ascending positions."""

    word: dict[str, list[int]]
    stem: dict[str, list[int]]
    gram: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a text may hold a word.

    Attributes:
        terms: of one index.
        minimum: how many of the terms are needed.
        sequence: the terms must stand at positions `offsets` from each other, in one field.
        prefix: the only term is the beginning of terms.
        weight: what a match in this form is worth, 1 for the exact word.
    """

    index: Index
    terms: tuple[str, ...]
    minimum: int = 1
    sequence: bool = False
    offsets: tuple[int, ...] = ()
    prefix: bool = False
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a phrase: any of the terms, so many positions after the first place."""

    offset: int
    terms: tuple[tuple[Index, str], ...]


@dataclass(frozen=True, slots=True)
class PhraseForm:
    """A phrase: its words one after another, and its characters likewise, both in the same field or each in one."""

    words: tuple[Slot, ...]
    grams: tuple[Slot, ...]


def clean(text: str) -> str:
    """The text in compatibility form without what nobody sees: NUL, soft hyphens, direction marks, joiners."""
    return text if text.isascii() and "\0" not in text else UNSEEN.sub("", unicodedata.normalize("NFKC", text))


def segments(text: str) -> Iterator[Segment]:
    """The words and runs of a text in order; short bits on either side of an apostrophe (l’, ’s, qu’) are left out."""
    for found in _SEGMENT.finditer(text):
        start, end = found.span()
        script: Any = found.lastgroup
        if (
            end - start <= 2
            and script == "word"
            and (text[end : end + 1] in _APOSTROPHES or text[max(start - 1, 0) : start] in _APOSTROPHES)
            and (text[end : end + 1] or start)
        ):
            beside = text[max(start - 1, 0) : start] + text[end : end + 1]
            if any(character in _APOSTROPHES for character in beside):
                continue
        yield Segment(found.group(), script, start, end)
