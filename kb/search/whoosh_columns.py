"""Whoosh's segments as numpy arrays.

A segment never changes, so its columns and facets are read once. Posting lists are decoded whole from Whoosh's own
blocks when first asked for, and kept while there is room.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import W3Codec
from whoosh.columns import VarBytesColumn
from whoosh.util.numeric import byte_to_length

from kb.search.port import TEXT_FIELDS
from kb.search.whoosh_files import Broken, SealedStorage
from kb.search.whoosh_postings import Postings, decode, decode_documents
from kb.search.whoosh_schema import INDEXES, POSTED, TEXTS
from kb.search.whoosh_terms import Extent, Terms

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

FIELDS: Final = tuple(f"{name}.{index}" for name in TEXT_FIELDS for index in INDEXES)
_OVERHEAD: Final = 300  # bytes of anything that is kept, beside its arrays
LENGTHS: Final = np.array([byte_to_length(code) for code in range(256)], np.float32)


class Numbers:
    """Texts numbered as they come, the same in all segments and states of an index."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.number: dict[str, int] = {}

    def of(self, text: str) -> int:
        """The text's number, a new one where it is new."""
        found = self.number.get(text)
        if found is None:
            found = self.number[text] = len(self.texts)
            self.texts.append(text)
        return found


T = TypeVar("T")


class Kept(Generic[T]):
    """What was reckoned and may be asked for again: the latest used, as far as there is room. Threads share it."""

    def __init__(self, megabytes: float) -> None:
        self._limit = int(megabytes * 2**20)
        self._held = 0
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """What is kept under a key, else what `make` gives; `size` tells its bytes."""
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
                return known[0]
        made = make()
        cost = size(made) + _OVERHEAD
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made, cost
                self._held += cost
                while self._held > self._limit:
                    self._held -= self._kept.popitem(last=False)[1][1]
        return made


class Books:
    """What all segments share: the numbers of works and facet values, and the posting lists in memory."""

    def __init__(self, megabytes: int) -> None:
        self.works = Numbers()
        self.values = {name: Numbers() for name in POSTED}
        self.megabytes = megabytes
        self.kept: Kept[Postings | None] = Kept(megabytes)

    def postings(self, segment: Segment, field: str, term: str) -> Postings | None:
        """A term's postings in a segment, None where it has none."""
        return self.kept.get(
            (segment.name, field, term),
            lambda: segment.read_postings(field, term),
            lambda found: found.size if found else 0,
        )


class Segment:
    """One of Whoosh's segments.

    Attributes:
        size: documents, deleted ones too.
        works: number of each document's work.
        facets: facet → (documents, values): pairs of numbers in the order of documents.
        lengths: terms of each document in a field, as Whoosh's one-byte codes (see `LENGTHS`).
        totals: terms of all documents in a field.
        published, original: columns of `Document`.
        position: outbox position + 1 where the document is the index's own note of it, else 0.
    """

    def __init__(self, folder: Path, segment: Any, books: Books) -> None:
        files = SealedStorage(folder)
        codec = segment.codec()
        self.name: str = segment.segment_id()
        files.check(self.name)
        self.size: int = segment.doc_count_all()
        self.terms = Terms(codec.terms_reader(files, segment))
        self._postings = files.open_file(segment.make_filename(W3Codec.POSTS_EXT))
        columns = codec.per_document_reader(files, segment)
        self._texts = {
            name: columns.column_reader(name, VarBytesColumn()) for name in TEXTS if columns.has_column(name)
        }
        self.totals: dict[str, int] = {name: columns.field_length(name) for name in FIELDS}

        def numbers(name: str, kind: str) -> NDArray[Any]:
            found = np.zeros(self.size, np.dtype(kind).newbyteorder("="))
            if columns.has_column(name):
                file = W3Codec.column_filename(segment, name)
                data = files.open_file(file).get(0, files.file_length(file))
                values = np.frombuffer(data, kind)  # what follows the last value is zero and not written
                found[: len(values)] = values
            return found

        self.lengths = {name: numbers(f"_{name}_len", "u1") for name in FIELDS}
        self.published = numbers("published", ">i4")
        self.original = numbers("original", "u1") > 0
        self.position = numbers("position", ">i8")
        self.works = np.fromiter((books.works.of(work.decode()) for work in self.column("work")), np.int32, self.size)
        self.facets = {name: self._read_facet(name, books.values[name]) for name in POSTED}

    def column(self, name: str) -> list[bytes]:
        """What a column of `TEXTS` holds for each document, in UTF-8."""
        return list(self._texts[name]) if name in self._texts else [b""] * self.size

    def text(self, column: str, document: int) -> bytes:
        """What a column of `TEXTS` holds, in UTF-8."""
        found: bytes = self._texts[column][document] if column in self._texts else b""
        return found

    def read_postings(self, field: str, term: str) -> Postings | None:
        """A term's posting list from the file; None where there is no such term.

        Raises:
            Broken: the file is not what it was.
        """
        if (extent := self.terms.find(field, term)) is None:
            return None
        return self._decode(extent)

    def documents(self, some: range, chosen: Sequence[int] | None = None) -> Ints:
        """The documents of all these terms one after the other, in no order; of the chosen ones among them only.

        Raises:
            Broken: the file is not what it was.
        """
        extents = self.terms.extents(some)
        if not extents:
            return np.zeros(0, np.int32)
        start = extents[0].offset
        try:
            data = self._postings.get(start, extents[-1].offset + extents[-1].length - start)
            wanted = extents if chosen is None else [extents[at] for at in chosen]
            return decode_documents(data, [extent.offset - start for extent in wanted])
        except Exception as error:  # broken pickles raise anything
            raise Broken("postings") from error

    def _decode(self, extent: Extent) -> Postings:
        try:
            return decode(self._postings.get(*extent))
        except Exception as error:  # broken pickles raise anything
            raise Broken("postings") from error

    def _read_facet(self, name: str, values: Numbers) -> tuple[Ints, Ints]:
        documents, codes = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
        some = self.terms.beginning(name)
        for value, extent in zip(self.terms.texts(some), self.terms.extents(some), strict=True):
            found = self._decode(extent)
            documents.append(found.documents)
            codes.append(np.full(len(found.documents), values.of(value), np.int32))
        every = np.concatenate(documents)
        order = np.argsort(every, kind="stable")
        return every[order], np.concatenate(codes)[order]
