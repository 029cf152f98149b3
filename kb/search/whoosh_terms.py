"""The terms of a segment: Whoosh's own file of sorted terms, looked up by hash, by bisection, or a range at once."""

from __future__ import annotations

import struct
import sys
from bisect import bisect_left
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.search.whoosh_files import Broken

# A term in the file: how long key and value are, the key (its field's number, its characters), the value: W3TermInfo.
_HEAD: Final = 8
_FIELD: Final = struct.Struct(">H")
_KEY: Final = struct.Struct(">i")
_EXTENT: Final = struct.Struct(">qi")
_AT_FREQUENCY: Final = 5  # in the value
_AT_EXTENT: Final = 23
_PLACE_TYPES: Final = {"B": "u1", "H": ">u2", "i": ">i4", "I": ">u4", "q": ">i8"}


class Extent(NamedTuple):
    """Where a posting list lies in the posting file."""

    offset: int
    length: int


class Terms:
    """All terms of a segment, by field and in the order of their UTF-8."""

    def __init__(self, reader: Any) -> None:
        """Take over what Whoosh's `W3TermsReader` has opened."""
        index = reader._tindex
        self._find = index.ranges_for_key
        self._numbers: dict[str, int] = reader._fieldmap
        self._data: bytes = index.dbfile.get(0, sys.maxsize)  # all of it, so no copy
        kind = _PLACE_TYPES[index.extras["indextype"]]
        self._places: NDArray[Any] = np.frombuffer(self._data, kind, index.indexlen, index.indexbase)
        self._bytes = np.frombuffer(self._data, np.uint8)

    def find(self, field: str, term: str) -> Extent | None:
        """Where a term's posting list lies; None where there is no such term."""
        number = self._numbers.get(field)
        if number is not None:
            for start, _ in self._find(_FIELD.pack(number) + term.encode()):
                return Extent(*_EXTENT.unpack_from(self._data, start + _AT_EXTENT))
        return None

    def beginning(self, field: str, prefix: str = "") -> range:
        """The numbers of a field's terms that begin so."""
        number = self._numbers.get(field)
        if number is None:
            return range(0)
        first = _FIELD.pack(number) + prefix.encode()
        after = first[:-1] + bytes([first[-1] + 1]) if prefix else _FIELD.pack(number + 1)  # UTF-8 has no 255
        return range(
            bisect_left(self._places, first, key=self._key_at), bisect_left(self._places, after, key=self._key_at)
        )

    def _key_at(self, place: int) -> bytes:
        (length,) = _KEY.unpack_from(self._data, place)
        start = int(place) + _HEAD
        return self._data[start : start + length]

    def texts(self, some: range) -> list[str]:
        """The terms of these numbers."""
        places = self._places[some.start : some.stop].astype(np.int64)
        starts = (places + _HEAD + _FIELD.size).tolist()
        ends = self._values(places).tolist()
        return [self._data[start:end].decode() for start, end in zip(starts, ends, strict=True)]

    def frequencies(self, some: range) -> NDArray[np.int64]:
        """How many documents have each of the terms, deleted ones too."""
        values = self._values(self._places[some.start : some.stop].astype(np.int64))
        return self._read(values + _AT_FREQUENCY, ">u4")

    def extents(self, some: range) -> list[Extent]:
        """Where the posting lists of the terms lie.

        Raises:
            Broken: they don't lie one behind the other, as they are written.
        """
        values = self._values(self._places[some.start : some.stop].astype(np.int64))
        offsets, lengths = self._read(values + _AT_EXTENT, ">i8"), self._read(values + _AT_EXTENT + 8, ">i4")
        if np.any(offsets[1:] < offsets[:-1] + lengths[:-1]):
            raise Broken("terms")
        return [Extent(*pair) for pair in zip(offsets.tolist(), lengths.tolist(), strict=True)]

    def _values(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        return places + _HEAD + self._read(places, ">i4")

    def _read(self, places: NDArray[np.int64], kind: str) -> NDArray[np.int64]:
        found = self._bytes[places[:, None] + np.arange(np.dtype(kind).itemsize)]
        return np.ascontiguousarray(found).view(kind)[:, 0].astype(np.int64)
