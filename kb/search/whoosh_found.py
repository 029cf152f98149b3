"""Matching documents with their scores, and how several such become one.

Kept sparse, ascending documents and a score for each, since most words are in few documents. Where they add up to many
it is cheaper to write them into arrays over all documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, reduce
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kb.search.whoosh_columns import Floats, Mask

_SPARSE: Final = 32  # so many times fewer documents than there are: not worth an array of all of them
_FEW: Final = 16  # so many times fewer than others: found among those one by one

Numbers = NDArray[np.int64]


class Found:
    """What some part of a tree matches. Never changes, so it may be shared.

    Attributes:
        size: of the snapshot, in documents.
        documents: that match, ascending.
        scores: of each of them; None where all are nought.
    """

    def __init__(self, size: int, documents: NDArray[Any], scores: Floats | None) -> None:
        self.size = size
        self.documents: Numbers = documents.astype(np.int64, copy=False)
        self.scores = scores

    @classmethod
    def given(cls, mask: Mask) -> Found:
        """These documents, without scores."""
        found = cls(len(mask), np.flatnonzero(mask), None)
        found.__dict__["mask"] = mask
        return found

    @classmethod
    def nothing(cls, size: int) -> Found:
        """No documents."""
        return cls(size, np.zeros(0, np.int64), np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def nbytes(self) -> int:
        """Bytes, those of `mask` and `score` left out."""
        return self.documents.nbytes + (0 if self.scores is None else self.scores.nbytes)

    @cached_property
    def mask(self) -> Mask:
        """Of all documents, which match."""
        mask = np.zeros(self.size, np.bool_)
        mask[self.documents] = True
        return mask

    @property
    def score(self) -> Floats:
        """Of all documents, nought for those that don't match."""
        score = np.zeros(self.size, np.float32)
        if self.scores is not None:
            score[self.documents] = self.scores
        return score

    @property
    def own_scores(self) -> Floats:
        """The scores, noughts written out."""
        return np.zeros(len(self), np.float32) if self.scores is None else self.scores

    def times(self, factor: float) -> Found:
        """The same with every score so many times as high."""
        if self.scores is None or factor == 1:
            return self
        return Found(self.size, self.documents, self.scores * np.float32(factor))

    def within(self, mask: Mask) -> Found:
        """Those of them that a mask allows."""
        if self.scores is None:
            return Found.given(self.mask & mask)
        kept = mask[self.documents]
        return Found(self.size, self.documents[kept], self.scores[kept])


def best_of(found: Sequence[Found], size: int) -> Found:
    """Documents in any of them with the best score that each has."""
    some = [one for one in found if len(one)]
    if len(some) == 1:
        return some[0]
    documents, scores, _ = _merge(some, size, best=True)
    return Found(size, documents, scores)


def at_least(found: Sequence[Found], minimum: int, size: int, *, all_first: bool = False) -> Found:
    """Documents in so many of them, scores added; `all_first` lifts those in all of them above the rest."""
    if minimum <= 0:  # all documents, as no part at all is needed
        found, minimum = [*found, Found.given(np.ones(size, np.bool_))], 1
    if len(found) == minimum == 1:
        return found[0]
    if len(found) == minimum:
        return _all_of(found, size)
    some = [one for one in found if len(one)]
    if len(some) < minimum:
        return Found.nothing(size)
    documents, scores, counts = _merge(some, size)
    if minimum > 1:
        kept = counts >= minimum
        documents, scores, counts = documents[kept], scores[kept], counts[kept]
    if all_first and len(some) == len(found):
        full = counts == len(found)
        scores[full] += scores[~full].max(initial=0)
    return Found(size, documents, scores)


def _all_of(found: Sequence[Found], size: int) -> Found:
    scored = sorted((one for one in found if one.scores is not None), key=len)
    masks = [one.mask for one in found if one.scores is None]
    if not scored:
        return Found.given(reduce(np.logical_and, masks))
    if not len(scored[0]):
        return scored[0]
    documents, scores = scored[0].documents, scored[0].own_scores
    for mask in masks:
        kept = mask[documents]
        documents, scores = documents[kept], scores[kept]
    for other in scored[1:]:
        if len(documents) * _FEW < len(other):
            at = np.minimum(np.searchsorted(other.documents, documents), len(other) - 1)
            kept = other.documents[at] == documents
            more = other.own_scores[at]
        else:
            kept, more = other.mask[documents], other.score[documents]
        documents, scores = documents[kept], scores[kept] + more[kept]
    return Found(size, documents, scores)


def _merge(found: Sequence[Found], size: int, *, best: bool = False) -> tuple[Numbers, Floats, NDArray[np.int64]]:
    """All documents, the sum or the best of the scores of each, and in how many parts it is."""
    total = sum(map(len, found))
    if total * _SPARSE < size:
        every = np.concatenate([np.zeros(0, np.int64), *(one.documents for one in found)])
        scores = np.concatenate([np.zeros(0, np.float32), *(one.own_scores for one in found)])
        order = np.argsort(every, kind="stable")
        every, scores = every[order], scores[order]
        starts = np.flatnonzero(np.concatenate([[True], every[1:] != every[:-1]])) if total else every
        if len(starts) == total:
            return every, scores, np.ones(total, np.int64)
        counts = np.diff(starts, append=total)
        return every[starts], (np.maximum if best else np.add).reduceat(scores, starts), counts
    score = np.zeros(size, np.float32)
    count = np.zeros(size, np.int16)
    for one in found:
        count[one.documents] += 1
        if one.scores is None:
            continue
        if best:
            score[one.documents] = np.maximum(score[one.documents], one.scores)
        else:
            score[one.documents] += one.scores
    documents = np.flatnonzero(count)
    return documents, score[documents], count[documents].astype(np.int64)
