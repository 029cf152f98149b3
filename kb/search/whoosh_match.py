"""A query tree over a snapshot: which documents match, and how well.

Scores are BM25 of each term in each field times the field's weight, summed over fields; of a word's forms the best
counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

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
from kb.search.whoosh_columns import Mask
from kb.search.whoosh_found import Found, at_least, best_of
from kb.search.whoosh_postings import Postings
from kb.search.whoosh_schema import WEIGHTS
from kb.search.whoosh_snapshot import Snapshot

_WORDS: Final = "words"
_ENDINGS: Final = 1_000  # terms of a field that one beginning stands for, the most frequent
_SPELLINGS: Final = 50  # words that a misspelt one stands for, the closest
_SHIFT: Final = 32  # a place is a document's number shifted by this, plus a position
_FEW: Final = 16  # so many times fewer places than others: looked up one by one
_ROOM: Final = 1 << 16  # before the first position, for phrases that would have to begin before the text

Places = NDArray[np.int64]


class Matcher:
    """Evaluates one tree; what leaves match is kept in the snapshot."""

    def __init__(self, snapshot: Snapshot, languages: Collection[str]) -> None:
        self._snapshot = snapshot
        self._size = snapshot.size
        self._languages = tuple(languages)
        self._by: dict[str, dict[Leaf | None, Found]] = {}

    def find(self, tree: Query, by: str | None = _WORDS) -> Found:
        """What a tree matches; `by` is who put it there, None where a match is no reason to be found."""
        match tree:
            case Everything():
                return Found.given(np.ones(self._size, np.bool_))
            case Value():
                return Found.given(self._snapshot.having(tree.facet, tree.values))
            case Years():
                return Found.given(years_between(self._snapshot, tree.first, tree.last))
            case Not():
                return Found.given(~self.find(tree.child, None).mask)
            case Weighted():
                return self.find(tree.child, by and tree.by).times(tree.weight)
            case And():
                return at_least([self.find(child, by) for child in tree.children], len(tree.children), self._size)
            case Or():
                return at_least([self.find(child, by) for child in tree.children], 1, self._size)
            case AtLeast():
                found = [self.find(child, by) for child in tree.children]
                return at_least(found, tree.minimum, self._size, all_first=True)
            case Best():
                return best_of([self.find(child, by) for child in tree.children], self._size)
            case Term() | Phrase() | Prefix() | Fuzzy():
                return self._leaf(tree, by)

    def note(self, by: str, found: Found) -> None:
        """Remember documents that no leaf matched but something else found."""
        if len(found):
            self._by.setdefault(by, {})[None] = found

    def reasons(self, documents: NDArray[np.int64]) -> Mapping[str, Mask]:
        """Who put leaves of text in the tree → which of these documents such a leaf matched."""
        found = {by: np.zeros(len(documents), np.bool_) for by in self._by}
        for by, leaves in self._by.items():
            for leaf in leaves.values():
                at = np.minimum(np.searchsorted(leaf.documents, documents), len(leaf) - 1)
                found[by] |= leaf.documents[at] == documents
        return found

    def _leaf(self, leaf: Leaf, by: str | None) -> Found:
        key = leaf, self._languages
        found: Found = self._snapshot.leaves.get(key, lambda: self._read(leaf), lambda found: found.nbytes)
        if by and len(found):
            self._by.setdefault(by, {})[leaf] = found
        return found

    def _read(self, leaf: Leaf) -> Found:
        fields = (leaf.field,) if leaf.field else tuple(WEIGHTS)
        match leaf:
            case Term():
                return self._term(leaf.text, fields)
            case Phrase():
                return self._phrase(leaf, fields)
            case Prefix():
                return self._prefix(leaf.text, fields)
            case Fuzzy():
                return self._fuzzy(leaf, fields)

    def _term(self, text: str, fields: Sequence[str]) -> Found:
        needed = [
            best_of([self._form(form, fields) for form in forms], self._size)
            for forms in query_forms(text, self._languages)
        ]
        return at_least(needed, max(len(needed), 1), self._size)

    def _form(self, form: Form, fields: Sequence[str]) -> Found:
        if form.prefix:
            return self._beginning(form.index, form.terms[0], fields).times(form.weight)
        if form.sequence:
            slots = [Slot(at, form.index, (term,)) for at, term in enumerate(form.terms)]
            return self._sequence(slots, fields).times(form.weight)
        if form.minimum == 1:
            return self._posted(form.index, form.terms, fields).times(form.weight)
        every = [self._posted(form.index, (term,), fields) for term in form.terms]
        return at_least(every, form.minimum, self._size).times(form.weight / len(every))

    def _known(self, index: Index, terms: Sequence[str], fields: Sequence[str]) -> dict[str, list[str]]:
        """Field → those of the terms that stand in it."""
        known: dict[str, list[str]] = {}
        for term in terms:
            for name in self._snapshot.fields_with(index, term):
                if name in fields:
                    known.setdefault(name, []).append(term)
        return known

    def _posted(self, index: Index, terms: Sequence[str], fields: Sequence[str]) -> Found:
        """Documents that have any of the terms, scored as if they were one."""
        parts = []
        for name, known in self._known(index, terms, fields).items():
            posted = [self._snapshot.postings(f"{name}.{index}", term) for term in known]
            counts = at_least([Found(self._size, one.documents, one.counts) for one in posted], 1, self._size)
            parts.append(self._scored(name, index, counts))
        return at_least(parts, 1, self._size)

    def _scored(self, name: str, index: Index, counts: Found) -> Found:
        """The score of what a field has so many times, in place of how many times that is."""
        score = self._snapshot.score(f"{name}.{index}", counts.documents, counts.own_scores)
        return Found(self._size, counts.documents, score * np.float32(WEIGHTS[name]))

    def _phrase(self, phrase: Phrase, fields: Sequence[str]) -> Found:
        slots = phrase_slots(phrase.text, self._languages, loose=phrase.loose)
        parts = [[slot for slot in slots if (slot.index == "gram") is grams] for grams in (False, True)]
        needed = [self._sequence(part, fields) for part in parts if part]
        return at_least(needed, max(len(needed), 1), self._size)

    def _sequence(self, slots: Sequence[Slot], fields: Sequence[str]) -> Found:
        """Documents in which each slot has one of its terms at its place.

        Several terms of a slot are stems in different languages, in the same order for each slot; a text is in one.
        """
        index = slots[0].index
        parts: dict[str, list[Found]] = {}
        for terms in zip(*(slot.terms for slot in slots), strict=True):
            for name in self._common_fields(index, terms, fields):
                placed = [
                    (self._snapshot.postings(f"{name}.{index}", term), slot.offset)
                    for slot, term in zip(slots, terms, strict=True)
                ]
                parts.setdefault(name, []).append(self._in_places(placed))
        every = [self._scored(name, index, at_least(found, 1, self._size)) for name, found in parts.items()]
        return at_least(every, 1, self._size)

    def _common_fields(self, index: Index, terms: Sequence[str], fields: Sequence[str]) -> Sequence[str]:
        """The fields that have all terms: for most labels of other languages none, which is known at once."""
        for term in dict.fromkeys(terms):
            there = self._snapshot.fields_with(index, term)
            fields = [name for name in fields if name in there]
            if not fields:
                break
        return fields

    def _in_places(self, placed: Sequence[tuple[Postings, int]]) -> Found:
        """Documents with how often all terms stand in them, each so far from where the phrase begins."""
        placed = sorted(placed, key=lambda one: len(one[0].positions))
        within = np.ones(self._size, np.bool_)
        for postings, _ in placed:  # positions are looked at only where all terms are
            mask = np.zeros(self._size, np.bool_)
            mask[postings.documents] = True
            within &= mask
        places = _beginnings(*placed[0], within)
        for postings, offset in placed[1:]:
            if not len(places):
                break
            places = _meet(places, _beginnings(postings, offset, within))
        documents = places >> _SHIFT
        starts = np.flatnonzero(np.diff(documents, prepend=-1))
        counts = np.diff(starts, append=len(documents))
        return Found(self._size, documents[starts], counts.astype(np.float32))

    def _prefix(self, text: str, fields: Sequence[str]) -> Found:
        parts = list(segments(clean(text)))
        if len(parts) != 1 or parts[0].script in ("han", "sea"):  # those find what contains them anyway
            return self._term(text, fields)
        return self._beginning("word", fold(parts[0].text), fields)

    def _beginning(self, index: Index, start: str, fields: Sequence[str]) -> Found:
        """Documents with a term that begins so; the best field's weight is the score."""
        masks = [(WEIGHTS[name], self._snapshot.beginning(f"{name}.{index}", start, _ENDINGS)) for name in fields]
        return self._flat([(weight, np.flatnonzero(mask)) for weight, mask in masks])

    def _fuzzy(self, leaf: Fuzzy, fields: Sequence[str]) -> Found:
        word = fold(clean(leaf.text))
        if not word:
            return Found.nothing(self._size)
        words = self._snapshot.spellings(fields, word[0])
        lengths = range(len(word) - leaf.distance, len(word) + leaf.distance + 1)
        candidates = [other for length in lengths for other in words.get(length, ())]
        near = extract(word, candidates, scorer=OSA.distance, score_cutoff=leaf.distance, limit=_SPELLINGS)
        return self._flat(
            [
                (WEIGHTS[name] / (1 + distance), self._snapshot.postings(f"{name}.word", other).documents)
                for other, distance, _ in near
                for name in self._snapshot.fields_with("word", other)
                if name in fields
            ]
        )

    def _flat(self, parts: Sequence[tuple[float, NDArray[Any]]]) -> Found:
        """Documents with the best of some scores, each given to many of them."""
        score = np.zeros(self._size, np.float32)
        for worth, documents in sorted(parts, key=lambda part: part[0]):
            score[documents] = worth
        documents = np.flatnonzero(score)
        return Found(self._size, documents, score[documents])


