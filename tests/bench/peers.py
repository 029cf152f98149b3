"""Search engines over the same generated entries: ours, and its peers, each as its own manual would have it.

Every engine answers a `Question` with the number of hits, the first ten with a snippet each, and the counts of eight
facets over all hits.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import tantivy
from whoosh import query as whoosh_query
from whoosh import scoring
from whoosh.index import open_dir

from kb.search.port import (
    TEXT_FIELDS,
    And,
    Document,
    Everything,
    Fuzzy,
    Or,
    Phrase,
    Prefix,
    Query,
    Request,
    Sort,
    Term,
    leaves,
)
from kb.search.snippets import snippet
from kb.search.whoosh_engine import WhooshEngine
from kb.search.whoosh_schema import WEIGHTS

FACETS = ("kind", "city", "country", "region", "key_feature", "sdg", "language", "year")
_MANY = ("key_feature", "sdg")
_SHOWN = 10
_WIDTH = 220


@dataclass(frozen=True)
class Question:
    """One search: words, and filters by facet."""

    how: str  # term, and, or, phrase, prefix, fuzzy, all
    words: tuple[str, ...] = ()
    filters: dict[str, str] = field(default_factory=dict)


class Peer(Protocol):
    """An engine; made on a folder in which it keeps its index, which it builds if there is none."""

    name: str

    def ask(self, question: Question) -> int | None:
        """The number of hits; None where it can't answer such questions."""

    def restart(self) -> None:
        """Forget all that is in memory."""


class Ours:
    """`WhooshEngine`; as in the site the text for snippets comes from elsewhere."""

    name = "kb"

    def __init__(self, folder: Path, documents: Sequence[Document]) -> None:
        self._folder = folder
        if not (folder / "current.json").exists():
            WhooshEngine(folder).rebuild(iter(documents), 1)
        self._texts = {(document.work, document.language): document.body for document in documents}
        self.restart()

    def restart(self) -> None:
        self._engine = WhooshEngine(self._folder)
        self._engine.status()

    def ask(self, question: Question) -> int:
        tree = _tree(question)
        page = self._engine.search(
            Request(
                tree=tree,
                visibilities=frozenset({"public"}),
                filters={name: frozenset({value}) for name, value in question.filters.items()},
                facets=FACETS,
                sort=Sort.RELEVANCE if question.words else Sort.NEWEST,
                limit=_SHOWN,
            )
        )
        for hit in page.hits if question.words else ():
            language = hit.matched[0]
            snippet(self._texts[hit.work, language], leaves(tree), language, _WIDTH)
        return page.total


def _tree(question: Question) -> Query:
    terms = tuple(map(Term, question.words))
    match question.how:
        case "all":
            return Everything()
        case "or":
            return Or(terms)
        case "phrase":
            return Phrase(" ".join(question.words))
        case "prefix":
            return Prefix(question.words[0])
        case "fuzzy":
            return Fuzzy(question.words[0])
    return And(terms) if len(terms) > 1 else terms[0]


