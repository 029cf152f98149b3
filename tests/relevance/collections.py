"""Public ad-hoc test collections in English: the words arm beside tantivy's stemming BM25, in one run.

A folder holds one folder a collection with `docs.jsonl` (id, title, text), `queries.jsonl` (id, text) and `qrels.tsv`
(query, document, grade). Most have no licence that would let them lie here: the folder is named with `--ir`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.search.port import Document, Request
from kb.search.querytext import parse
from kb.search.whoosh_engine import WhooshEngine
from tests.relevance.measures import ndcg

_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents, queries and judgements: query → document → grade."""

    name: str
    documents: Mapping[str, tuple[str, str]]
    queries: Mapping[str, str]
    grades: Mapping[str, Mapping[str, int]]


def read_collections(folder: Path) -> list[Collection]:
    """All collections of a folder."""
    return [_read(path.parent) for path in sorted(folder.glob("*/qrels.tsv"))]


def _read(folder: Path) -> Collection:
    grades: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            grades.setdefault(query, {})[document] = int(grade)
    return Collection(
        folder.name,
        {row["id"]: (row["title"], row["text"]) for row in _rows(folder / "docs.jsonl")},
        {row["id"]: row["text"] for row in _rows(folder / "queries.jsonl") if row["id"] in grades},
        grades,
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def measure_ours(collection: Collection, folder: Path) -> float:
    """Mean nDCG@10 of the words arm, queries read as any reader's are."""
    engine = WhooshEngine(folder)
    engine.rebuild(
        (
            Document(id=key, work=key, kind="case", slug=key, language="en", title=title, body=text)
            for key, (title, text) in collection.documents.items()
        ),
        0,
    )
    public = frozenset({"public"})
    found = {
        query: [
            hit.slug for hit in engine.search(Request(tree=parse(text).tree, visibilities=public, limit=_DEPTH)).hits
        ]
        for query, text in collection.queries.items()
    }
    engine.close()
    return mean_ndcg(collection, found)


def measure_tantivy(collection: Collection, *, together: bool) -> float:
    """Mean nDCG@10 of tantivy with `en_stem`: title and text in one field, or in two."""
    import tantivy

    schema = tantivy.SchemaBuilder().add_text_field("id", stored=True, tokenizer_name="raw")
    names = ["text"] if together else ["title", "text"]
    for name in names:
        schema.add_text_field(name, tokenizer_name="en_stem")
    index = tantivy.Index(schema.build())
    writer = index.writer()
    for key, (title, text) in collection.documents.items():
        fields: dict[str, Any] = {"text": f"{title} {text}"} if together else {"title": title, "text": text}
        writer.add_document(tantivy.Document(id=[key], **{name: [value] for name, value in fields.items()}))
    writer.commit()
    index.reload()
    searcher = index.searcher()
    found = {}
    for query, text in collection.queries.items():
        plain = "".join(letter if letter.isalnum() else " " for letter in text)
        tree, _ = index.parse_query_lenient(plain, names)
        found[query] = [searcher.doc(where)["id"][0] for _, where in searcher.search(tree, _DEPTH).hits]
    return mean_ndcg(collection, found)


def mean_ndcg(collection: Collection, found: Mapping[str, list[str]]) -> float:
    """Over all queries that have judgements."""
    return sum(ndcg(found[query], collection.grades[query], _DEPTH) for query in collection.queries) / len(found)
