"""Nearness in meaning: sentence vectors with what a language itself brings taken out of them.

Raw vectors of multilingual models strongly prefer texts in the query's own language. One fixed mean a language,
reckoned once from parallel sentences and taken from texts and queries alike, levels them (after the language-agnostic
corrections of Libovický et al. 2020, “On the Language Neutrality of Pre-trained Multilingual Representations”).
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from kb.search.analysis import clean, primary
from kb.search.port import And, AtLeast, Best, Nearness, Not, Query, Term, Weighted

Vectors = NDArray[np.float32]

_KEPT: Final = 512  # query vectors in memory, some kB each
_BLOCK: Final = 4_096  # rows that are unpacked at a time
_TEXT: Final = 600  # characters of a text that are read: what comes later says little new and takes long


class Embedder(Protocol):
    """Turns texts into vectors; close in meaning is close in angle. Safe to share between threads.

    Attributes:
        name: of the model; vectors of different models can't be compared.
        sizes: of the parts of a vector; each part is of length one.
    """

    name: str
    sizes: tuple[int, ...]

    def passages(self, texts: Sequence[str]) -> Vectors:
        """One row for each text of the library."""

    def queries(self, texts: Sequence[str]) -> Vectors:
        """One row for each text that somebody searches for."""


def passage_of(title: str, summary: str, body: str) -> str:
    """What of a text is turned into its vector: more than title and summary, which are short where texts are short."""
    return f"{title}. {summary} {body[:_TEXT]}"[:_TEXT]


def digest_of(text: str) -> str:
    """32 hexadecimal digits that tell texts apart."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Means:
    """What the sentences of each language share; languages without sentences of their own get the mean of all.

    Attributes:
        sizes: as in `Embedder`.
        passage: primary language → vector, of texts; `query` of what is asked.
    """

    sizes: tuple[int, ...]
    passage: Mapping[str, Vectors]
    query: Mapping[str, Vectors]

    def correct_passages(self, vectors: Vectors, languages: Sequence[str]) -> Vectors:
        """Rows without their languages' means, of length one again."""
        general = _middle(self.passage)
        means = np.stack([self.passage.get(primary(language), general) for language in languages])
        return _level(vectors - means, self.sizes)

    def correct_query(self, vector: Vectors, languages: Mapping[str, float]) -> Vectors:
        """One vector without the mean of its language; where that is uncertain, of the languages by their chances."""
        general = _middle(self.query)
        mixed = sum((chance * self.query.get(language, general) for language, chance in languages.items()), 0.0)
        return _level(vector - mixed, self.sizes)


def _middle(means: Mapping[str, Vectors]) -> Vectors | float:
    return np.asarray(np.mean(list(means.values()), axis=0), np.float32) if means else 0.0


def _level(vectors: Vectors, sizes: Sequence[int]) -> Vectors:
    """Every part brought to the same length, the whole to one."""
    parts = np.split(vectors, np.cumsum(sizes)[:-1], axis=-1)
    level = [part / np.maximum(np.linalg.norm(part, axis=-1, keepdims=True), 1e-9) for part in parts]
    return np.asarray(np.concatenate(level, axis=-1) / math.sqrt(len(sizes)), np.float32)


@dataclass(frozen=True)
class Shelf:
    """The levelled vectors of all texts at one moment, a byte a number. Immutable: threads share it.

    Attributes:
        ids: of the entries, in the order of the rows.
        rows: int8, `ids` × the vector's size.
        scale: of each row: what its bytes count by.
        serial: of the newest vector among them.
    """

    ids: tuple[str, ...]
    rows: NDArray[np.int8]
    scale: Vectors
    serial: int

    @classmethod
    def empty(cls, sizes: Sequence[int]) -> Shelf:
        """Where there are no vectors yet."""
        return cls((), np.zeros((0, sum(sizes)), np.int8), np.zeros(0, np.float32), 0)

    def put(self, ids: Sequence[str], vectors: Vectors, serial: int) -> Shelf:
        """A shelf on which these have replaced or joined what was there."""
        scale = np.maximum(np.abs(vectors).max(axis=1, initial=0), 1e-9) / np.float32(127)
        rows = np.rint(vectors / scale[:, None]).astype(np.int8)
        fresh = set(ids)
        kept = [at for at, known in enumerate(self.ids) if known not in fresh]
        return Shelf(
            (*(self.ids[at] for at in kept), *ids),
            np.concatenate([self.rows[kept], rows]),
            np.concatenate([self.scale[kept], scale]),
            serial,
        )

    def cosines(self, vector: Vectors) -> Vectors:
        """Of every row with a vector of length one; in blocks, so that little is unpacked at a time."""
        found = np.empty(len(self.ids), np.float32)
        for start in range(0, len(found), _BLOCK):
            block = slice(start, start + _BLOCK)
            found[block] = self.rows[block].astype(np.float32) @ vector
        return found * self.scale


class Meaning:
    """One model with the library's vectors: what a search asks for its second arm.

    Attributes:
        means: of the languages.
        shelf: replaced whole when there are newer vectors.
    """

    def __init__(self, embedder: Embedder, means: Means) -> None:
        """Begin with an empty shelf."""
        self.means = means
        self.shelf = Shelf.empty(means.sizes)
        self._embedder = embedder
        self._remember = functools.lru_cache(_KEPT)(lambda text: self._embedder.queries([text])[0])

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._embedder.name

    def near(self, text: str, languages: Mapping[str, float], within: Query | None) -> Nearness:
        """How near each text of the library is to a query, whose language is known by its chances."""
        shelf = self.shelf
        vector = self.means.correct_query(self._remember(text), languages)
        return Nearness(shelf.ids, shelf.cosines(vector), next(iter(languages)), within)


def what_is_meant(text: str, tree: Query) -> tuple[str, Query | None] | None:
    """The part of a query whose meaning can be looked for, and what a text must match besides.

    Names of places and excluded words stay conditions on words. Phrases, fields, operators, beginnings and spellings
    ask for words, not for meaning: None.

    Args:
        text: the query as typed.
        tree: as the thesaurus has widened it.
    """
    if " AND " in text:
        return None
    parts = list(tree.children) if isinstance(tree, And) else [tree]
    parts = [child for part in parts for child in (part.children if isinstance(part, AtLeast) else [part])]
    words: list[str] = []
    within: list[Query] = []
    for part in parts:
        core = part.children[0] if isinstance(part, Best) else part
        if isinstance(part, Not) or (isinstance(part, Best) and _is_place(part)):
            within.append(part)
        elif isinstance(core, Term) and core.field is None:
            words.append(core.text)
        else:
            return None
    if not words:
        return None
    return (" ".join(words) if within else clean(text).strip()), And(tuple(within)) if within else None


def _is_place(best: Best) -> bool:
    added = [child.by for child in best.children if isinstance(child, Weighted)]
    return bool(added) and all(by == "place" for by in added)