def years_between(snapshot: Snapshot, first: int | None, last: int | None) -> Mask:
    """The documents of these years, both ends included."""
    years = snapshot.numbers("year")
    mask = years >= 0
    if first is not None:
        mask &= years >= first
    if last is not None:
        mask &= years <= last
    return np.asarray(mask, np.bool_)


def _beginnings(postings: Postings, offset: int, within: Mask) -> Places:
    """Where a phrase would have to begin for a term to stand at its offset, in the documents within, ascending."""
    counts = postings.counts.astype(np.int64)
    wanted = within[postings.documents]
    positions = postings.positions
    documents = postings.documents
    if not wanted.all():
        ends = np.cumsum(counts)[wanted]
        documents, counts = documents[wanted], counts[wanted]
        total = np.cumsum(counts)
        at = np.repeat(ends - total, counts)
        at += np.arange(len(at))
        positions = positions[at]
    places = np.repeat((documents.astype(np.int64) << _SHIFT) + (_ROOM - offset), counts)
    places += positions
    return places


def _meet(some: Places, others: Places) -> Places:
    """What is in both; both ascend."""
    if len(some) * _FEW < len(others):
        at = np.minimum(np.searchsorted(others, some), len(others) - 1)
        common: Places = some[others[at] == some]
        return common
    both: Places = np.concatenate([some, others])
    both.sort(kind="stable")  # merges what is sorted already
    twice: Places = both[1:][both[1:] == both[:-1]]
    return twice
