"""Segments of the index, written whole: columns, posting lists, terms. What they hold is gathered first.

The files are plain W3 files (whoosh.codec.whoosh3) that Whoosh's own readers read; Whoosh's writers make them a posting
and a document at a time, which takes three times as long.
"""

from __future__ import annotations

import io
import pickle
import shutil
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import LENGTHS_COLUMN, STORED_COLUMN, WHOOSH3_HEADER_MAGIC, W3Codec, W3Segment
from whoosh.util.numeric import length_to_byte

from kb.domain.errors import N_, Unavailable
from kb.search.port import Document
from kb.search.whoosh_files import SealedStorage
from kb.search.whoosh_pool import Part, Pool
from kb.search.whoosh_postings import read_lists
from kb.search.whoosh_schema import fields_of, make_schema

NAME: Final = "KB"  # begins the names of Whoosh's files
_BLOCK: Final = 2048  # postings of a block: read whole, so fewer and larger ones than Whoosh's 128
_COMPRESSED: Final = 64  # postings from which a block is worth compressing
_LEVEL: Final = 1  # of compression: 3, Whoosh's own, takes twice as long for a twentieth less
_PICKLE: Final = 4  # Whoosh's 2 has no bytes and writes them as text
_LENGTH: Final = struct.Struct(">i")  # before a block: how long it is, negative for the last
_FIELD: Final = struct.Struct(">H")  # before a term: the number of its field
_INFO: Final = np.dtype(  # W3TermInfo, with where the posting list lies; lengths only help to skip blocks and are left
    [("flags", "u1"), ("weight", ">f4"), ("documents", ">u4"), ("lengths", ">u2"), ("most", ">f4"), ("first", ">u4"),
     ("last", ">u4"), ("offset", ">i8"), ("length", ">i4")]
)  # fmt: skip
_AT_OFFSET: Final = 23
_OFFSET: Final = struct.Struct(">q")
_ENTRY: Final = struct.Struct(">ii")  # before key and value in the file of terms
_CRC: Final = 1  # how that file hashes, of the three ways that Whoosh knows
_TABLES: Final = 256  # in that file
_SPARE: Final = 32 << 20  # bytes that must stay free on the disk
_COLUMNS: Final = 2_000  # bytes of files for each document, at most, and
_GROWTH: Final = 20  # bytes of files for each token, at most


class SegmentBuilder:
    """A segment to be: gathers documents in memory, writes them in the end."""

    def __init__(self) -> None:
        self.size = 0
        self.pool = Pool()
        self._schema = make_schema()
        self._columns: defaultdict[str, list[tuple[int, Any]]] = defaultdict(list)
        self._lengths: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self._totals: defaultdict[str, int] = defaultdict(int)

    def add(self, document: Document) -> None:
        """Add a document."""
        number = self.size
        for name, value in fields_of(document).items():
            kind = self._schema[name]
            if kind.scorable:
                self.pool.add(name, number, value.terms, value.positions)
                self._add_length(name, number, len(value.terms))
            elif kind.indexed:
                self.pool.add(name, number, value, repeat(0, len(value)))
            else:
                self._columns[name].append((number, value))
        self.size += 1

    def add_note(self, position: int) -> None:
        """Add the note of the outbox position: a document of its own."""
        self._columns["position"].append((self.size, position + 1))
        self.size += 1

    def _add_length(self, name: str, document: int, length: int) -> None:
        self._lengths[name].append((document, length_to_byte(length)))
        self._totals[name] += length

    def take(self, storage: SealedStorage, segment: W3Segment) -> NDArray[np.int64]:
        """Add what is left of another segment; each of its documents' number here, -1 for deleted ones."""
        moved = np.full(segment.doc_count_all(), -1, np.int64)
        kept = [document for document in range(len(moved)) if not segment.is_deleted(document)]
        moved[kept] = np.arange(self.size, self.size + len(kept))
        columns = segment.codec().per_document_reader(storage, segment)
        for name, kind in self._schema.items():
            if kind.column_type and columns.has_column(name):
                reader = columns.column_reader(name, kind.column_type)
                self._columns[name] += [(int(moved[document]), reader[document]) for document in kept]
            if kind.scorable:
                for document in kept:
                    if length := columns.doc_field_length(document, name):
                        self._add_length(name, int(moved[document]), length)
        self.size += len(kept)
        postings = storage.open_file(segment.make_filename(W3Codec.POSTS_EXT)).read_all()
        for name, terms, starts in _read_terms(segment.codec().terms_reader(storage, segment)):
            documents, lengths, values = read_lists(postings, starts)
            there, of = moved[documents], np.repeat(np.arange(len(terms)), lengths)
            counts = np.fromiter(map(len, values), np.int64) // 4 if values else np.ones_like(there)
            positions = np.frombuffer(b"".join(values) or bytes(4 * len(there)), np.uint32)
            present = there >= 0
            self.pool.add_postings(
                name, terms, of[present], there[present], counts[present], positions[np.repeat(present, counts)]
            )  # fmt: skip
        return moved

    def write(self, storage: SealedStorage) -> W3Segment:
        """Write all files; nothing may be added any more.

        Raises:
            Unavailable: there is no room for them.
            OSError: the disk refuses.
        """
        _check_room(Path(storage.folder), self.size * _COLUMNS + self.pool.tokens * _GROWTH)
        segment = W3Segment(W3Codec(), NAME, self.size)
        segment._fieldlengths = dict(self._totals)
        for name, values in self._columns.items():
            self._write_column(storage, segment, name, self._schema[name].column_type, values)
        for name, lengths in self._lengths.items():
            self._write_column(storage, segment, f"_{name}_len", LENGTHS_COLUMN, lengths)
        self._write_column(storage, segment, "_stored", STORED_COLUMN, [])
        posting_file = segment.create_file(storage, W3Codec.POSTS_EXT)
        terms = _TermFile(segment.create_file(storage, W3Codec.TERMS_EXT))
        for name in self.pool.fields():
            number = _FIELD.pack(terms.add_field(name))
            scorable = self._schema[name].scorable
            for part in self.pool.take(name):
                lists, infos = _encode(part, scorable, terms.offset)
                posting_file.write(b"".join(lists))
                terms.add(number, part.terms, infos)
        posting_file.close()
        terms.close()
        return segment

    def _write_column(
        self, storage: SealedStorage, segment: W3Segment, name: str, kind: Any, values: list[tuple[int, Any]]
    ) -> None:
        file = storage.create_file(W3Codec.column_filename(segment, name))
        column = kind.writer(file)
        for document, value in values:
            column.add(document, value)
        column.finish(self.size)
        file.close()


