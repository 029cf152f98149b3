"""How words are taken apart, the same way for texts and for queries.

Each text gives terms for three indexes with positions:

- `word`: whole words, folded (case, accents and compatibility forms off). Positions count words.
- `stem`: their stems by the language's Snowball algorithm (PyStemmer), marked with the language, since French marché
  and English March have the same; or the morphemes of Korean words. Positions as in `word`.
- `gram`: pairs of neighbouring characters where a script sets no spaces, or none to rely on: Han, Kana, Hangul, Thai,
  Lao, Khmer, Burmese. Positions count characters; blanks between two such runs are passed over, since Korean sets
  them as it likes. A run's last Han, Kana or Thai character stands alone too, so every character begins some gram.

What is in use is named in `VERSION`: an index made by another version must be rebuilt.
"""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata, util
from itertools import repeat
from operator import add
from typing import Any, Final, Literal, NamedTuple

import Stemmer

from kb.search.lexicon import ACCENTS, ENDINGS, KEPT_TAGS, LETTERS, PARTICLES, SNOWBALL, TURKIC, UNSEEN, VOWEL_SIGNS

Index = Literal["word", "stem", "gram"]
Script = Literal["word", "hangul", "han", "sea"]

_LONGEST: Final = 64  # characters kept of one word: more is no word
_INFLECTED: Final = 0.8  # weight of a word in another form
_SHARE: Final = 2 / 3  # of a run's grams that must be there when they needn't stand in sequence
_HANGUL: Final = r"\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7fb\uffa1-\uffdc"
_HAN: Final = (
    r"\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3041-\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_SEA: Final = r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0eff\u1000-\u109f\u1780-\u17d3"
_LETTER: Final = rf"[^\W_{_HANGUL}{_HAN}{_SEA}]"
_WORD: Final = rf"{_LETTER}+(?:[{ACCENTS}{VOWEL_SIGNS}]+{_LETTER}*)*"
# Bits of one or two letters on one side of an apostrophe are no words: l’, qu’, ’s, ’da.
_BIT: Final = rf"(?<!{_LETTER}){_LETTER}{{1,2}}['’ʼ](?={_LETTER})|(?<={_LETTER})['’ʼ]{_LETTER}{{1,2}}(?!{_LETTER})"
_SPACED: Final = re.compile(rf"{_BIT}|({_WORD})")
_SEGMENT: Final = re.compile(
    rf"{_BIT}|(?P<word>{_WORD})|(?P<hangul>[{_HANGUL}]+)|(?P<han>[{_HAN}]+)|(?P<sea>[{_SEA}]+)"
)
_RUN: Final = re.compile(f"[{_HANGUL}{_HAN}{_SEA}]")
_ACCENTS: Final = re.compile(f"[{ACCENTS}]+")
_LONG_MARK: Final = re.compile("(?<=[ァ-ヺー]{3})ー+(?![ァ-ヺー])")  # as writers like it: コンピューター, コンピュータ
_PARTICLE: Final = re.compile(f"(?<=..)(?:{'|'.join(PARTICLES)})$")


def _version() -> str:
    parts = [f"analysis-3 Unicode-{unicodedata.unidata_version} PyStemmer-{metadata.version('PyStemmer')}"]
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

    word: dict[str, list[int]] = field(default_factory=dict)
    stem: dict[str, list[int]] = field(default_factory=dict)
    gram: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a text may hold a word.

    Attributes:
        terms: of the index.
        minimum: how many of the terms are needed; where one will do they count as one and the same term.
        sequence: all terms, each one position after the one before.
        prefix: the one term is the beginning of terms.
        weight: what a match in this form is worth, 1 for the word as written.
    """

    index: Index
    terms: tuple[str, ...]
    minimum: int = 1
    sequence: bool = False
    prefix: bool = False
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a phrase: any of the terms of one index, so many positions after the phrase's beginning."""

    offset: int
    index: Index
    terms: tuple[str, ...]


def clean(text: str) -> str:
    """The text in compatibility form, without what nobody sees: NUL, soft hyphens, direction marks, joiners."""
    if text.isascii():
        return text.replace("\0", "")
    return UNSEEN.sub("", unicodedata.normalize("NFKC", text))


def segments(text: str) -> Iterator[Segment]:
    """The words and runs of a text in order."""
    for found in _SEGMENT.finditer(text):
        script: Any = found.lastgroup
        if script:
            yield Segment(found.group(), script, found.start(), found.end())


def is_spaced(text: str) -> bool:
    """Whether blanks stand between all words of a text."""
    return not _RUN.search(text)


def spaced_words(text: str) -> list[str] | None:
    """The words of a text in which all words are spaced, much faster than `segments`; None for others."""
    return [word for word in _SPACED.findall(text) if word] if is_spaced(text) else None


@lru_cache(1 << 16)
def fold(word: str, language: str = "") -> str:
    """The word without case, accents and compatibility forms; Hangul and vowel signs stay whole."""
    if word.isascii() and language not in TURKIC:
        return word.lower()[:_LONGEST]
    return _fold(word[:_LONGEST], language) or word[:_LONGEST]


def _fold(text: str, language: str = "") -> str:
    parts = unicodedata.normalize("NFKD", _lower(text, language))
    folded = unicodedata.normalize("NFC", _ACCENTS.sub("", parts).translate(LETTERS))
    return _LONG_MARK.sub("", folded) if "ー" in folded else folded


def _lower(word: str, language: str) -> str:
    if language in TURKIC:
        word = word.replace("I", "ı").replace("İ", "i")
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", word).casefold())


_local = threading.local()  # a Snowball stemmer keeps state: each thread has its own


@lru_cache(1 << 16)
def stem(word: str, language: str) -> str:
    """The folded stem of a word by its language's algorithm; the folded word where there is none."""
    algorithm = SNOWBALL.get(language)
    if algorithm is None:
        return fold(word, language)
    stemmers: dict[str, Any] = _local.__dict__
    if algorithm not in stemmers:
        stemmers[algorithm] = Stemmer.Stemmer(algorithm)
    lower = _lower(word[:_LONGEST], language)
    for pattern, ending in ENDINGS.get(language, ()):
        lower = pattern.sub(ending, lower)
    once = stemmers[algorithm].stemWord(lower)  # may be the singular of a plural: Spanish ciudades, ciudad, ciud
    return fold(stemmers[algorithm].stemWord(once), language) or fold(word, language)


@lru_cache(1 << 16)
def _marked_stem(word: str, language: str) -> str:
    return f"{language}:{stem(word, language)}"


def strip_particle(word: str) -> str:
    """A Korean word without the particle at its end, if two syllables remain."""
    return _PARTICLE.sub("", word)


@lru_cache(1)
def _analyse_korean() -> Callable[[str], list[Any]] | None:
    """The parser of python-mecab-ko, loaded at its first use; None where it isn't installed."""
    try:
        from mecab import MeCab
    except ImportError:
        return None
    parse: Callable[[str], list[Any]] = MeCab().parse
    return parse


@lru_cache(1 << 16)
def morphemes(word: str) -> tuple[str, ...]:
    """What carries meaning in a Korean word: nouns and roots; without an analyser the word less its particle."""
    parse = _analyse_korean()
    if parse is None:
        return (strip_particle(word),)
    found: list[str] = []
    for morpheme in parse(word):
        feature = morpheme.feature
        for part in (feature.expression or f"{morpheme.surface}/{feature.pos}").split("+"):
            surface, _, tag = part.partition("/")
            if tag.split("/")[0] in KEPT_TAGS:
                found.append(fold(surface))
    return tuple(found) or (word,)


def primary(language: str) -> str:
    """The language of a tag without script and region."""
    return language.split("-")[0]


def _grams(run: str, script: Script) -> list[str]:
    pairs = list(map(add, run, run[1:]))
    return [*pairs, run[-1]] if script != "hangul" or len(run) == 1 else pairs


class Run(NamedTuple):
    """The terms of a text for one index as they come, and the position of each; positions ascend."""

    terms: list[str]
    positions: list[int]


def analyze(text: str, language: str = "") -> Tokens:
    """The terms of a text in a language (a BCP 47 tag; empty for mixed text, which gives no stems of spaced words)."""
    return Tokens(*map(_by_term, take_apart(text, language)))


def _by_term(run: Run) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for term, position in zip(*run, strict=True):
        found.setdefault(term, []).append(position)
    return found


def take_apart(text: str, language: str = "") -> tuple[Run, Run, Run]:
    """What `analyze` gives, as `word`, `stem` and `gram` come one after the other."""
    text, language = clean(text), primary(language)
    if (words := spaced_words(text)) is not None:
        every = list(range(len(words)))
        marked = list(map(_marked_stem, words, repeat(language))) if language else []
        return Run(list(map(fold, words, repeat(language))), every), Run(marked, every[: len(marked)]), Run([], [])
    word, stems, gram = Run([], []), Run([], []), Run([], [])
    place = end_of_run = 0
    last = ""
    for position, (raw, script, start, end) in enumerate(segments(text)):
        if script == "word":
            word.terms.append(fold(raw, language))
            word.positions.append(position)
            if language:
                stems.terms.append(_marked_stem(raw, language))
                stems.positions.append(position)
            continue
        run = _fold(raw)
        if script == "hangul":
            word.terms.append(fold(raw))
            word.positions.append(position)
            parts = morphemes(fold(raw))
            stems.terms.extend(parts)
            stems.positions.extend(repeat(position, len(parts)))
        if last and not text[end_of_run:start].strip():
            gram.terms.append(last + run[0])
            gram.positions.append(place - 1)
        else:
            place += 1
        grams = _grams(run, script)
        gram.terms.extend(grams)
        gram.positions.extend(range(place, place + len(grams)))
        place, end_of_run, last = place + len(run), end, run[-1]
    return word, stems, gram


def query_forms(text: str, languages: Collection[str]) -> tuple[tuple[Form, ...], ...]:
    """What a document must hold to have the word: for each of its segments any of some forms.

    Args:
        text: one word as typed; `e-learning` and `AI교육` have two segments.
        languages: those of the index, whose stems are tried.
    """
    primaries = sorted({primary(language) for language in languages})
    return tuple(
        _spaced_forms(found.text, primaries) if found.script == "word" else _run_forms(fold(found.text), found.script)
        for found in segments(clean(text))
    )


def _spaced_forms(raw: str, languages: Collection[str]) -> tuple[Form, ...]:
    exact = Form("word", (fold(raw),))
    stems = tuple(_marked_stem(raw, language) for language in languages)
    return (exact, Form("stem", stems, weight=_INFLECTED)) if stems else (exact,)


def _run_forms(run: str, script: Script) -> tuple[Form, ...]:
    forms: list[Form] = []
    if script == "hangul":
        parts = tuple(dict.fromkeys(morphemes(run)))
        forms += [Form("word", (run,)), Form("stem", parts, len(parts), weight=_INFLECTED)]
        run = strip_particle(run)
    pairs = tuple(run[at : at + 2] for at in range(len(run) - 1))
    if pairs:
        forms.append(Form("gram", pairs, sequence=len(pairs) > 1, weight=0.9 if script != "hangul" else 0.7))
    elif script != "hangul":
        forms.append(Form("gram", (run,), prefix=True, weight=0.5))
    if len(set(pairs)) > 2 and (script != "hangul" or _analyse_korean() is None):
        known = tuple(dict.fromkeys(pairs))
        forms.append(Form("gram", known, math.ceil(len(known) * _SHARE), weight=0.5))
    return tuple(forms)


def phrase_slots(text: str, languages: Collection[str], *, loose: bool) -> tuple[Slot, ...]:
    """The places of a phrase: those of `word` and `stem` must fit in one field, those of `gram` in one.

    Args:
        text: the phrase as typed.
        languages: those of the index.
        loose: whether inflected words will do.
    """
    primaries = sorted({primary(language) for language in languages})
    found = list(segments(clean(text)))
    slots: list[Slot] = []
    for position, (raw, script, _, _) in enumerate(found):
        if script == "word" and loose and primaries:
            slots.append(Slot(position, "stem", tuple(_marked_stem(raw, language) for language in primaries)))
        elif script == "word":
            slots.append(Slot(position, "word", (fold(raw),)))
    alone = {fold(raw) for raw, script, _, _ in found if script != "word" and len(raw) == 1}
    for gram, places in analyze(text).gram.items():
        if len(gram) > 1 or gram in alone:
            slots += [Slot(place, "gram", (gram,)) for place in places]
    return tuple(slots)
