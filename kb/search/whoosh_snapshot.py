"""One state of the index: its segments joined to arrays over all documents, less the deleted."""

from __future__ import annotations

import math
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from itertools import islice, takewhile
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kb.search.whoosh_columns import FIELDS, LENGTHS, Books, Floats, Ints, Mask, Segment
from kb.search.whoosh_postings import Postings
from kb.search.whoosh_schema import POSTED

_B: Final = 0.75  # BM25, as Whoosh's BM25F has them
_K1: Final = 1.2
_NONE: Final = Postings(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.uint32))


class Snapshot:
    """What readers work with; never changes, so threads share it.

    Attributes:
        folder: name of the index's folder; `generation` names the state.
        size: documents of all segments; they are numbered 0 to `size` - 1, deleted ones too.
        live: which are there and no notes of the index's own; `notes`: the numbers of those.
        works, published, original: as in `Segment`.
        position: the outbox position of the commit.
    """

    def __init__(
        self,
        folder: str,
        generation: int,
        segments: Sequence[Segment],
        deleted: Sequence[Iterable[int]],
        books: Books,
    ) -> None:
        self.folder = folder
        self.generation = f"{folder}:{generation}"
        self.segments = tuple(segments)
        self.books = books
        self._starts = np.cumsum([0, *(segment.size for segment in segments)])
        self.size = int(self._starts[-1])
        present = np.ones(self.size, np.bool_)
        for start, gone in zip(self._starts, deleted, strict=False):
            present[np.fromiter(gone, np.int64) + start] = False
        position = self._join("position", np.int64)
        self.notes = np.flatnonzero(present & (position > 0)).tolist()
        self.position = int(position[self.notes].max(initial=1)) - 1
        self.live: Mask = present & (position == 0)
        self.works: Ints = self._join("works", np.int32)
        self.published: Ints = self._join("published", np.int32)
        self.original: Mask = self._join("original", np.bool_)
        self._facets: dict[str, tuple[Ints, Ints]] = {name: self._join_facet(name) for name in POSTED}
        self._named: tuple[tuple[str, ...], NDArray[np.int64]] = ((), np.zeros(0, np.int64))
        self._codes: dict[str, Ints] = {}
        self._counted: dict[str, tuple[Ints, Ints, Ints]] = {}
        self._lengths = {
            name: np.concatenate([np.zeros(0, np.uint8), *(segment.lengths[name] for segment in segments)])
            for name in FIELDS
        }

    def _join(self, name: str, kind: type[np.generic]) -> NDArray[Any]:
        return np.concatenate([np.zeros(0, kind), *(getattr(segment, name) for segment in self.segments)])

    def _join_facet(self, name: str) -> tuple[Ints, Ints]:
        documents, values = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
        for segment, start in zip(self.segments, self._starts, strict=False):
            documents.append(segment.facets[name][0] + np.int32(start))
            values.append(segment.facets[name][1])
        return np.concatenate(documents), np.concatenate(values)

    def postings(self, field: str, term: str) -> Postings:
        """A term's postings over all segments, deleted documents too."""
        found = [
            (start, part)
            for segment, start in zip(self.segments, self._starts, strict=False)
            if (part := self.books.postings(segment, field, term))
        ]
        if not found:
            return _NONE
        if len(found) == 1 and found[0][0] == 0:
            return found[0][1]
        return Postings(
            np.concatenate([part.documents + np.int32(start) for start, part in found]),
            np.concatenate([part.counts for _, part in found]),
            np.concatenate([part.positions for _, part in found]),
        )

    def score(self, field: str, documents: Ints, counts: Floats) -> Floats:
        """BM25 of the documents that have something so many times; the same as Whoosh's own for a term."""
        rarity = math.log(self.size / (len(documents) + 1)) + 1
        average = sum(segment.totals[field] for segment in self.segments) / self.size or 1.0
        length = LENGTHS[self._lengths[field][documents]]
        norm = _K1 * ((1 - _B) + (_B / average) * length)
        return np.asarray((rarity * (_K1 + 1)) * counts / (counts + norm), np.float32)

    def beginning(self, field: str, prefix: str, most: int | None = None) -> list[str]:
        """The terms of a field that begin so, at least one character long; the most frequent ones first."""
        found: Counter[str] = Counter()
        for segment in self.segments:
            words = segment.words(field, prefix[0])
            start = bisect_left(words, (prefix, 0))
            for term, frequency in takewhile(lambda word: word[0].startswith(prefix), islice(words, start, None)):
                found[term] += frequency
        return [term for term, _ in found.most_common(most)]

    def having(self, facet: str, values: Collection[str]) -> Mask:
        """The documents that have any of the values."""
        numbers = self.books.values[facet]
        wanted = np.zeros(len(numbers.texts), np.bool_)
        wanted[[numbers.number[value] for value in values if value in numbers.number]] = True
        documents, codes = self._facets[facet]
        mask = np.zeros(self.size, np.bool_)
        mask[documents[wanted[codes]]] = True
        return mask

    def codes(self, facet: str) -> Ints:
        """For each document the number of its value under a facet that has one value at most; -1 for none."""
        if facet not in self._codes:
            documents, values = self._facets[facet]
            found = np.full(self.size, -1, np.int32)
            found[documents] = values
            self._codes[facet] = found
        return self._codes[facet]

    def value(self, facet: str, document: int) -> str:
        """A document's value under such a facet, empty for none."""
        code = self.codes(facet)[document]
        return self.books.values[facet].texts[code] if code >= 0 else ""

    def numbers(self, facet: str) -> Ints:
        """For each document its value under a facet of whole numbers; -1 for none."""
        codes = self.codes(facet)
        values = np.array([*(int(text) for text in self.books.values[facet].texts), -1], np.int32)
        return np.asarray(values[codes], np.int32)

    def count(self, facet: str, mask: Mask) -> dict[str, int]:
        """How many works have each value under a facet, by the documents of the mask; values with none left out."""
        documents, pairs, values = self._pairs(facet)
        seen = np.zeros(len(values), np.bool_)
        seen[pairs[mask[documents]]] = True
        counts = np.bincount(values[seen])
        texts = self.books.values[facet].texts
        return {texts[number]: int(counts[number]) for number in np.flatnonzero(counts)}

    def _pairs(self, facet: str) -> tuple[Ints, Ints, Ints]:
        """Documents, the number of the pair of work and value that each has, and the values of the pairs."""
        if facet not in self._counted:
            documents, values = self._facets[facet]
            many = len(self.books.values[facet].texts) + 1
            pairs, numbers = np.unique(self.works[documents].astype(np.int64) * many + values, return_inverse=True)
            self._counted[facet] = documents, numbers.astype(np.int32), (pairs % many).astype(np.int32)
        return self._counted[facet]

    def text(self, column: str, document: int) -> str:
        """What a column of `whoosh_schema.TEXTS` holds."""
        at = int(np.searchsorted(self._starts, document, "right")) - 1
        return self.segments[at].text(column, document - int(self._starts[at])).decode()

    def named(self, key: str) -> list[int]:
        """The documents of an id that are there: one or none."""
        return [int(document) for document in self.postings("key", key).documents if self.live[document]]

    def numbers_of(self, ids: tuple[str, ...]) -> NDArray[np.int64]:
        """The number of each document by its id, -1 for what is not there; kept while the tuple is the same."""
        known, found = self._named
        if known is not ids:
            there = {self.text("id", int(one)): int(one) for one in np.flatnonzero(self.live)}
            found = np.array([there.get(key, -1) for key in ids], np.int64)
            self._named = ids, found
        return found

    @cached_property
    def title_rank(self) -> Ints:
        """Each document's place in the order of titles."""
        keys = np.array(
            [segment.text("order", document) for segment in self.segments for document in range(segment.size)],
            np.bytes_,
        )
        _, ranks = np.unique(keys, return_inverse=True)
        return ranks.astype(np.int32)

    @cached_property
    def tie(self) -> NDArray[np.uint32]:
        """For each work a number that decides between equals, the same in every index."""
        return np.array([zlib.crc32(work.encode()) for work in self.books.works.texts], np.uint32)