def _read_terms(reader: Any) -> Iterator[tuple[str, list[str], list[int]]]:
    """For each field of a segment its terms and where their posting lists begin, as the file has them."""
    names = {number: name for name, number in reader._fieldmap.items()}
    found: dict[int, tuple[list[str], list[int]]] = {number: ([], []) for number in names}
    place, end = reader._tindex.startofdata, reader._tindex.endofdata
    data = reader._tindex.dbfile.get(0, end)
    while place < end:
        key, value = _ENTRY.unpack_from(data, place)
        start = place + _ENTRY.size
        terms, starts = found[_FIELD.unpack_from(data, start)[0]]
        terms.append(data[start + _FIELD.size : start + key].decode())
        starts.append(_OFFSET.unpack_from(data, start + key + _AT_OFFSET)[0])
        place = start + key + value
    for number, (terms, starts) in found.items():
        yield names[number], terms, starts


def _check_room(folder: Path, size: int) -> None:
    if shutil.disk_usage(folder).free < size + _SPARE:
        raise Unavailable(N_("The search index can't be written: the disk is full."))


def _encode(part: Part, scorable: bool, offset: int) -> tuple[list[bytes], NDArray[Any]]:
    """The posting lists of some terms as `read_lists` reads them, and what the file of terms tells of each."""
    first = part.first[:-1]
    counts = part.counts if scorable else np.ones_like(part.counts)
    infos = np.zeros(len(part.terms), _INFO)
    infos["weight"], infos["documents"] = np.add.reduceat(counts, first), np.diff(part.first)
    infos["first"], infos["last"] = part.documents[first], part.documents[part.first[1:] - 1]
    most, least = np.maximum.reduceat(counts, first), np.minimum.reduceat(counts, first)
    infos["most"] = most
    gaps = np.diff(part.documents, prepend=0)
    gaps[first] = part.documents[first]
    values: list[bytes] = []
    if scorable:
        data, places = part.positions.tobytes(), (part.first_position * part.positions.itemsize).tolist()
        values = list(map(data.__getitem__, map(slice, places[:-1], places[1:])))
    weights = counts.astype(np.float32).tolist()
    bounds, ids, lasts = part.first.tolist(), gaps.tolist(), infos["last"].tolist()
    lists: list[bytes] = []
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, _PICKLE)
    pickler.fast = True  # nothing repeats, so nothing need be remembered
    for at, (high, low) in enumerate(zip(most.tolist(), least.tolist(), strict=True)):
        start, end = bounds[at], bounds[at + 1]
        if end - start > _BLOCK:
            lists.append(_encode_long(part.documents[start:end], weights[start:end], values[start:end]))
            continue
        weight = None if high == 1 else float(high) if high == low else tuple(weights[start:end])
        pickler.dump((tuple(ids[start:end]), weight, tuple(values[start:end]) or None))
        block = stream.getvalue()
        level = _LEVEL if end - start >= _COMPRESSED else 0
        if level:
            block = zlib.compress(block, level)
        stream.seek(0)
        stream.truncate()
        pickler.dump((end - start, lasts[at], float(high), level, 0, 0))
        head = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        lists.append(b"%b%b%b%b" % (WHOOSH3_HEADER_MAGIC, _LENGTH.pack(-len(head) - len(block)), head, block))
    lengths = np.fromiter(map(len, lists), np.int64, len(lists))
    infos["length"], infos["offset"] = lengths, offset + np.cumsum(lengths) - lengths
    return lists, infos


