"""Posting lists in Whoosh's own format, written and read a list at a time instead of a posting at a time.

The files stay plain W3 files (whoosh.codec.whoosh3) that Whoosh's own matchers read.
"""

from __future__ import annotations

import io
import marshal
import pickle
import zlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC, W3Codec, W3FieldWriter, W3PostingsWriter

from kb.search.whoosh_files import Broken

_BLOCK: Final = 2048  # postings of a block: read whole, so fewer and larger ones than Whoosh's 128
_COMPRESSED: Final = 64  # postings from which a list is worth compressing
_HELD: Final = 1_000_000  # postings in memory before a writer spills them, about 100 megabytes
_LENGTH: Final = 4  # bytes before a block that say how long it is


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
    """All blocks of a posting list (see `W3PostingsWriter`) as arrays.

    Raises:
        Broken: it is no posting list; what is damaged within raises anything.
    """
    if not data.startswith(WHOOSH3_HEADER_MAGIC):
        raise Broken("postings")
    stream = io.BytesIO(data)
    documents, counts, positions = [], [], []
    end, last = len(WHOOSH3_HEADER_MAGIC), False
    while not last:
        length = int.from_bytes(data[end : end + _LENGTH], "big", signed=True)
        stream.seek(end + _LENGTH)
        size, _, _, compressed, _, _ = pickle.load(stream)  # noqa: S301  # sealed, in a folder that only we write to
        end, last = end + _LENGTH + abs(length), length < 0
        block = data[stream.tell() : end]
        ids, weights, values = pickle.loads(zlib.decompress(block) if compressed else block)  # noqa: S301  # as above
        documents.append(np.cumsum(np.fromiter(ids, np.int32, size), dtype=np.int32))
        counts.append(
            np.fromiter(weights, np.float32, size)
            if isinstance(weights, tuple)
            else np.full(size, 1.0 if weights is None else weights, np.float32)
        )
        positions.append(np.frombuffer(b"".join(values or ()), np.uint32))
    return Postings(np.concatenate(documents), np.concatenate(counts), np.concatenate(positions))


class Group(NamedTuple):
    """A term of a field and, as far as they are gathered, its documents, weights and encoded positions."""

    field: str
    term: bytes
    documents: array[int]
    weights: array[float]
    values: list[bytes]


class GroupPool:
    """Gathers postings by term, as Whoosh's `PostingPool` does one by one; spills sorted runs to the disk."""

    def __init__(self, storage: Any, segment: Any, **_: Any) -> None:
        self._folder = Path(storage.folder)
        self._terms: dict[str, dict[bytes, Group]] = {}
        self._count = 0
        self._runs: list[Path] = []

    def add(self, posting: tuple[str, bytes, int, float, bytes]) -> None:
        """One posting; documents of a term come in ascending order."""
        field, term, document, weight, value = posting
        terms = self._terms.setdefault(field, {})
        group = terms.get(term)
        if group is None:
            group = terms[term] = Group(field, term, array("I"), array("f"), [])
        group.documents.append(document)
        group.weights.append(weight)
        group.values.append(value)
        self._count += 1
        if self._count >= _HELD:
            self._spill()

    def iter_postings(self) -> Iterator[Group]:
        """All that was added, by field and term."""
        runs = [*(self._read(run) for run in self._runs), self._sorted()]
        for (field, term), parts in groupby(merge(*runs, key=itemgetter(0, 1)), key=itemgetter(0, 1)):
            whole = Group(field, term, array("I"), array("f"), [])
            for part in parts:
                whole.documents.extend(part.documents)
                whole.weights.extend(part.weights)
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
            for field, term, documents, weights, values in self._sorted():
                marshal.dump((field, term, documents.tobytes(), weights.tobytes(), values), file)
        self._terms, self._count = {}, 0

    @staticmethod
    def _read(path: Path) -> Iterator[Group]:
        with path.open("rb") as file:
            while file.peek(1):
                field, term, documents, weights, values = marshal.load(file)  # noqa: S302  # our own, of this commit
                yield Group(field, term, array("I", documents), array("f", weights), values)


class GroupCodec(W3Codec):  # type: ignore[misc]  # whoosh has no types
    """The W3 codec, writing whole groups.

    Blocks don't tell the lengths of fields, which only matter for skipping blocks: nought is a safe bound.
    """

    length_stats = False

    def __init__(self) -> None:
        super().__init__(blocklimit=_BLOCK)

    def field_writer(self, storage: Any, segment: Any) -> Any:
        """The writer of terms and postings."""
        return _FieldWriter(self, storage, segment)

    def postings_writer(self, dbfile: Any, byteids: bool = False) -> Any:
        """The writer of posting lists."""
        return _PostingsWriter(dbfile, self._blocklimit, byteids)


class _FieldWriter(W3FieldWriter):  # type: ignore[misc]  # whoosh has no types
    def add_postings(self, schema: Any, lengths: None, items: Iterable[Group]) -> None:
        for field, groups in groupby(items, key=itemgetter(0)):
            self.start_field(field, schema[field])
            for group in groups:
                self.start_term(group.term)
                self._postwriter.add_group(group)
                self.finish_term()
            self.finish_field()


class _PostingsWriter(W3PostingsWriter):  # type: ignore[misc]  # whoosh has no types
    def add_group(self, group: Group) -> None:
        self._compression = 3 if len(group.documents) >= _COMPRESSED else 0
        for start in range(0, len(group.documents), self._blocklimit):
            if self._ids:
                self._write_block()
            end = start + self._blocklimit
            self._ids = group.documents[start:end]
            self._weights = group.weights[start:end]
            self._values = group.values[start:end]
            self._maxweight = max(self._weights)
