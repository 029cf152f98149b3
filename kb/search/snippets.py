"""The bit of a text that shows best why it was found, with what matched marked; no markup, the edge makes that."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

from kb.search.analysis import Segment, clean, fold, morphemes, primary, segments, spaced_words, stem, strip_particle
from kb.search.hangul import leads
from kb.search.lexicon import SNOWBALL
from kb.search.port import Fuzzy, Leaf, Phrase, Prefix

Part = tuple[str, bool]  # text, whether it is marked

_SCANNED: Final = 60_000  # characters of a text that are looked at
_AROUND: Final = 40  # characters shown before the first match
_SLACK: Final = 24  # characters by which a cut may move to fall between words
_RUN: Final = "\1"  # in place of a character that isn't set apart from others
_ELLIPSIS: Final = "…"
_BLANKS: Final = ("  ", *"\n\r\t\v\f\x1c\x1d\x1e\x1f")  # what isn't one space between two words, in ASCII
_APOSTROPHES: Final = "'’ʼ"
_GAP: Final = re.compile(
    rf"(?:(?<!\w)\w{{1,2}}[{_APOSTROPHES}](?=\w)|(?<=\w)[{_APOSTROPHES}]\w{{1,2}}(?!\w)|[^\w{_RUN}])*"
)
_OTHER_SCRIPT: Final = frozenset({"ar", "el", "fa", "hi", "hy", "ne", "ta"})  # whose stemmers leave Latin alone
# Languages in which words change at the end only, and Snowball leaves the first letter alone.
_SUFFIXED: Final = frozenset({"ca", "cs", "da", "de", "en", "es", "et", "fi", "fr", "hu", "it", "lt", "nb", "nl", "nn",
                              "no", "pl", "pt", "ro", "ru", "sv", "tr"})  # fmt: skip


class _Match(NamedTuple):
    """A stretch of the text that a leaf matches."""

    start: int
    end: int
    leaf: int


def snippet(text: str, leaves: Iterable[Leaf], language: str, width: int = 220) -> list[Part]:
    """The window of a text that holds most of what was looked for.

    Args:
        text: plain text of a document.
        leaves: of the query, as `kb.search.port.leaves` gives them.
        language: of the text.
        width: characters, about.

    Returns:
        Parts in order, none empty; the beginning of the text where nothing in it matches.
    """
    text = text[:_SCANNED].strip()
    if not text.isascii() or any(blank in text for blank in _BLANKS):
        text = " ".join(text.split())
    sought = list(dict.fromkeys(leaves))
    matches = _find_words(text, primary(language), sought)
    if matches is None:
        matches = _Text(text, primary(language)).find(sought)
    start, end = _window(text, matches, width)
    parts: list[Part] = [(_ELLIPSIS, False)] if start else []
    at = start
    for match in matches:
        if at <= match.start and match.end <= end:
            parts += [(text[at : match.start], False), (text[match.start : match.end], True)]
            at = match.end
    parts.append((text[at:end], False))
    if end < len(text):
        parts.append((_ELLIPSIS, False))
    return [part for part in parts if part[0]]


def _find_words(text: str, language: str, leaves: Sequence[Leaf]) -> list[_Match] | None:
    """As `_Text.find`, looking only at words that begin as one that is sought; None where it can't tell.

    It can for spaced words where each letter folds to one, and stems begin as their words do.
    """
    letters = text.lower() if text.isascii() else text.translate(_PLAIN)
    if len(letters) != len(text) or "\0" in letters or "_" in letters:
        return None
    known: dict[str, list[tuple[int, int]]] = {}

    def begin(start: str) -> list[tuple[int, int]]:
        if start not in known:
            found = re.finditer(rf"{start}(?<!\w{start})\w*", letters)
            known[start] = [match.span() for match in found if not _is_bit(letters, *match.span())]
        return known[start]

    matches = []
    for number, leaf in enumerate(leaves):
        parts = list(segments(clean(leaf.text)))
        words = [part.text for part in parts if part.script == "word"]
        if len(words) < len(parts) and _RUN in letters:
            return None
        spans: list[list[tuple[int, int]]] = []
        for raw in words:
            word = fold(raw)
            if not word[0].isalnum() or not _keeps_beginning(language, word):
                return None
            accepts = _accept(leaf, raw, word, language)
            some = begin(_beginning(leaf, raw, word, language))
            spans.append([span for span in some if accepts(text[span[0] : span[1]])])
        if isinstance(leaf, Phrase) and spans:
            spans = [_join(letters, spans)]
        matches += [_Match(*span, number) for span in sorted(set().union(*spans))]
    return sorted(matches, key=lambda match: (match.start, -match.end))


def _join(letters: str, words: Sequence[Sequence[tuple[int, int]]]) -> list[tuple[int, int]]:
    """The stretches in which words stand one after another; for each word where it stands."""
    joined = list(words[0])
    for word in words[1:]:
        ends = dict(word)
        nexts = [(start, _GAP.match(letters, end)) for start, end in joined]
        joined = [(start, ends[gap.end()]) for start, gap in nexts if gap and gap.end() in ends]
    return joined


def _keeps_beginning(language: str, word: str) -> bool:
    """Whether words that share a stem with this one begin with the same letter."""
    return language not in SNOWBALL or language in _SUFFIXED or (language in _OTHER_SCRIPT and word[0].isascii())


def _beginning(leaf: Leaf, raw: str, word: str, language: str) -> str:
    """What all words begin with that a leaf can match: with stems two letters, but y becomes i (dying, die)."""
    if isinstance(leaf, Fuzzy):
        return word[0]
    if isinstance(leaf, Prefix) or (isinstance(leaf, Phrase) and not leaf.loose):
        return word if word.isalnum() else word[0]
    two = stem(raw, language)[:2]
    return two if len(two) == 2 and two[1] not in "iy" and two.isalnum() and word.startswith(two) else word[0]


def _accept(leaf: Leaf, raw: str, word: str, language: str) -> Callable[[str], bool]:
    """Whether a word of the text is one that a leaf matches."""
    match leaf:
        case Prefix():
            return lambda other: fold(other, language).startswith(word)
        case Fuzzy():
            return lambda other: OSA.distance(word, fold(other, language)) <= leaf.distance
        case Phrase(loose=False):
            return lambda other: fold(other, language) == word
    stemmed = stem(raw, language)
    return lambda other: fold(other, language) == word or stem(other, language) == stemmed


def _is_bit(letters: str, start: int, end: int) -> bool:
    """Whether it is no word but a bit beside an apostrophe, as `segments` has it."""
    if end - start > 2:
        return False
    before, after = letters[max(start - 2, 0) : start], letters[end : end + 2]
    return (len(after) == 2 and after[0] in _APOSTROPHES and after[1].isalnum()) or (
        len(before) == 2 and before[1] in _APOSTROPHES and before[0].isalnum()
    )


class _Plain(dict[int, str]):
    """Letters folded one by one; NUL for what folds to more or less than one, `_RUN` for what isn't spaced."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        plain = letter
        if any(part.script != "word" for part in segments(letter)):
            plain = _RUN
        elif unicodedata.category(letter)[0] == "M" or letter == _RUN:
            plain = "\0"
        elif letter.isalnum():
            plain = fold(letter)
        self[code] = plain if len(plain) == 1 else "\0"
        return self[code]


