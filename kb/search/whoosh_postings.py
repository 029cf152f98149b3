"""Posting lists in Whoosh's own format, written and read a list at a time instead of a posting at a time.

The files stay plain W3 files (whoosh.codec.whoosh3) that Whoosh's own matchers read.
"""

from __future__ import annotations

import io
import marshal
import pickle
import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import accumulate, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC, W3Codec, W3FieldWriter, W3TermInfo

from kb.search.whoosh_files import Broken

_BLOCK: Final = 2048  # postings of a block: read whole, so fewer and larger ones than Whoosh's 128
_COMPRESSED: Final = 64  # postings from which a block is worth compressing
_LEVEL: Final = 3  # of compression, Whoosh's own
_PICKLE: Final = 4  # Whoosh's 2 has no bytes and writes them as text
_HELD: Final = 1_000_000  # postings in memory before a writer spills them, about 100 megabytes
_LENGTH: Final = struct.Struct(">i")  # before a block: how long it is, negative for the last
_FIELD: Final = struct.Struct(">H")  # before a term: the number of its field
_FRAME: Final = struct.Struct("<3sQ")  # begins a pickle of this protocol: what it is, how long the rest is
_PROTO: Final = 0x80  # the first byte of any pickle, and of nothing that zlib has compressed
_POSITION: Final = array("I").itemsize


@dataclass(frozen=True, slots=True)
class Postings:
    """Where a term stands: ascending documents, how often in each and, document by document, its positions."""

    documents: NDArray[np.int32]
    counts: NDArray[np.float32]
    positions: NDArray[np.uint32]

    @property
    def size(self) -> int:
        """Bytes."""
        return self.documents.nbytes + self.counts.nbytes + self.positions.nbytes


class Group(NamedTuple):
    """A term of a field and, as far as they are gathered, its documents and the encoded positions in each."""

    field: str
    term: bytes
    documents: array[int]
    values: list[bytes]


def decode(data: bytes) -> Postings:
    """A posting list as arrays.

    Raises:
        Broken: it is no posting list; what is damaged within raises anything.
    """
    documents, counts, positions = [], [], []
    for ids, weights, values in read_blocks(data):
        documents.append(ids)
        counts.append(
            np.fromiter(weights, np.float32, len(ids))
            if isinstance(weights, tuple)
            else np.full(len(ids), 1.0 if weights is None else weights, np.float32)
        )
        positions.append(np.frombuffer(b"".join(values or ()), np.uint32))
    return Postings(np.concatenate(documents), np.concatenate(counts), np.concatenate(positions))


def decode_documents(data: bytes, starts: Iterable[int]) -> NDArray[np.int32]:
    """The documents of the posting lists that begin at these places, one list after the other.

    Most lists are short, so all of them become one array, not each.

    Raises:
        Broken: it is no posting list; what is damaged within raises anything.
    """
    found = array("i")
    for start in starts:
        end, last = start + len(WHOOSH3_HEADER_MAGIC), False
        if data[start:end] != WHOOSH3_HEADER_MAGIC:
            raise Broken("postings")
        while not last:
            (length,) = _LENGTH.unpack_from(data, end)
            body = end + _LENGTH.size
            end, last = body + abs(length), length < 0
            body += _FRAME.size + _FRAME.unpack_from(data, body)[1]  # over the pickle of what the block is like
            block = data[body:end]
            ids, _, _ = pickle.loads(block if block[0] == _PROTO else zlib.decompress(block))  # noqa: S301  # sealed
            found.extend(accumulate(ids))
    return np.frombuffer(found, np.int32)


def read_blocks(data: bytes) -> Iterator[tuple[NDArray[np.int32], Any, tuple[bytes, ...] | None]]:
    """The blocks of a posting list as `W3PostingsWriter` lays them out: documents, weights, values.

    Weights are None where all are 1, a number where all are the same; values are None where the field has none.
    """
    if not data.startswith(WHOOSH3_HEADER_MAGIC):
        raise Broken("postings")
    stream = io.BytesIO(data)
    end, last = len(WHOOSH3_HEADER_MAGIC), False
    while not last:
        (length,) = _LENGTH.unpack_from(data, end)
        stream.seek(end + _LENGTH.size)
        size, _, _, compressed, _, _ = pickle.load(stream)  # noqa: S301  # sealed, in a folder that only we write to
        end, last = end + _LENGTH.size + abs(length), length < 0
        block = data[stream.tell() : end]
        ids, weights, values = pickle.loads(zlib.decompress(block) if compressed else block)  # noqa: S301  # as above
        yield np.cumsum(np.fromiter(ids, np.int32, size), dtype=np.int32), weights, values


