"""One state of the index: its segments joined to arrays over all documents, less the deleted."""

from __future__ import annotations

import math
import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kb.search.port import TEXT_FIELDS
from kb.search.whoosh_columns import FIELDS, LENGTHS, Books, Floats, Ints, Kept, Mask, Segment
from kb.search.whoosh_facets import Facet, Works
from kb.search.whoosh_postings import Postings
from kb.search.whoosh_schema import POSTED

_B: Final = 0.75  # BM25, as Whoosh's BM25F has them
_K1: Final = 1.2
_NONE: Final = Postings(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.uint32))
_SHARE: Final = 4  # of the memory for posting lists, what matched leaves may take: one part in so many
_MASKS: Final = 8  # megabytes for each kind of mask
_TERMS: Final = 16  # megabytes for what is known of terms


class Snapshot:
    """What readers work with; never changes, so threads share it.

    Attributes:
        folder: name of the index's folder; `generation` names the state.
        size: documents of all segments; they are numbered 0 to `size` - 1, deleted ones too.
        live: which are there and no notes of the index's own; `notes`: the numbers of those.
        works, published, original: as in `Segment`.
        position: the outbox position of the commit.
        leaves, masks, tables: what searches have reckoned, for others to use; they know the keys.
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
        self._begin: list[int] = self._starts.tolist()
        self.size = self._begin[-1]
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
        self._lengths = {
            name: np.concatenate([np.zeros(0, np.uint8), *(segment.lengths[name] for segment in segments)])
            for name in FIELDS
        }
        self._norms: dict[str, Floats] = {}
        self._counters: dict[str, Facet] = {}
        self.leaves: Kept[Any] = Kept(books.megabytes / _SHARE)
        self.masks: Kept[Mask] = Kept(_MASKS)
        self.tables: Kept[NDArray[np.int64]] = Kept(_MASKS)
        self._known: Kept[tuple[str, ...]] = Kept(_TERMS)
        self._spellings: Kept[Mapping[int, Sequence[str]]] = Kept(_TERMS)

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

    def fields_with(self, index: str, term: str) -> tuple[str, ...]:
        """Those of `TEXT_FIELDS` in which a term stands in an index: cheaper than to look for its postings in vain."""

        def look() -> tuple[str, ...]:
            return tuple(
                name
                for name in TEXT_FIELDS
                if any(segment.terms.find(f"{name}.{index}", term) for segment in self.segments)
            )

        return self._known.get((index, term), look, lambda _: len(term))

    def score(self, field: str, documents: NDArray[Any], counts: Floats) -> Floats:
        """BM25 of the documents that have something so many times; the same as Whoosh's own for a term."""
        if field not in self._norms:
            average = sum(segment.totals[field] for segment in self.segments) / self.size or 1.0
            self._norms[field] = np.asarray(_K1 * ((1 - _B) + (_B / average) * LENGTHS), np.float32)
        rarity = math.log(self.size / (len(documents) + 1)) + 1
        norm = self._norms[field][self._lengths[field][documents]]
        norm += counts
        score = np.float32(rarity * (_K1 + 1)) * counts
        score /= norm
        return score

    def beginning(self, field: str, prefix: str, most: int) -> Mask:
        """The documents that have a term that begins so: of very many such terms the most frequent ones."""
        ranges = [segment.terms.beginning(field, prefix) for segment in self.segments]
        chosen: list[Sequence[int] | None] = [None] * len(ranges)
        if sum(map(len, ranges)) > most:
            texts = [segment.terms.texts(some) for segment, some in zip(self.segments, ranges, strict=True)]
            total: Counter[str] = Counter()
            for segment, some, names in zip(self.segments, ranges, texts, strict=True):
                for term, frequency in zip(names, segment.terms.frequencies(some).tolist(), strict=True):
                    total[term] += frequency
            kept = set(sorted(total, key=lambda term: (-total[term], term))[:most])
            chosen = [[at for at, term in enumerate(names) if term in kept] for names in texts]
        mask = np.zeros(self.size, np.bool_)
        for segment, start, some, wanted in zip(self.segments, self._starts, ranges, chosen, strict=False):
            mask[segment.documents(some, wanted) + np.int32(start)] = True
        return mask

    def spellings(self, fields: Sequence[str], letter: str) -> Mapping[int, Sequence[str]]:
        """The words of some fields that begin with a character: by length, the most frequent ones first."""

        def look() -> Mapping[int, Sequence[str]]:
            total: Counter[str] = Counter()
            for segment in self.segments:
                for name in fields:
                    some = segment.terms.beginning(f"{name}.word", letter)
                    texts, counts = segment.terms.texts(some), segment.terms.frequencies(some).tolist()
                    total.update(dict(zip(texts, counts, strict=True)))
            found: dict[int, list[str]] = {}
            for term in sorted(total, key=lambda term: (-total[term], term)):
                found.setdefault(len(term), []).append(term)
            return found

        return self._spellings.get(
            (tuple(fields), letter), look, lambda found: sum(80 * len(terms) for terms in found.values())
        )

    def having(self, facet: str, values: Collection[str]) -> Mask:
        """The documents that have any of the values; not to be written to."""

        def look() -> Mask:
            numbers = self.books.values[facet].number
            wanted = np.zeros(len(numbers), np.bool_)
            wanted[[numbers[value] for value in values if value in numbers]] = True
            documents, codes = self._facets[facet]
            mask = np.zeros(self.size, np.bool_)
            mask[documents[wanted[codes]]] = True
            return mask

        return self.masks.get((facet, frozenset(values)), look, lambda mask: mask.nbytes)

    @cached_property
    def families(self) -> Works:
        """Which documents are versions of one work."""
        return Works(self.works, self.live)

    def facet(self, name: str) -> Facet:
        """A facet, ready for counting."""
        if name not in self._counters:
            self._counters[name] = Facet(self.families, *self._facets[name], self.books.values[name].texts)
        return self._counters[name]

    def value(self, facet: str, document: int) -> str:
        """A document's value under a facet that has one value at most, empty for none."""
        code = self.facet(facet).codes[document]
        return self.books.values[facet].texts[code] if code >= 0 else ""

    def numbers(self, facet: str) -> Ints:
        """For each document its value under a facet of whole numbers; -1 for none."""
        values = np.array([*(int(text) for text in self.books.values[facet].texts), -1], np.int32)
        return np.asarray(values[self.facet(facet).codes], np.int32)

    def text(self, column: str, document: int) -> str:
        """What a column of `whoosh_schema.TEXTS` holds."""
        at = bisect_right(self._begin, document) - 1
        return self.segments[at].text(column, document - self._begin[at]).decode()

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
        keys = [key for segment in self.segments for key in segment.column("order")]
        order = sorted(range(self.size), key=keys.__getitem__)
        rank, before = 0, b""
        ranks = np.zeros(self.size, np.int32)
        for at in order:
            rank += keys[at] != before
            ranks[at], before = rank, keys[at]
        return ranks

    @cached_property
    def tie(self) -> NDArray[np.uint32]:
        """For each work a number that decides between equals, the same in every index."""
        return np.array([zlib.crc32(work.encode()) for work in self.books.works.texts], np.uint32)