_PLAIN: Final = _Plain()


class _Flat(dict[int, str]):
    """Each character as one folded character, so that places in a folded text are places in the text."""

    def __missing__(self, code: int) -> str:
        folded = fold(chr(code))
        self[code] = found = folded if len(folded) == 1 else chr(code)
        return found


_FLAT: Final = _Flat()


class _Text:
    """A text in which many leaves are looked up; what only some leaves need is made when one does."""

    def __init__(self, text: str, language: str) -> None:
        self._language = language
        self._text = text

    @cached_property
    def _spaced(self) -> list[str] | None:
        return spaced_words(self._text)

    @cached_property
    def _segments(self) -> list[Segment]:
        return list(segments(self._text))

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        """Which segments each word is, as it is written."""
        found: dict[str, list[int]] = {}
        for number, segment in enumerate(self._segments):
            found.setdefault(segment.text, []).append(number)
        return found

    @cached_property
    def _by_word(self) -> dict[str, set[str]]:
        return self._grouped(lambda raw: fold(raw, self._language))

    @cached_property
    def _by_stem(self) -> dict[str, set[str]]:
        return self._grouped(lambda raw: stem(raw, self._language))

    @cached_property
    def _flat(self) -> str:
        return self._text.translate(_FLAT)

    def _grouped(self, key: Callable[[str], str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        words = self._spaced
        if words is None:
            words = [segment.text for segment in self._segments if segment.script == "word"]
        for raw in {*words}:
            found.setdefault(key(raw), set()).add(raw)
        return found

    def find(self, leaves: Sequence[Leaf]) -> list[_Match]:
        """What the leaves match, from the beginning of the text."""
        found = [_Match(start, end, number) for number, leaf in enumerate(leaves) for start, end in self._leaf(leaf)]
        return sorted(found, key=lambda match: (match.start, -match.end))

    def _leaf(self, leaf: Leaf) -> Iterator[tuple[int, int]]:
        parts = list(segments(clean(leaf.text)))
        words = [self._written(leaf, part.text) for part in parts if part.script == "word"]
        if not isinstance(leaf, Phrase) or len(words) == 1:
            yield from self._places(set().union(*words))
        elif words and all(words):
            numbers = [{number for raw in forms for number in self._numbers[raw]} for forms in words]
            for first in set.intersection(*({number - at for number in found} for at, found in enumerate(numbers))):
                yield self._segments[first].start, self._segments[first + len(words) - 1].end
        runs = [part for part in parts if part.script != "word"]
        if isinstance(leaf, Phrase):
            yield from self._find("".join(fold(run.text) for run in runs))
        else:
            for run in runs:
                yield from self._run(fold(run.text), run.script == "hangul")

    def _written(self, leaf: Leaf, raw: str) -> set[str]:
        """The spaced words of the text, as it writes them, that one of a leaf matches."""
        word = fold(raw)
        match leaf:
            case Prefix():
                return self._any(lambda other: other.startswith(word))
            case Fuzzy():
                return self._any(lambda other: other[0] == word[0] and OSA.distance(word, other) <= leaf.distance)
            case Phrase(loose=False):
                return self._by_word.get(word, set())
        return self._by_word.get(word, set()) | self._by_stem.get(stem(raw, self._language), set())

    def _any(self, test: Callable[[str], bool]) -> set[str]:
        return set().union(*(written for word, written in self._by_word.items() if test(word)))

    def _places(self, written: set[str]) -> Iterator[tuple[int, int]]:
        """Where some words of the text stand."""
        if not written:
            return
        if self._spaced is not None:
            either = "|".join(map(re.escape, sorted(written, key=len, reverse=True)))
            for found in re.finditer(rf"(?<!\w)(?:{either})(?!\w)", self._text):
                yield found.span()
        else:
            for number in (number for raw in written for number in self._numbers[raw]):
                yield self._segments[number].start, self._segments[number].end

    def _find(self, run: str) -> Iterator[tuple[int, int]]:
        """Where some characters stand one after the other, blanks between them passed over."""
        if run:
            for found in re.finditer(" ?".join(map(re.escape, run)), self._flat):
                yield found.span()

    def _run(self, run: str, hangul: bool) -> Iterator[tuple[int, int]]:
        """An unspaced word: its characters wherever they stand; failing that its morphemes, or pairs of characters."""
        whole = list(self._find(strip_particle(run) if hangul else run))
        if whole:
            yield from whole
        elif hangul:
            wanted = set(morphemes(run))
            beginnings = {leads(part[0]) for part in wanted}  # a stem may change, its first consonant stays
            for word, script, start, end in self._segments:
                possible = script == "hangul" and not beginnings.isdisjoint(leads(word))
                if possible and not wanted.isdisjoint(morphemes(fold(word))):
                    yield start, end
        else:
            for at in range(len(run) - 1):
                yield from self._find(run[at : at + 2])


def _window(text: str, matches: Sequence[_Match], width: int) -> tuple[int, int]:
    """From where to where: the first window with the most different leaves, then the most matches."""
    if len(text) <= width:
        return 0, len(text)
    best, start = (0, 0), 0
    until = 0
    for at, first in enumerate(matches):
        while until < len(matches) and matches[until].end <= first.start - _AROUND + width:
            until += 1
        inside = matches[at:until]
        value = len({match.leaf for match in inside}), len(inside)
        if value > best:
            best, start = value, max(first.start - _AROUND, 0)
    start = min(start, len(text) - width)
    end = start + width
    if start and (space := text.find(" ", start, start + _SLACK)) >= 0:
        start = space + 1
    if end < len(text) and (space := text.rfind(" ", end - _SLACK, end)) > start:
        end = space
    return start, end
