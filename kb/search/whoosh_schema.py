"""What of a document goes into the Whoosh index, and how.

For each text field there are three indexed ones, one for each index of `kb.search.analysis`: `title.word`,
`title.stem`, `title.gram`. Facets are posted without positions; what a hit needs lies in columns. No text is stored.
"""

from __future__ import annotations

from array import array
from typing import Any, Final

from whoosh.columns import NumericColumn, VarBytesColumn
from whoosh.fields import COLUMN, FieldType, Schema
from whoosh.formats import Existence, Positions

from kb.search.analysis import fold, take_apart
from kb.search.port import FACETS, TEXT_FIELDS, Document

VERSION: Final = 2
WEIGHTS: Final = {"title": 3.0, "names": 3.0, "summary": 2.0, "topics": 1.0, "body": 1.0}
INDEXES: Final = ("word", "stem", "gram")
# Facets of `FACETS` and the ones that only the engine asks for.
POSTED: Final = (*FACETS, "visibility")
TEXTS: Final = ("id", "work", "slug", "digest", "order")  # columns of text
_MIXED: Final = frozenset({"names", "topics"})  # fields of several languages
_TITLE_KEY: Final = 60  # bytes of a folded title that decide its place among titles


class PackedPositions(Positions):  # type: ignore[misc]  # whoosh has no types
    """Positions as plain 32-bit numbers, so that a whole posting list is one numpy array."""

    def encode(self, poslist: list[int]) -> bytes:
        """Ascending positions as bytes, in the machine's order: an index stays on its machine."""
        return array("I", poslist).tobytes()

    def decode_positions(self, valuestring: bytes) -> list[int]:
        """The positions again."""
        return array("I", valuestring).tolist()

    def decode_frequency(self, valuestring: bytes) -> int:
        """How many there are."""
        return len(valuestring) // array("I").itemsize


class TERMS(FieldType):  # type: ignore[misc]  # whoosh has no types
    """A field of terms with their positions."""

    def __init__(self) -> None:
        super().__init__(PackedPositions(), None, scorable=True)


class VALUES(FieldType):  # type: ignore[misc]  # whoosh has no types
    """A field of values, each a term by itself."""

    def __init__(self) -> None:
        super().__init__(Existence(), None)


def make_schema() -> Schema:
    """The schema of `VERSION`."""
    texts = {f"{name}.{index}": TERMS() for name in TEXT_FIELDS for index in INDEXES}
    facets = {name: VALUES() for name in POSTED}
    columns = {name: COLUMN(VarBytesColumn()) for name in TEXTS}
    return Schema(
        key=VALUES(),
        published=COLUMN(NumericColumn("i")),
        original=COLUMN(NumericColumn("B")),
        position=COLUMN(NumericColumn("q")),
        **texts,
        **facets,
        **columns,
    )


def fields_of(document: Document) -> dict[str, Any]:
    """A document as the keyword arguments of Whoosh's writer."""
    fields: dict[str, Any] = {
        "key": (document.id,),
        "id": document.id.encode(),
        "work": document.work.encode(),
        "slug": document.slug.encode(),
        "digest": document.digest().encode(),
        "order": title_key(document.title),
        "published": document.published,
        "original": int(document.original),
        "visibility": (document.visibility,),
    }
    for name in TEXT_FIELDS:
        runs = take_apart(getattr(document, name), "" if name in _MIXED else document.language)
        fields |= {f"{name}.{index}": run for index, run in zip(INDEXES, runs, strict=True) if run.terms}
    for name in FACETS:
        fields[name] = document.values(name)
    return {name: value for name, value in fields.items() if value != ()}


def title_key(title: str) -> bytes:
    """What titles are ordered by: folded, spaces kept single."""
    return " ".join(fold(word) for word in title.split()).encode()[:_TITLE_KEY]
