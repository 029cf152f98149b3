"""The bit of a text that shows best why it was found, with what matched marked; no markup, the edge makes that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

from kb.search.analysis import clean, fold, morphemes, primary, segments, stem, strip_particle
from kb.search.port import Fuzzy, Leaf, Phrase, Prefix

Part = tuple[str, bool]  # text, whether it is marked

_SCANNED: Final = 60_000  # characters of a text that are looked at
_AROUND: Final = 40  # characters shown before the first match
_SLACK: Final = 24  # characters by which a cut may move to fall between words
_ELLIPSIS: Final = "…"


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
    text = " ".join(text[:_SCANNED].split())
    matches = _Text(text, primary(language)).find(list(dict.fromkeys(leaves)))
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


@dataclass(frozen=True, slots=True)
class _Runs:
    """The characters of all unspaced runs with no blanks between; what else parts two runs is a line break."""

    letters: str
    places: Sequence[int]

    def find(self, sought: str) -> Iterator[tuple[int, int]]:
        """Where in the text some characters stand, from and to."""
        at = self.letters.find(sought)
        while at >= 0:
            end = at + len(sought)
            yield self.places[at], self.places[end - 1] + 1
            at = self.letters.find(sought, end)


class _Text:
    """A text prepared for looking up many leaves."""

    def __init__(self, text: str, language: str) -> None:
        self._language = language
        self._words: list[tuple[int, int]] = []
        self._by_word: dict[str, set[int]] = {}
        self._by_stem: dict[str, set[int]] = {}
        letters: list[str] = []
        places: list[int] = []
        before = 0
        for raw, script, start, end in segments(text):
            word = fold(raw, language)
            number = len(self._words)
            self._words.append((start, end))
            self._by_word.setdefault(word, set()).add(number)
            if script == "word":
                self._by_stem.setdefault(stem(raw, language), set()).add(number)
                continue
            if script == "hangul":
                for part in morphemes(word):
                    self._by_stem.setdefault(part, set()).add(number)
            if text[before:start].strip():
                letters.append("\n")
                places.append(start)
            letters += [fold(letter)[:1] for letter in raw]
            places += range(start, end)
            before = end
        self._runs = _Runs("".join(letters), places)

    def find(self, leaves: Sequence[Leaf]) -> list[_Match]:
        """What the leaves match, from the beginning of the text."""
        found = [_Match(start, end, number) for number, leaf in enumerate(leaves) for start, end in self._leaf(leaf)]
        return sorted(found, key=lambda match: (match.start, -match.end))

    def _leaf(self, leaf: Leaf) -> Iterator[tuple[int, int]]:
        parts = list(segments(clean(leaf.text)))
        words = [self._where(leaf, part.text) for part in parts if part.script == "word"]
        if isinstance(leaf, Phrase) and words:
            together = set.intersection(*({number - at for number in found} for at, found in enumerate(words)))
            for first in together:
                yield self._words[first][0], self._words[first + len(words) - 1][1]
        else:
            for number in set().union(*words):
                yield self._words[number]
        runs = [part for part in parts if part.script != "word"]
        if isinstance(leaf, Phrase):
            yield from self._runs.find("".join(fold(run.text) for run in runs) or "\0")
        else:
            for run in runs:
                yield from self._run(fold(run.text), run.script == "hangul")

    def _where(self, leaf: Leaf, raw: str) -> set[int]:
        """The words of the text, by number, that a spaced word of a leaf matches."""
        word = fold(raw)
        match leaf:
            case Prefix():
                return self._any(lambda other: other.startswith(word))
            case Fuzzy():
                return self._any(lambda other: other[0] == word[0] and OSA.distance(word, other) <= leaf.distance)
            case Phrase(loose=False):
                return self._by_word.get(word, set())
        return self._by_word.get(word, set()) | self._by_stem.get(stem(raw, self._language), set())

    def _any(self, test: Callable[[str], bool]) -> set[int]:
        return set().union(*(numbers for word, numbers in self._by_word.items() if test(word)))

    def _run(self, run: str, hangul: bool) -> Iterator[tuple[int, int]]:
        """An unspaced word: its characters wherever they stand; failing that its morphemes, or pairs of characters."""
        whole = list(self._runs.find(strip_particle(run) if hangul else run))
        if whole:
            yield from whole
        elif hangul:
            for part in morphemes(run):
                for number in self._by_stem.get(part, ()):
                    yield self._words[number]
        else:
            for at in range(len(run) - 1):
                yield from self._runs.find(run[at : at + 2])


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