def encode(group: Group, counts: list[int]) -> bytes:
    """A posting list as `read_blocks` reads it; blocks tell no lengths of fields, which only help to skip blocks."""
    parts = [WHOOSH3_HEADER_MAGIC]
    total = len(group.documents)
    for start in range(0, total, _BLOCK):
        end = min(start + _BLOCK, total)
        documents, some = group.documents[start:end], counts[start:end]
        ids = (documents[0], *np.diff(documents).tolist()) if end - start > 1 else (documents[0],)
        most = float(max(some))
        weights = None if most == 1 else most if min(some) == most else tuple(map(float, some))
        values = tuple(group.values[start:end]) if group.values[start] else None
        block = pickle.dumps((ids, weights, values), _PICKLE)
        level = _LEVEL if end - start >= _COMPRESSED else 0
        if level:
            block = zlib.compress(block, level)
        head = pickle.dumps((end - start, documents[-1], most, level, 0, 0), _PICKLE)
        length = len(head) + len(block)
        parts += (_LENGTH.pack(-length if end == total else length), head, block)
    return b"".join(parts)


class GroupPool:
    """Gathers postings by term, as Whoosh's `PostingPool` does one by one; spills sorted runs to the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._terms: dict[str, dict[bytes, Group]] = {}
        self._count = 0
        self._runs: list[Path] = []

    def add_text(self, field: str, document: int, terms: Mapping[str, list[int]]) -> int:
        """The terms of a document's field with their positions; gives how many there are, repeated ones too."""
        length = 0
        for term, positions in terms.items():
            self.add(field, term.encode(), (document,), (array("I", positions).tobytes(),))
            length += len(positions)
        return length

    def add_values(self, field: str, document: int, values: Iterable[str]) -> None:
        """The values of a document under a facet."""
        for value in values:
            self.add(field, value.encode(), (document,), (b"",))

    def add(self, field: str, term: bytes, documents: Iterable[int], values: Iterable[bytes]) -> None:
        """Postings of a term; its documents come in ascending order."""
        terms = self._terms.get(field)
        if terms is None:
            terms = self._terms[field] = {}
        group = terms.get(term)
        if group is None:
            group = terms[term] = Group(field, term, array("I"), [])
        before = len(group.documents)
        group.documents.extend(documents)
        group.values.extend(values)
        self._count += len(group.documents) - before
        if self._count >= _HELD:
            self._spill()

    def iter_postings(self) -> Iterator[Group]:
        """All that was added, by field and term."""
        if not self._runs:
            yield from self._sorted()
            return
        runs = [*(self._read(run) for run in self._runs), self._sorted()]
        for (field, term), parts in groupby(merge(*runs, key=itemgetter(0, 1)), key=itemgetter(0, 1)):
            whole = Group(field, term, array("I"), [])
            for part in parts:
                whole.documents.extend(part.documents)
                whole.values.extend(part.values)
            yield whole

    def cleanup(self) -> None:
        """Remove what was spilled."""
        for run in self._runs:
            run.unlink(missing_ok=True)
        self._runs.clear()

    def _sorted(self) -> Iterator[Group]:
        for _, terms in sorted(self._terms.items()):
            for _, group in sorted(terms.items()):
                yield group

    def _spill(self) -> None:
        path = self._folder / f"{len(self._runs)}.run"
        self._runs.append(path)
        with path.open("wb") as file:
            for field, term, documents, values in self._sorted():
                marshal.dump((field, term, documents.tobytes(), values), file)
        self._terms, self._count = {}, 0

    @staticmethod
    def _read(path: Path) -> Iterator[Group]:
        with path.open("rb") as file:
            while file.peek(1):
                field, term, documents, values = marshal.load(file)  # noqa: S302  # our own, of this commit
                yield Group(field, term, array("I", documents), values)


class GroupCodec(W3Codec):  # type: ignore[misc]  # whoosh has no types
    """The W3 codec, writing whole groups."""

    length_stats = False

    def field_writer(self, storage: Any, segment: Any) -> Any:
        """The writer of terms and postings."""
        return _FieldWriter(self, storage, segment)


class _FieldWriter(W3FieldWriter):  # type: ignore[misc]  # whoosh has no types
    def add_postings(self, schema: Any, lengths: None, items: Iterable[Group]) -> None:
        for field, groups in groupby(items, key=itemgetter(0)):
            self.start_field(field, schema[field])
            number = _FIELD.pack(self._fieldid)
            for group in groups:
                counts = [len(value) // _POSITION or 1 for value in group.values]
                info = W3TermInfo(sum(counts), len(counts), 0, 0, max(counts), group.documents[0], group.documents[-1])
                data = encode(group, counts)
                info.set_extent(self._postfile.tell(), len(data))
                self._postfile.write(data)
                self._tindex.add(number + group.term, info.to_bytes())
            self.finish_field()
