"""Small made-up libraries, and what a search over one must find, reckoned the slow and obvious way."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from kb.search.port import (
    And,
    AtLeast,
    Best,
    Document,
    Everything,
    Fuzzy,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Request,
    Term,
    Value,
    Weighted,
    Years,
)

PUBLIC = frozenset({"public"})
ALL = frozenset({"public", "network"})
LANGUAGES = ("en", "ko", "es", "zh-Hans")
WORDS = tuple(f"w{number:02}" for number in range(40))  # no stemmer changes them, so matching is plain equality


def make_document(key: str = "a", **facts: object) -> Document:
    """A document that needs nothing but a key."""
    whole: dict[str, object] = {"work": key, "kind": "case", "slug": key, "language": "en", "title": f"Title {key}"}
    return Document(id=key, **(whole | facts))  # type: ignore[arg-type]  # facts are checked by the tests that use them


def make_library(works: int, seed: int = 1) -> list[Document]:
    """Works with one to three versions, every facet filled at random, a tenth for the network only."""
    rng = random.Random(seed)

    def some(values: Sequence[str], most: int) -> tuple[str, ...]:
        return tuple(rng.sample(values, rng.randint(0, most)))

    def text(most: int) -> str:
        return " ".join(rng.choice(WORDS[: rng.choice((5, 20, 40))]) for _ in range(rng.randint(1, most)))

    documents = []
    for number in range(works):
        facts = {
            "kind": rng.choice(("case", "profile", "research")),
            "city": rng.choice(("", "seoul", "medellin", "espoo")),
            "country": rng.choice(("KR", "CO", "FI")),
            "region": rng.choice(("asia", "europe")),
            "key_features": some(("1", "1.1", "2", "3.2"), 3),
            "clusters": some(("a", "b", "c"), 2),
            "sdgs": some(("4", "11"), 2),
            "stage": rng.choice(("", "pilot", "running")),
            "target_groups": some(("youth", "elders", "all"), 2),
            "evidence": rng.choice((None, 0, 1, 5)),
            "cost_band": rng.choice((None, 1, 5)),
            "year": rng.choice((None, 2015, 2019, 2020, 2021)),
        }
        for at, language in enumerate(rng.sample(LANGUAGES, rng.choice((1, 1, 2, 3)))):
            documents.append(
                make_document(
                    f"{number}-{language}",
                    work=f"work{number}",
                    slug=f"slug{number}",
                    language=language,
                    title=text(3),
                    summary=text(6),
                    body=text(30),
                    completeness=rng.choice(("stub", "complete")),
                    visibility="network" if rng.random() < 0.1 else "public",
                    published=rng.randint(1, 6),
                    original=at == 0,
                    **facts,
                )
            )
    return documents


def make_tree(rng: random.Random, depth: int = 2) -> Query:
    """Any tree whose matches `matches` can tell."""
    if depth == 0 or rng.random() < 0.3:
        return rng.choice(
            (
                Term(rng.choice(WORDS)),
                Term(rng.choice(WORDS), "title"),
                Phrase(" ".join(rng.choices(WORDS[:5], k=rng.randint(1, 3))), loose=rng.random() < 0.5),
                Phrase(" ".join(rng.choices(WORDS[:5], k=2)), "body"),
                Fuzzy(rng.choice(("w01", "w3", "w399")), rng.choice((1, 2)), rng.choice((None, "title"))),
                Prefix(rng.choice(("w1", "w0", "w39"))),
                Value("country", frozenset({"KR", "FI"})),
                Years(2016, rng.choice((None, 2020))),
                Everything(),
            )
        )
    children = tuple(make_tree(rng, depth - 1) for _ in range(rng.randint(1, 4)))
    return rng.choice(
        (
            And(children),
            Or(children),
            Best(children),
            AtLeast(rng.randint(1, len(children)), children),
            Not(children[0]),
            Weighted(children[0], 0.5, "thesaurus"),
        )
    )


def make_request(rng: random.Random, **chosen: object) -> Request:
    """Any search."""
    filters = {
        name: frozenset(rng.sample(values, rng.randint(1, 2)))
        for name, values in {
            "kind": ("case", "profile", "none"),
            "key_feature": ("1", "1.1", "2"),
            "language": ("en", "ko", "es"),
            "year": ("2015", "2020"),
        }.items()
        if rng.random() < 0.25
    }
    whole: dict[str, object] = {
        "tree": make_tree(rng),
        "visibilities": rng.choice((PUBLIC, ALL)),
        "filters": filters,
        "year_from": rng.choice((None, None, 2016)),
        "languages": tuple(rng.sample(("ko", "es", "zh", "fr"), rng.randint(0, 2))),
    }
    return Request(**(whole | chosen))  # type: ignore[arg-type]  # as in make_document


def matches(tree: Query, document: Document) -> bool:
    """Whether a document matches, by reading it word for word."""
    match tree:
        case Everything():
            return True
        case Term():
            return any(tree.text in text.split() for text in _texts(document, tree.field))
        case Phrase():
            return any(f" {tree.text} " in f" {text} " for text in _texts(document, tree.field))
        case Prefix():
            return any(word.startswith(tree.text) for text in _texts(document, tree.field) for word in text.split())
        case Fuzzy():
            words = (word for text in _texts(document, tree.field) for word in text.split())
            return any(OSA.distance(tree.text, word) <= tree.distance for word in words)
        case Value():
            return not tree.values.isdisjoint(document.values(tree.facet))
        case Years():
            year = document.year
            return year is not None and (tree.first or 0) <= year <= (tree.last or 9999)
        case And():
            return all(matches(child, document) for child in tree.children)
        case Or() | Best():
            return any(matches(child, document) for child in tree.children)
        case AtLeast():
            return sum(matches(child, document) for child in tree.children) >= tree.minimum
        case Not():
            return not matches(tree.child, document)
        case Weighted():
            return matches(tree.child, document)
    raise AssertionError(tree)


def _texts(document: Document, field: str | None) -> Iterable[str]:
    return [getattr(document, name) for name in ([field] if field else ("title", "summary", "body"))]


@dataclass(frozen=True)
class Expected:
    """What a search must give: for each work the version to show, and the counts of the facets."""

    shown: dict[str, Document]
    facets: dict[str, dict[str, int]]


def expect(documents: Iterable[Document], request: Request) -> Expected:
    """Reckon a search from the documents alone."""
    visible = [document for document in documents if document.visibility in request.visibilities]

    def passes(document: Document, but: str = "") -> bool:
        in_range = but == "year" or request.year_from is None or (document.year or 0) >= request.year_from
        return in_range and all(
            not values.isdisjoint(document.values(name)) for name, values in request.filters.items() if name != but
        )

    versions: dict[str, list[Document]] = defaultdict(list)
    for document in visible:
        if passes(document):
            versions[document.work].append(document)
    found = {document.work for document in visible if passes(document) and matches(request.tree, document)}
    facets = {}
    for name in request.facets:
        works: dict[str, set[str]] = defaultdict(set)
        for document in visible:
            if passes(document, but=name) and matches(request.tree, document):
                for value in document.values(name):
                    works[value].add(document.work)
        facets[name] = {value: len(which) for value, which in works.items()}
    return Expected({work: _best(versions[work], request.languages) for work in found}, facets)


def _best(versions: list[Document], languages: Sequence[str]) -> Document:
    for wanted in (*languages, "en"):
        for version in sorted(versions, key=lambda one: one.language != wanted):
            if version.language.split("-")[0] == wanted.split("-")[0]:
                return version
    return min(versions, key=lambda one: (not one.original, one.language))
