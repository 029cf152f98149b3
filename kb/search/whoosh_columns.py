"""Whoosh's segments as numpy arrays.

A segment never changes, so its columns and facets are read once. Posting lists are decoded whole from Whoosh's own
blocks when first asked for, and kept while there is room.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import W3Codec
from whoosh.columns import VarBytesColumn
from whoosh.reading import TermNotFound
from whoosh.util.numeric import byte_to_length

from kb.search.port import TEXT_FIELDS
from kb.search.whoosh_files import Broken, SealedStorage
from kb.search.whoosh_postings import Postings, decode
from kb.search.whoosh_schema import INDEXES, POSTED, TEXTS

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

FIELDS: Final = tuple(f"{name}.{index}" for name in TEXT_FIELDS for index in INDEXES)
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


class Books:
    """What all segments share: the numbers of works and facet values, and the posting lists in memory."""

    def __init__(self, megabytes: int) -> None:
        self.works = Numbers()
        self.values = {name: Numbers() for name in POSTED}
        self._limit = megabytes << 20
        self._held = 0
        self._kept: OrderedDict[tuple[str, str, str], Postings | None] = OrderedDict()
        self._lock = threading.Lock()

    def postings(self, segment: Segment, field: str, term: str) -> Postings | None:
        """A term's postings in a segment, None where it has none; the latest used are kept."""
        key = (segment.name, field, term)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = segment.read_postings(field, term)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = found
                self._held += _cost(found)
                while self._held > self._limit:
                    self._held -= _cost(self._kept.popitem(last=False)[1])
        return found


def _cost(postings: Postings | None) -> int:
    return 300 + (postings.size if postings else 0)


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
        self._terms = codec.terms_reader(files, segment)
        self._words: dict[tuple[str, str], tuple[tuple[str, int], ...]] = {}
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
        works = (books.works.of(self.text("work", document).decode()) for document in range(self.size))
        self.works = np.fromiter(works, np.int32, self.size)
        self.facets = {name: self._read_facet(name, books.values[name]) for name in POSTED}

    def text(self, column: str, document: int) -> bytes:
        """What a column of `TEXTS` holds, in UTF-8."""
        found: bytes = self._texts[column][document] if column in self._texts else b""
        return found

    def words(self, field: str, letter: str) -> tuple[tuple[str, int], ...]:
        """The terms of a field that begin with a character, in order, each with the number of its documents."""
        if (field, letter) not in self._words:
            self._words[field, letter] = tuple(self._vocabulary(field, letter))
        return self._words[field, letter]

    def _vocabulary(self, field: str, prefix: str = "") -> Iterator[tuple[str, int]]:
        start = prefix.encode()
        for (name, term), info in self._terms.items_from(field, start):
            if name != field or not term.startswith(start):
                return
            yield term.decode(), info.doc_frequency()

    def read_postings(self, field: str, term: str) -> Postings | None:
        """A term's posting list from the file; None where there is no such term.

        Raises:
            Broken: the file is not what it was.
        """
        try:
            offset, (length,) = self._terms.term_info(field, term.encode()).extent()  # Whoosh unpacks half of it
            return decode(self._postings.get(offset, length))
        except TermNotFound:
            return None
        except Exception as error:  # broken pickles raise anything
            raise Broken(field) from error

    def _read_facet(self, name: str, values: Numbers) -> tuple[Ints, Ints]:
        documents, codes = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
        for value, _ in self._vocabulary(name):
            if found := self.read_postings(name, value):
                documents.append(found.documents)
                codes.append(np.full(len(found.documents), values.of(value), np.int32))
        every = np.concatenate(documents)
        order = np.argsort(every, kind="stable")
        return every[order], np.concatenate(codes)[order]
