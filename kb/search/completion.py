"""What may be meant by the beginning of something: lines of text, found while they are typed.

A shelf holds folded lines in the order of their rank as one long text, which is searched as such: a plain search of
two megabytes takes less than a millisecond, stops at the first hits, and any word of a line is as near as its first.
Lines with scripts that set no spaces, or none to rely on, are kept without spaces too, Hangul taken apart
(`kb.search.hangul`); and as first consonants for ㅍㅅ.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice
from typing import Final, Generic, NamedTuple, TypeVar

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from kb.search import hangul
from kb.search.analysis import clean, fold, segments

Value = TypeVar("Value")

WHOLE, BEGINNING, INNER, APART, CLOSE = range(5)  # how well a line fits, best first

_SCANNED: Final = 2_000  # hits looked at in one text
_LONGEST: Final = 100  # characters of what is typed that are looked at
_ALONE: Final = re.compile("[ㄱ-ㅎ]")
_VOWEL: Final = re.compile("[ㅏ-ㅣ]")
_LEAST_CLOSE: Final = 4  # letters from which one typing error is allowed, and
_TWO_ERRORS: Final = 8  # from which two are


class Key(NamedTuple):
    """A text as it is compared.

    Attributes:
        spaced: its folded words, single spaces between.
        solid: the same without spaces where it has a script that needs none, else empty.
        letters: `solid` with Hangul taken apart; leads: with syllables as their first consonants.
    """

    spaced: str
    solid: str = ""
    letters: str = ""
    leads: str = ""


def make_key(text: str) -> Key:
    """How a line, or what is typed of one, is compared."""
    if text.isascii():
        return Key(" ".join(fold(word.text) for word in segments(text)))
    words = list(segments(clean(hangul.split_alone(text))))
    spaced = hangul.split_alone(" ".join(fold(word.text) for word in words))  # folding joins letters anew
    if all(word.script == "word" for word in words):
        return Key(spaced)
    solid = spaced.replace(" ", "")
    return Key(spaced, solid, hangul.letters(solid), hangul.leads(solid))


class Match(NamedTuple, Generic[Value]):
    """A line that fits: how well, its place in the order of lines, what it stands for."""

    quality: int
    place: int
    value: Value


@dataclass(frozen=True, slots=True)
class _Text:
    """Lines as one text, each after a line break and a space."""

    text: str
    starts: Sequence[int]  # of each line
    places: Sequence[int]  # of each line on the shelf

    @classmethod
    def of(cls, lines: Sequence[tuple[int, str]]) -> _Text:
        starts = list(accumulate((len(line) + 2 for _, line in lines), initial=0))
        return cls("".join(f"\n {line}" for _, line in lines), starts, [place for place, _ in lines])

    def find(self, sought: str) -> Iterator[int]:
        """The place of each line that holds it, as long as more are wanted."""
        at = self.text.find(sought)
        while at >= 0:
            line = bisect_right(self.starts, at) - 1
            yield self.places[line]
            at = self.text.find(sought, self.starts[line + 1])


class Shelf(Generic[Value]):
    """Lines in the order of their rank; never changes, so threads share it."""

    def __init__(self, lines: Sequence[tuple[Key, Value]]) -> None:
        self._lines = lines
        solid = [(place, key) for place, (key, _) in enumerate(lines) if key.solid]
        self._spaced = _Text.of([(place, key.spaced) for place, (key, _) in enumerate(lines)])
        self._solid = _Text.of([(place, key.letters) for place, key in solid])
        self._leads = _Text.of([(place, key.leads) for place, key in solid])

    def __len__(self) -> int:
        return len(self._lines)

    def find(self, typed: Key, most: int = 64) -> list[Match[Value]]:
        """The lines that fit, best first, of equals those of better rank; `most` of each kind are looked for."""
        if not typed.spaced or len(typed.spaced) > _LONGEST:
            return []
        if not typed.solid:
            found = self._words(typed.spaced, most)
        elif _ALONE.search(typed.solid):
            found = self._consonants(typed, most)
        else:
            found = self._letters(typed.letters, most)
        best: dict[int, int] = {}
        for quality, place in found:
            best[place] = min(quality, best.get(place, quality))
        ranked = sorted((quality, place) for place, quality in best.items())
        return [Match(quality, place, self._lines[place][1]) for quality, place in ranked]

    def find_close(self, typed: Key, most: int = 8) -> list[Match[Value]]:
        """The lines whose beginning is a typing error or two away; for shelves of some thousand lines."""
        sought = typed.letters or typed.spaced
        if not _LEAST_CLOSE <= len(sought) <= _LONGEST or _ALONE.search(typed.solid):
            return []
        errors = 1 if len(sought) < _TWO_ERRORS else 2
        found: dict[int, int] = {}
        for length in range(len(sought) - 1, len(sought) + 2):  # a letter may be too many or missing
            beginnings = [line[:length] for line in self._letters_of_lines]
            for _, errors_made, place in extract(
                sought, beginnings, scorer=OSA.distance, score_cutoff=errors, limit=most
            ):
                found[place] = min(errors_made, found.get(place, errors))
        near = sorted((errors_made, place) for place, errors_made in found.items())[:most]
        return [Match(CLOSE, place, self._lines[place][1]) for _, place in near]

    @cached_property
    def _letters_of_lines(self) -> list[str]:
        return [key.letters or key.spaced for key, _ in self._lines]

    def _words(self, spaced: str, most: int) -> Iterator[tuple[int, int]]:
        """Lines with all of the words, each at least begun, in any order."""
        for place in islice(self._spaced.find(f"\n {spaced}"), most):
            yield (WHOLE if self._lines[place][0].spaced == spaced else BEGINNING), place
        words = spaced.split()
        anchor = max(words, key=len)
        others = [f" {word}" for word in words if word is not anchor]
        accepted = 0
        for place in islice(self._spaced.find(f" {anchor}"), _SCANNED):
            line = f" {self._lines[place][0].spaced}"
            if all(other in line for other in others):
                accepted += 1
                yield (INNER if f" {spaced}" in line else APART), place
            if accepted >= most:
                return

    def _letters(self, sought: str, most: int) -> Iterator[tuple[int, int]]:
        """Lines with these letters from the beginning of a syllable on."""
        if _VOWEL.match(sought):
            return
        for place in islice(self._solid.find(f"\n {sought}"), most):
            yield (WHOLE if self._lines[place][0].letters == sought else BEGINNING), place
        for place in islice(self._solid.find(sought), most):
            yield INNER, place

    def _consonants(self, typed: Key, most: int) -> Iterator[tuple[int, int]]:
        """Lines with these syllables, of which some are first consonants only and the last may be unfinished."""
        accepted = 0
        for place in islice(self._leads.find(typed.leads), _SCANNED):
            key = self._lines[place][0]
            start = key.leads.find(typed.leads)
            while start >= 0 and not _fits(typed.solid, key.solid, start):
                start = key.leads.find(typed.leads, start + 1)
            if start < 0 or (start and len(typed.solid) == 1):  # one consonant is the beginning or nothing
                continue
            accepted += 1
            yield (BEGINNING if not start else INNER if _begins_word(key, start) else APART), place
            if accepted >= most:
                return


def _fits(solid: str, line: str, start: int) -> bool:
    """Whether syllables and first consonants stand in a line that has the same first consonants there."""
    last = len(solid) - 1
    return all(
        _ALONE.match(char)
        or char == line[start + at]
        or (at == last and hangul.letters(line[start + at :]).startswith(hangul.letters(char)))
        for at, char in enumerate(solid)
    )


def _begins_word(key: Key, at: int) -> bool:
    """Whether a place of the line without spaces is the beginning of a word."""
    return at in accumulate(map(len, key.spaced.split()))