class Tantivy:
    """The Rust engine by its Python package; counts are its aggregations over fast fields."""

    name = "tantivy"

    def __init__(self, folder: Path, documents: Iterable[Document]) -> None:
        builder = tantivy.SchemaBuilder()
        for name in TEXT_FIELDS:
            builder.add_text_field(name, stored=True)
        for name in (*FACETS, "visibility"):
            builder.add_text_field(name, tokenizer_name="raw", fast=True, index_option="basic")
        builder.add_integer_field("published", fast=True)
        self._schema = builder.build()
        self._folder = folder
        if not folder.exists():
            folder.mkdir(parents=True)
            writer = tantivy.Index(self._schema, path=str(folder)).writer(heap_size=500_000_000, num_threads=1)
            for document in documents:
                row: dict[str, Any] = {name: getattr(document, name) for name in TEXT_FIELDS}
                row |= {name: list(document.values(name)) for name in FACETS}
                row |= {"visibility": document.visibility, "published": document.published}
                writer.add_document(tantivy.Document(**row))
            writer.commit()
            writer.wait_merging_threads()
        self.restart()

    def restart(self) -> None:
        self._index = tantivy.Index.open(str(self._folder))
        self._searcher = self._index.searcher()

    def ask(self, question: Question) -> int:
        text = self._text(question)
        must = [(tantivy.Occur.Must, text)]
        for name, value in {"visibility": "public", **question.filters}.items():
            wanted = tantivy.Query.term_query(self._schema, name, value, "basic")
            must.append((tantivy.Occur.Must, tantivy.Query.boost_query(wanted, 0.0)))
        query = tantivy.Query.boolean_query(must)
        order = None if question.words else "published"
        found = self._searcher.search(query, _SHOWN, count=True, order_by_field=order)
        self._searcher.aggregate(query, {name: {"terms": {"field": name, "size": 500}} for name in FACETS})
        if question.words:
            maker = tantivy.SnippetGenerator.create(self._searcher, text, self._schema, "body")
            maker.set_max_num_chars(_WIDTH)
        for _, address in found.hits:
            document = self._searcher.doc(address)
            if question.words:
                maker.snippet_from_doc(document).to_html()
        return int(found.count)

    def _text(self, question: Question) -> tantivy.Query:
        schema, words, kind = self._schema, question.words, tantivy.Query
        occur = tantivy.Occur.Should if question.how == "or" else tantivy.Occur.Must
        match question.how:
            case "all":
                return kind.all_query()
            case "phrase":
                return self._in_fields(lambda name: kind.phrase_query(schema, name, list(words)))
            case "prefix":
                return self._in_fields(lambda name: kind.regex_query(schema, name, f"{words[0]}.*"))
            case "fuzzy":
                return self._in_fields(lambda name: kind.fuzzy_term_query(schema, name, words[0], distance=1))
        return kind.boolean_query(
            [(occur, self._in_fields(lambda name, word=word: kind.term_query(schema, name, word))) for word in words]
        )

    def _in_fields(self, make: Callable[[str], tantivy.Query]) -> tantivy.Query:
        return tantivy.Query.boolean_query(
            [(tantivy.Occur.Should, tantivy.Query.boost_query(make(name), weight)) for name, weight in WEIGHTS.items()]
        )


class Fts5:
    """SQLite's; the hits of a search go into a temporary table, from which SQL counts."""

    name = "SQLite FTS5"

    def __init__(self, folder: Path, documents: Iterable[Document]) -> None:
        self._path = folder / "fts5.sqlite"
        if not self._path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            self._build(documents)
        self.restart()

    def _build(self, documents: Iterable[Document]) -> None:
        single = [name for name in FACETS if name not in _MANY]
        base = sqlite3.connect(self._path)
        base.execute(f"CREATE VIRTUAL TABLE text USING fts5({', '.join(TEXT_FIELDS)}, prefix='4')")
        base.execute(f"CREATE TABLE entry (id INTEGER PRIMARY KEY, published, visibility, {', '.join(single)})")
        for name in _MANY:
            base.execute(f"CREATE TABLE {name} (id INTEGER, value TEXT, PRIMARY KEY (id, value)) WITHOUT ROWID")
        for number, document in enumerate(documents):
            row = [number, document.published, document.visibility]
            row += ["".join(document.values(name)) for name in single]
            base.execute(f"INSERT INTO entry VALUES ({', '.join('?' * len(row))})", row)
            texts = [getattr(document, name) for name in TEXT_FIELDS]
            base.execute("INSERT INTO text (rowid, title, summary, body, names, topics) VALUES (?,?,?,?,?,?)",
                         [number, *texts])  # fmt: skip
            for name in _MANY:
                base.executemany(f"INSERT INTO {name} VALUES (?, ?)", [(number, one) for one in document.values(name)])
        base.execute("CREATE INDEX entry_published ON entry (published)")
        base.execute("INSERT INTO text (text) VALUES ('optimize')")
        base.execute("ANALYZE")
        base.commit()
        base.close()

    def restart(self) -> None:
        self._base = sqlite3.connect(self._path)
        self._base.execute("PRAGMA temp_store = memory")
        self._base.execute("PRAGMA cache_size = -262144")
        self._base.execute("CREATE TEMP TABLE hit (id INTEGER PRIMARY KEY)")

    def ask(self, question: Question) -> int | None:
        if question.how == "fuzzy":
            return None
        quoted = [f'"{word}"' for word in question.words]
        match question.how:
            case "or":
                text = " OR ".join(quoted)
            case "phrase":
                text = f'"{" ".join(question.words)}"'
            case "prefix":
                text = f"{quoted[0]}*"
            case _:
                text = " ".join(quoted)
        wanted = {"visibility": "public", **question.filters}
        where = " AND ".join(f"entry.{name} = :{name}" for name in wanted)
        source = "entry"
        if text:
            source, where = "text JOIN entry ON entry.id = text.rowid", f"text MATCH :text AND {where}"
        values = wanted | {"text": text}
        run = self._base.execute
        run("DELETE FROM hit")
        run(f"INSERT INTO hit SELECT entry.id FROM {source} WHERE {where}", values)
        if text:
            weights = ", ".join(str(WEIGHTS[name]) for name in TEXT_FIELDS)
            shown, order = "snippet(text, 2, '<b>', '</b>', '…', 32)", f"bm25(text, {weights})"
        else:
            shown, order = "entry.id", "published DESC"
        run(f"SELECT {shown} FROM {source} WHERE {where} ORDER BY {order} LIMIT {_SHOWN}", values).fetchall()
        for name in FACETS:
            if name in _MANY:
                run(f"SELECT value, count(*) FROM hit JOIN {name} USING (id) GROUP BY value").fetchall()
            else:
                run(f"SELECT {name}, count(*) FROM hit JOIN entry USING (id) GROUP BY {name}").fetchall()
        return int(run("SELECT count(*) FROM hit").fetchone()[0])