def _encode_long(documents: NDArray[np.int64], weights: list[float], values: list[bytes]) -> bytes:
    """A posting list of several blocks."""
    parts = [WHOOSH3_HEADER_MAGIC]
    for start in range(0, len(documents), _BLOCK):
        some, counts = documents[start : start + _BLOCK], weights[start : start + _BLOCK]
        most = max(counts)
        ids = (int(some[0]), *np.diff(some).tolist())
        blobs = tuple(values[start : start + _BLOCK]) or None
        weight = None if most == 1 else most if min(counts) == most else tuple(counts)
        block = zlib.compress(pickle.dumps((ids, weight, blobs), _PICKLE), _LEVEL)
        head = pickle.dumps((len(some), int(some[-1]), most, _LEVEL, 0, 0), _PICKLE)
        length = len(head) + len(block)
        parts += (_LENGTH.pack(-length if start + _BLOCK >= len(documents) else length), head, block)
    return b"".join(parts)


class _TermFile:
    """The file of terms: sorted, with hash tables to find one (whoosh.filedb.filetables.OrderedHashWriter)."""

    def __init__(self, file: Any) -> None:
        self.offset = 0  # where the next posting list begins
        self._file = file
        self._fields: dict[str, int] = {}
        self._sizes: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
        self._hashes: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
        file.write(b"HSH3" + bytes([_CRC]) + bytes(8))
        self._start = file.tell()

    def add_field(self, name: str) -> int:
        """The number of a field; fields come in order."""
        return self._fields.setdefault(name, len(self._fields))

    def add(self, field: bytes, terms: list[bytes], infos: NDArray[Any]) -> None:
        """Terms in order, each with its `_INFO`."""
        data, size = infos.tobytes(), _INFO.itemsize
        values = map(data.__getitem__, map(slice, range(0, len(data), size), range(size, len(data) + size, size)))
        keys = [field + term for term in terms]
        lengths = np.fromiter(map(len, keys), np.int64, len(keys))
        heads = map(_ENTRY.pack, lengths.tolist(), repeat(size))
        self._file.write(b"".join(chain.from_iterable(zip(heads, keys, values, strict=False))))
        self._sizes.append(lengths + (_ENTRY.size + size))
        self._hashes.append(np.fromiter(map(zlib.crc32, keys), np.int64, len(keys)))
        self.offset += int(infos["length"].sum(dtype=np.int64))

    def close(self) -> None:
        """Write what finds the terms, and close the file."""
        sizes = np.concatenate(self._sizes)
        places = self._start + np.cumsum(sizes) - sizes
        end = self._start + int(sizes.sum())
        tables, slots = _hash_tables(np.concatenate(self._hashes), places)
        self._file.write(tables.tobytes())
        directory = np.zeros(_TABLES, [("place", ">i8"), ("slots", ">i4")])
        directory["slots"] = slots
        directory["place"] = end + (np.cumsum(slots) - slots) * tables.itemsize
        self._file.write(directory.tobytes())
        before = self._file.tell()
        kind, numbers = ("i", ">i4") if end < 1 << 31 else ("q", ">i8")
        self._file.write_pickle({"fieldmap": self._fields, "indextype": kind, "indexlen": len(places)})
        self._file.write(places.astype(numbers).tobytes())
        self._file.write_int(self._file.tell() - before)
        self._file.close()


def _hash_tables(hashes: NDArray[np.int64], places: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The tables one after the other, and how many slots each has: twice as many as keys.

    A key that finds its slot taken goes to the next, all keys at the same time.
    """
    slots = 2 * np.bincount(hashes & (_TABLES - 1), minlength=_TABLES)
    begin = np.cumsum(slots) - slots
    found = np.zeros(int(slots.sum()), [("hash", ">u4"), ("place", ">i8")])
    waiting = np.arange(len(hashes))
    step = np.zeros(len(hashes), np.int64)
    taken = np.zeros(len(found), np.bool_)
    while len(waiting):
        table = hashes[waiting] & (_TABLES - 1)
        slot = begin[table] + ((hashes[waiting] >> 8) + step[waiting]) % slots[table]
        free = np.flatnonzero(~taken[slot])
        _, one = np.unique(slot[free], return_index=True)
        settled = free[one]
        taken[slot[settled]] = True
        found["hash"][slot[settled]] = hashes[waiting[settled]]
        found["place"][slot[settled]] = places[waiting[settled]]
        waiting = np.delete(waiting, settled)
        step[waiting] += 1
    return found, slots
