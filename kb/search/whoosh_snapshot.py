"""One state of the index: its segments joined to arrays over all documents, less the deleted."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kb.search.whoosh_columns import FIELDS, LENGTHS, Books, Floats, Ints, Mask, Postings, Segment
from kb.search.whoosh_schema import POSTED

_B: Final = 0.75  # BM25, as Whoosh's BM25F has them
_K1: Final = 1.2
_NONE: Final = Postings(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.uint32))
_EXPANSIONS: Final = 1_000  # terms of a field that one beginning stands for: the most frequent


class Snapshot:
    """What readers work with; never changes, so threads share it.

    Attributes:
        generation: names the state.
        size: documents of all segments; they are numbered 0 to `size` - 1, deleted ones too.
        live: which are there and no note of the index's own.
        works, published, original: as in `Segment`.
        position: the outbox position of the commit.
    """

    def __init__(
        self, generation: str, segments: Sequence[Segment], deleted: Sequence[Iterable[int]], books: Books
    ) -> None:
        self.generation = generation
        self.segments = tuple(segments)
        self.books = books
        self._starts = np.cumsum([0, *(segment.size for segment in segments)])
        self.size = int(self._starts[-1])
        present = np.ones(self.size, np.bool_)
        for start, gone in zip(self._starts, deleted, strict=False):
            present[np.fromiter(gone, np.int64) + start] = False
        position = self._join("position", np.int64)
        self.position = int((position * present).max(initial=1)) - 1
        self.live: Mask = present & (position == 0)
        self.works: Ints = self._join("works", np.int32)
        self.published: Ints = self._join("published", np.int32)
        self.original: Mask = self._join("original", np.bool_)
        self._facets: dict[str, tuple[Ints, Ints]] = {name: self._join_facet(name) for name in POSTED}
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
