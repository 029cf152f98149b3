"""Posting lists in Whoosh's own format (whoosh.codec.whoosh3), read a list at a time instead of a posting at a time."""

from __future__ import annotations

import io
import pickle
import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC

from kb.search.whoosh_files import Broken

_LENGTH: Final = struct.Struct(">i")  # before a block: how long it is, negative for the last
_FRAME: Final = struct.Struct("<3sQ")  # begins a pickle of this protocol: what it is, how long the rest is
_PROTO: Final = 0x80  # the first byte of any pickle, and of nothing that zlib has compressed


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


def read_lists(data: bytes, starts: Iterable[int]) -> tuple[NDArray[np.int64], NDArray[np.int64], list[bytes]]:
    """Many posting lists at once, most of them short: their documents one after the other, and how many each has.

    The values come one for each document too; none where the field has none.

    Raises:
        Broken: it is no posting list; what is damaged within raises anything.
    """
    documents, lengths = array("I"), []
    values: list[bytes] = []
    for start in starts:
        before, end, last = len(documents), start + len(WHOOSH3_HEADER_MAGIC), False
        if data[start:end] != WHOOSH3_HEADER_MAGIC:
            raise Broken("postings")
        while not last:
            (length,) = _LENGTH.unpack_from(data, end)
            head = end + _LENGTH.size
            end, last = head + abs(length), length < 0
            block = data[head + _FRAME.size + _FRAME.unpack_from(data, head)[1] : end]
            ids, _, some = pickle.loads(block if block[0] == _PROTO else zlib.decompress(block))  # noqa: S301  # sealed
            documents.extend(accumulate(ids))
            values += some or ()
        lengths.append(len(documents) - before)
    return np.frombuffer(documents, np.uint32).astype(np.int64), np.array(lengths, np.int64), values
