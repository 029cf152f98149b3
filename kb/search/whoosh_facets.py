"""Counting: how many works have each value of a facet, among any documents of a snapshot.

Where all versions of a work have the same values, as is usual, its first document stands for it. Few documents are
counted by the codes of their values; many by a row of bits for each value, 64 documents at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from kb.search.whoosh_columns import Ints, Mask

Bits = NDArray[np.uint64]

_SPARSE: Final = 32  # so many times fewer documents than there are: not worth an array of all of them
_WORD: Final = 64  # documents in one element of `Bits`
_FAST: Final = 0.5  # time for a `Bits` element, in that for a document's code


class Works:
    """Which documents of a snapshot belong together.

    Attributes:
        heads: for each document the first one there of its work; itself if it isn't there.
        several: whether its work has other documents there too.
    """

    def __init__(self, works: Ints, live: Mask) -> None:
        there = np.flatnonzero(live)
        first = np.zeros(int(works.max(initial=-1)) + 1, np.int64)
        first[works[there][::-1]] = there[::-1]  # the first is written last
        self.size = len(works)
        self.heads: NDArray[np.int64] = np.arange(self.size)
        self.heads[there] = first[works[there]]
        self.several: Mask = live & (np.bincount(self.heads[there], minlength=self.size) > 1)[self.heads]
        self._live = live

    def versions(self, head: int) -> list[int]:
        """The documents of the work that a head stands for."""
        if not self.several[head]:
            return [head]
        documents, heads = self._groups
        some = documents[np.searchsorted(heads, head) : np.searchsorted(heads, head, "right")]
        return [int(document) for document in some]

    @cached_property
    def _groups(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        documents = np.flatnonzero(self.several)
        documents = documents[np.argsort(self.heads[documents], kind="stable")]
        return documents, self.heads[documents]


class Chosen:
    """Some documents of a snapshot, ascending, in the forms that counting takes."""

    def __init__(self, works: Works, documents: NDArray[np.int64], heads: NDArray[np.int64] | None = None) -> None:
        self._works = works
        self.documents = documents
        if heads is not None:
            self.heads = heads

    @cached_property
    def heads(self) -> NDArray[np.int64]:
        """The heads of their works, each once, ascending."""
        heads = self._works.heads[self.documents]
        if len(heads) * _SPARSE < self._works.size:
            return np.unique(heads)
        return np.flatnonzero(_mask(heads, self._works.size))

    @cached_property
    def document_bits(self) -> Bits:
        """The documents as bits."""
        return pack(_mask(self.documents, self._works.size))

    @cached_property
    def head_bits(self) -> Bits:
        """The heads as bits."""
        return pack(_mask(self.heads, self._works.size))


def _mask(documents: NDArray[np.int64], size: int) -> Mask:
    mask = np.zeros(size, np.bool_)
    mask[documents] = True
    return mask


def pack(masks: Mask) -> Bits:
    """Masks along the last axis as bits, filled up with nought."""
    size = masks.shape[-1]
    bits = np.zeros((*masks.shape[:-1], -(-size // _WORD) * 8), np.uint8)
    bits[..., : -(-size // 8)] = np.packbits(masks, axis=-1)
    return bits.view(np.uint64)


class Facet:
    """One facet of a snapshot: pairs of documents and numbers of values, in the order of documents."""

    def __init__(self, works: Works, documents: Ints, values: Ints, texts: Sequence[str]) -> None:
        self._works = works
        self._documents = documents
        self._values = values
        self._texts = texts
        self._many = int(values.max(initial=-1)) + 1

    def count(self, chosen: Chosen) -> dict[str, int]:
        """How many works have each value in any of the documents; values with none left out."""
        if not self._many:
            return {}
        match self._by:
            case "head":
                counts = self._tally(chosen, heads=True)
            case "document":
                counts = self._tally(chosen, heads=False)
            case _:
                numbers, values = self._pairs
                seen = np.zeros(len(values), np.bool_)
                seen[numbers[self._entries(chosen.documents)]] = True
                counts = np.bincount(values[seen], minlength=self._many)
        return {self._texts[number]: int(counts[number]) for number in np.flatnonzero(counts).tolist()}

    def _tally(self, chosen: Chosen, *, heads: bool) -> NDArray[np.intp]:
        rows = chosen.heads if heads else chosen.documents
        if self._many * self._works.size / _WORD * _FAST < len(rows):
            row = chosen.head_bits if heads else chosen.document_bits
            counts: NDArray[np.intp] = np.add.reduce(np.bitwise_count(self._bits & row), axis=1, dtype=np.intp)
            return counts
        if self._single:
            return np.bincount(self.codes[rows] + 1, minlength=self._many + 1)[1:]
        return np.bincount(self._values[self._entries(rows)], minlength=self._many)

    @cached_property
    def codes(self) -> NDArray[Any]:
        """For each document the number of its value, the last of several; -1 for none."""
        codes = np.full(self._works.size, -1, np.int16 if self._many < 2**15 - 1 else np.int32)
        codes[self._documents] = self._values
        return codes

    @cached_property
    def _single(self) -> bool:
        return bool(np.all(self._documents[1:] > self._documents[:-1]))

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        """Where the pairs of each document begin, and where the last ends."""
        counts = np.bincount(self._documents, minlength=self._works.size)
        return np.concatenate([[0], np.cumsum(counts)])

    def _entries(self, documents: NDArray[np.int64]) -> NDArray[np.int64]:
        """The pairs of some documents, by number."""
        if len(documents) * 4 > self._works.size:
            return np.flatnonzero(_mask(documents, self._works.size)[self._documents])
        starts = self._starts[documents]
        counts = self._starts[documents + 1] - starts
        ends = np.cumsum(counts)
        return np.repeat(starts - ends + counts, counts) + np.arange(ends[-1] if len(ends) else 0)

    @cached_property
    def _bits(self) -> Bits:
        rows = []
        for value in range(self._many):
            rows.append(pack(_mask(self._documents[self._values == value], self._works.size)))
        return np.array(rows)

    @cached_property
    def _by(self) -> Literal["head", "document", "pair"]:
        """What may be counted instead of pairs of work and value."""
        shared = self._works.several[self._documents]
        documents, values = self._documents[shared], self._values[shared]
        heads = self._works.heads[documents]
        odd = np.random.default_rng(1).integers(1, 2**63, self._many, np.uint64)
        sums = np.zeros(self._works.size, np.uint64)  # equal for the same values, almost surely for no others
        np.add.at(sums, documents, odd[values])
        several = np.flatnonzero(self._works.several)
        if np.array_equal(sums[several], sums[self._works.heads[several]]):
            return "head"
        pairs = heads * self._many + values
        return "document" if len(np.unique(pairs)) == len(pairs) else "pair"

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.int64], Ints]:
        """The number of the pair of work and value that each pair of document and value is, and the values of those."""
        pairs = self._works.heads[self._documents] * self._many + self._values
        known, numbers = np.unique(pairs, return_inverse=True)
        return numbers, (known % self._many).astype(np.int32)