class PlainWhoosh:
    """Whoosh's own searcher over our index; facets are looked up document by document, as it would do."""

    name = "plain Whoosh"

    def __init__(self, folder: Path, ours: Path, documents: Sequence[Document]) -> None:
        if not folder.exists():
            folder.mkdir(parents=True)
            for path in next(ours.glob("index-*")).iterdir():
                (folder / path.name).write_bytes(path.read_bytes()[:-4])  # without the seal
        self._folder = folder
        self._texts = {document.id: document for document in documents}
        self.restart()

    def restart(self) -> None:
        self._searcher = open_dir(self._folder, "KB").searcher(weighting=scoring.BM25F())
        self._ids = self._searcher.reader().column_reader("id")
        self._published = self._searcher.reader().column_reader("published")

    def ask(self, question: Question) -> int:
        query = self._query(question)
        for name, value in {"visibility": "public", **question.filters}.items():
            query = whoosh_query.And([query, whoosh_query.ConstantScoreQuery(whoosh_query.Term(name, value), 0)])
        if question.words:
            found = self._searcher.search(query, limit=None)
            numbers = [number for _, number in found.top_n]
        else:
            numbers = sorted(query.docs(self._searcher), key=self._published.__getitem__, reverse=True)
        documents = [self._texts[self._ids[number].decode()] for number in numbers]
        for name in FACETS:
            Counter(value for document in documents for value in document.values(name))
        for document in documents[:_SHOWN] if question.words else ():
            snippet(document.body, leaves(_tree(question)), document.language, _WIDTH)
        return len(numbers)

    def _query(self, question: Question) -> Any:
        def in_fields(make: Callable[[str, float], Any]) -> Any:
            return whoosh_query.Or([make(f"{name}.word", weight) for name, weight in WEIGHTS.items()])

        words = question.words
        match question.how:
            case "all":
                return whoosh_query.Every()
            case "phrase":
                return in_fields(lambda name, weight: whoosh_query.Phrase(name, list(words), boost=weight))
            case "prefix":
                return in_fields(lambda name, weight: whoosh_query.Prefix(name, words[0], boost=weight))
            case "fuzzy":
                return in_fields(lambda name, weight: whoosh_query.FuzzyTerm(name, words[0], prefixlength=1))
        every = [
            in_fields(lambda name, weight, word=word: whoosh_query.Term(name, word, boost=weight)) for word in words
        ]
        return whoosh_query.Or(every) if question.how == "or" else whoosh_query.And(every)


def neighbours(document: Document) -> Iterator[tuple[str, str]]:
    """Pairs of words that stand beside each other in a text."""
    for sentence in document.body.split("."):
        words = sentence.split()
        yield from zip(words, islice(words, 1, None), strict=False)
