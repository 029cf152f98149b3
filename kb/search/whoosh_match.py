"""A query tree over a snapshot: which documents match, and how well.

Scores are BM25 of each term in each field times the field's weight, summed over fields; of a word's forms the best
counts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from kb.search.analysis import Form, Index, Slot, clean, fold, phrase_slots, query_forms, segments
from kb.search.port import (
    And,
    AtLeast,
    Best,
    Everything,
    Fuzzy,
    Leaf,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Term,
    Value,
    Weighted,
    Years,
)
from kb.search.whoosh_columns import Floats, Mask
from kb.search.whoosh_schema import WEIGHTS
from kb.search.whoosh_snapshot import Snapshot

_WORDS: Final = "words"
_ENDINGS: Final = 1_000  # terms of a field that one beginning stands for, the most frequent
_SPELLINGS: Final = 50  # words that a misspelt one stands for, the closest
_SHIFT: Final = 32  # a place is a document's number shifted by this, plus a position
_ROOM: Final = 1 << 16  # before the first position, for phrases that would have to begin before the text


@dataclass(frozen=True, slots=True)
class Found:
    """Matching documents and their scores, nought elsewhere."""

    mask: Mask
    score: Floats


class Matcher:
    """Evaluates one tree.

    Attributes:
        by: documents that some leaf of text matched, by who put the leaf in the tree.
    """

    def __init__(self, snapshot: Snapshot, languages: Collection[str]) -> None:
        self._snapshot = snapshot
        self._languages = languages
        self._leaves: dict[Leaf, Found] = {}
        self.by: dict[str, Mask] = {}

    def find(self, tree: Query, by: str | None = _WORDS) -> Found:
        """What a tree matches; `by` is who put it there, None where a match is no reason to be found."""
        match tree:
            case Everything():
                return self._given(np.ones(self._snapshot.size, np.bool_))
            case Value():
                return self._given(self._snapshot.having(tree.facet, tree.values))
            case Years():
                return self._given(years_between(self._snapshot, tree.first, tree.last))
            case Not():
                return self._given(~self.find(tree.child, None).mask)
            case Weighted():
                found = self.find(tree.child, by and tree.by)
                return Found(found.mask, found.score * np.float32(tree.weight))
            case And():
                return self._join(tree.children, by, len(tree.children))
            case Or():
                return self._join(tree.children, by, 1)
            case AtLeast():
                return self._join(tree.children, by, tree.minimum, all_first=True)
            case Best():
                return _best([self.find(child, by) for child in tree.children], self._nothing())
            case Term() | Phrase() | Prefix() | Fuzzy():
                return self._leaf(tree, by)

    def _nothing(self) -> Found:
        return Found(np.zeros(self._snapshot.size, np.bool_), np.zeros(self._snapshot.size, np.float32))

    def _given(self, mask: Mask) -> Found:
        return Found(mask, np.zeros(self._snapshot.size, np.float32))

    def _join(self, children: Sequence[Query], by: str | None, minimum: int, all_first: bool = False) -> Found:
        return _at_least([self.find(child, by) for child in children], minimum, self._nothing(), all_first)

    def _leaf(self, leaf: Leaf, by: str | None) -> Found:
        if leaf not in self._leaves:
            fields = (leaf.field,) if leaf.field else tuple(WEIGHTS)
            match leaf:
                case Term():
                    found = self._term(leaf.text, fields)
                case Phrase():
                    found = self._phrase(leaf, fields)
                case Prefix():
                    found = self._prefix(leaf.text, fields)
                case Fuzzy():
                    found = self._fuzzy(leaf, fields)
            self._leaves[leaf] = found
        found = self._leaves[leaf]
        if by:
            self.by[by] = self.by[by] | found.mask if by in self.by else found.mask
        return found

    def _term(self, text: str, fields: Sequence[str]) -> Found:
        needed = [
            _best([self._form(form, fields) for form in forms], self._nothing())
            for forms in query_forms(text, self._languages)
        ]
        return _at_least(needed, max(len(needed), 1), self._nothing())

    def _form(self, form: Form, fields: Sequence[str]) -> Found:
        if form.prefix:
            return self._any_of(form.index, lambda name: self._beginning(name, form.terms[0]), fields, form.weight)
        if form.sequence:
            slots = [Slot(at, form.index, (term,)) for at, term in enumerate(form.terms)]
            found = self._sequence(slots, fields)
            return Found(found.mask, found.score * np.float32(form.weight))
        if form.minimum == 1:
            found = self._posted(form.index, form.terms, fields)
            return Found(found.mask, found.score * np.float32(form.weight))
        every = [self._posted(form.index, (term,), fields) for term in form.terms]
        found = _at_least(every, form.minimum, self._nothing())
        return Found(found.mask, found.score * np.float32(form.weight / len(every)))

    def _posted(self, index: Index, terms: Sequence[str], fields: Sequence[str]) -> Found:
        """Documents that have any of the terms, scored as if they were one."""
        found = self._nothing()
        for name in fields:
            posted = [self._snapshot.postings(f"{name}.{index}", term) for term in terms]
            posted = [postings for postings in posted if len(postings.documents)]
            if not posted:
                continue
            documents, counts = posted[0].documents, posted[0].counts
            if len(posted) > 1:
                every = np.zeros(self._snapshot.size, np.float32)
                for postings in posted:
                    every[postings.documents] += postings.counts
                documents = np.flatnonzero(every).astype(np.int32)
                counts = every[documents]
            score = self._snapshot.score(f"{name}.{index}", documents, counts)
            found.mask[documents] = True
            found.score[documents] += np.float32(WEIGHTS[name]) * score
        return found

    def _phrase(self, phrase: Phrase, fields: Sequence[str]) -> Found:
        slots = phrase_slots(phrase.text, self._languages, loose=phrase.loose)
        parts = [[slot for slot in slots if (slot.index == "gram") is grams] for grams in (False, True)]
        needed = [self._sequence(part, fields) for part in parts if part]
        return _at_least(needed, max(len(needed), 1), self._nothing())

    def _sequence(self, slots: Sequence[Slot], fields: Sequence[str]) -> Found:
        found = self._nothing()
        for name in fields:
            if not all(self._occurs(name, slot) for slot in slots):
                continue  # most labels of other languages end here, before any position is looked at
            places = sorted((self._places(name, slot) for slot in slots), key=len)
            documents, counts = np.unique(reduce(_meet, places) >> _SHIFT, return_counts=True)
            if len(documents):
                score = self._snapshot.score(
                    f"{name}.{slots[0].index}", documents.astype(np.int32), counts.astype(np.float32)
                )
                found.mask[documents] = True
                found.score[documents] += np.float32(WEIGHTS[name]) * score
        return found

    def _occurs(self, name: str, slot: Slot) -> bool:
        return any(len(self._snapshot.postings(f"{name}.{slot.index}", term).documents) for term in slot.terms)

    def _places(self, name: str, slot: Slot) -> NDArray[np.int64]:
        """Where a phrase would have to begin for the slot to fit, ascending."""
        every = []
        for term in slot.terms:
            postings = self._snapshot.postings(f"{name}.{slot.index}", term)
            documents = np.repeat(postings.documents.astype(np.int64), postings.counts.astype(np.int64))
            every.append((documents << _SHIFT) + (_ROOM - slot.offset) + postings.positions)
        return every[0] if len(every) == 1 else np.unique(np.concatenate(every))

    def _prefix(self, text: str, fields: Sequence[str]) -> Found:
        parts = list(segments(clean(text)))
        if len(parts) != 1 or parts[0].script in ("han", "sea"):  # those find what contains them anyway
            return self._term(text, fields)
        start = fold(parts[0].text)
        return self._any_of("word", lambda name: self._beginning(name, start), fields, 1.0)

    def _beginning(self, name: str, start: str) -> dict[str, float]:
        return dict.fromkeys(self._snapshot.beginning(name, start, _ENDINGS), 1.0)

    def _fuzzy(self, leaf: Fuzzy, fields: Sequence[str]) -> Found:
        word = fold(clean(leaf.text))

        def close(name: str) -> dict[str, float]:
            words = self._snapshot.beginning(name, word[:1])
            near = extract(word, words, scorer=OSA.distance, score_cutoff=leaf.distance, limit=_SPELLINGS)
            return {other: 1 / (1 + distance) for other, distance, _ in near}

        return self._any_of("word", close, fields, 1.0) if word else self._nothing()

    def _any_of(
        self, index: Index, terms: Callable[[str], dict[str, float]], fields: Sequence[str], weight: float
    ) -> Found:
        """Documents that have any of some terms; the score is the best field's weight times the best term's."""
        found = self._nothing()
        for name in fields:
            for term, value in terms(f"{name}.{index}").items():
                documents = self._snapshot.postings(f"{name}.{index}", term).documents
                found.mask[documents] = True
                worth = np.float32(weight * value * WEIGHTS[name])
                found.score[documents] = np.maximum(found.score[documents], worth)
        return found


def years_between(snapshot: Snapshot, first: int | None, last: int | None) -> Mask:
    """The documents of these years, both ends included."""
    years = snapshot.numbers("year")
    mask = years >= 0
    if first is not None:
        mask &= years >= first
    if last is not None:
        mask &= years <= last
    return np.asarray(mask, np.bool_)


def _meet(some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """What is in both; both ascend."""
    if not len(some) or not len(others):
        return some[:0]
    at = np.searchsorted(others, some)
    at[at == len(others)] = 0
    common: NDArray[np.int64] = some[others[at] == some]
    return common


def _best(found: Sequence[Found], nothing: Found) -> Found:
    for part in found:
        np.logical_or(nothing.mask, part.mask, out=nothing.mask)
        np.maximum(nothing.score, part.score, out=nothing.score)
    return nothing


def _at_least(found: Sequence[Found], minimum: int, nothing: Found, all_first: bool = False) -> Found:
    """Documents in at least so many parts, scores added; `all_first` lifts those in all parts above the rest."""
    counts = np.zeros(len(nothing.mask), np.int32)
    score = nothing.score
    for part in found:
        counts += part.mask
        score += part.score
    mask = counts >= minimum
    score[~mask] = 0
    if all_first and minimum < len(found):
        full = counts == len(found)
        score[full] += score[~full].max(initial=0)
    return Found(mask, score)
