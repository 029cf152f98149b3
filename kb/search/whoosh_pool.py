"""What a segment will hold of its terms, gathered as plain numbers and brought into order all at once by numpy."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_PART: Final = 200_000  # postings that are turned into Python's objects at a time


class Part(NamedTuple):
    """Some terms of a field in order, with all their postings, term by term.

    Attributes:
        terms: in UTF-8.
        first: for each term its first posting, and one more entry: how many postings there are.
        documents: of each posting.
        counts: how often the term stands in that document.
        first_position: for each posting its first position, and one more entry as in `first`.
        positions: ascending within a posting.
    """

    terms: list[bytes]
    first: NDArray[np.int64]
    documents: NDArray[np.int64]
    counts: NDArray[np.int64]
    first_position: NDArray[np.int64]
    positions: NDArray[np.uint32]


class _Numbers(dict[str, int]):
    """Numbers terms as they come."""

    def __missing__(self, term: str) -> int:
        number = self[term] = len(self)
        return number


@dataclass(slots=True)
class _Field:
    numbers: _Numbers = field(default_factory=_Numbers)
    terms: array[int] = field(default_factory=lambda: array("I"))
    positions: array[int] = field(default_factory=lambda: array("I"))
    documents: array[int] = field(default_factory=lambda: array("I"))  # each with so many of the terms:
    counts: array[int] = field(default_factory=lambda: array("I"))


class Pool:
    """Gathers terms with document and position.

    Attributes:
        tokens: how many have been gathered; each takes 8 bytes, and 16 more while its field is brought into order.
    """

    def __init__(self) -> None:
        self._fields: dict[str, _Field] = {}
        self.tokens = 0

    def add(self, name: str, document: int, terms: Sequence[str], positions: Iterable[int]) -> None:
        """The terms of a document's field, each with its position; documents come in ascending order."""
        into = self._field(name)
        into.terms.extend(map(into.numbers.__getitem__, terms))
        into.positions.extend(positions)
        into.documents.append(document)
        into.counts.append(len(terms))
        self.tokens += len(terms)

    def add_postings(
        self, name: str, terms: Sequence[str], of: NDArray[np.int64], documents: NDArray[np.int64],
        counts: NDArray[np.int64], positions: NDArray[np.uint32],
    ) -> None:  # fmt: skip
        """Postings of many terms, in any order.

        Args:
            name: of the field.
            terms: what `of` refers to.
            of: for each posting the place of its term in `terms`.
            documents: of each posting.
            counts: of each posting: so many of the positions.
            positions: posting by posting.
        """
        if not len(of):
            return
        into = self._field(name)
        used, of = np.unique(of, return_inverse=True)  # the others have no posting left
        numbers = np.fromiter((into.numbers[terms[one]] for one in used), np.uint32, len(used))
        into.terms.frombytes(np.repeat(numbers[of], counts).tobytes())
        into.positions.frombytes(positions.astype(np.uint32).tobytes())
        into.documents.frombytes(documents.astype(np.uint32).tobytes())
        into.counts.frombytes(counts.astype(np.uint32).tobytes())
        self.tokens += len(positions)

    def _field(self, name: str) -> _Field:
        if name not in self._fields:
            self._fields[name] = _Field()
        return self._fields[name]

    def fields(self) -> list[str]:
        """The names of the fields in order."""
        return sorted(self._fields)

    def take(self, name: str) -> Iterator[Part]:
        """All terms of a field with their postings in order; the pool lets go of them."""
        gathered = self._fields.pop(name)
        terms = sorted(gathered.numbers)  # by code point, which is the order of UTF-8 too
        keys, document_bits, position_bits = _sort(gathered, terms)
        del gathered
        positions = (keys & _mask(position_bits)).astype(np.uint32)
        keys >>= np.uint64(position_bits)
        first_position = _starts(keys)
        keys = keys[first_position[:-1]]
        counts = np.diff(first_position)
        documents = (keys & _mask(document_bits)).astype(np.int64)
        keys >>= np.uint64(document_bits)
        first = _starts(keys)
        del keys
        start = 0
        while start < len(terms):
            end = int(np.searchsorted(first, first[start] + _PART, "right")) - 1
            end = min(max(end, start + 1), len(terms))
            some = slice(first[start], first[end])
            places = first_position[first[start] : first[end] + 1]
            yield Part(
                [term.encode() for term in terms[start:end]],
                first[start : end + 1] - first[start],
                documents[some],
                counts[some],
                places - places[0],
                positions[places[0] : places[-1]],
            )
            start = end


def _sort(gathered: _Field, terms: list[str]) -> tuple[NDArray[np.uint64], int, int]:
    """Each token as one number, rank of its term, document, position, ascending; how many bits the last two take."""
    ranks = np.empty(len(terms), np.uint32)
    ranks[np.fromiter(map(gathered.numbers.__getitem__, terms), np.uint32, len(terms))] = np.arange(len(terms))
    documents = np.frombuffer(gathered.documents, np.uint32)
    positions = np.frombuffer(gathered.positions, np.uint32)
    document_bits = int(documents.max()).bit_length()
    position_bits = int(positions.max()).bit_length()
    if document_bits + position_bits + len(terms).bit_length() > 64:
        raise OverflowError("too many terms in too long texts for one segment")
    keys = ranks[np.frombuffer(gathered.terms, np.uint32)].astype(np.uint64)
    keys <<= np.uint64(document_bits)
    keys |= np.repeat(documents, np.frombuffer(gathered.counts, np.uint32))
    keys <<= np.uint64(position_bits)
    keys |= positions
    gathered.terms, gathered.positions = array("I"), array("I")
    keys.sort()
    return keys, document_bits, position_bits


def _mask(bits: int) -> np.uint64:
    return np.uint64((1 << bits) - 1)


def _starts(ascending: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where each value stands first, and how many entries there are."""
    new = np.flatnonzero(ascending[1:] != ascending[:-1]) + 1
    return np.concatenate([[0], new, [len(ascending)]])
