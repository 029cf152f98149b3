"""Hostile queries over the shipped library: the engine and every address that takes words always answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from kb.domain.roles import ANYONE
from kb.runtime import Runtime
from kb.services import search as searching
from kb.services.search import SearchQuery
from tests.search.hostile import HIDDEN, HOSTILE


def timed(name: str, queries: list[str], ask: Callable[[str], object]) -> None:
    """Ask everything; the slowest are printed, since a time that decides a test lies on a busy machine."""
    spent = []
    for typed in queries:
        start = time.process_time()
        ask(typed)
        spent.append((time.process_time() - start, typed[:50]))
    print(name, *(f"{1000 * seconds:.0f} ms {typed!r}" for seconds, typed in sorted(spent)[-5:]), sep="\n  ")


def search(parts: Runtime, typed: str) -> searching.SearchResult:
    with parts.database.reading() as session:
        return searching.find(
            session,
            parts.engine,
            ANYONE,
            SearchQuery(typed),
            vocabularies=parts.vocabularies(session),
            words=parts.words(session),
            languages=("en",),
            locale="en",
        )


def test_the_engine_answers(parts: Runtime) -> None:
    timed("find", HOSTILE, lambda typed: search(parts, typed))


@pytest.mark.parametrize(
    ("address", "queries"),
    [("/search", HOSTILE[::2]), ("/api/v1/search", HOSTILE[1::2]), ("/api/v1/suggest", HOSTILE)],
    ids=["page", "api", "suggest"],
)
def test_addresses_answer(client: FlaskClient, address: str, queries: list[str]) -> None:
    def ask(typed: str) -> None:
        assert client.get(f"{address}?q={quote(typed, errors='surrogatepass')}").status_code == 200, typed[:50]

    timed(address, queries, ask)


@pytest.mark.parametrize("octets", ["%", "%FF", "%C3%28", "%ED%A0%80", "%F4%90%80%80", "%00", "%u0041", "+&q=%2B"])
@pytest.mark.parametrize("address", ["/search", "/api/v1/search", "/api/v1/suggest"])
def test_octets_that_are_no_text_are_answered(client: FlaskClient, address: str, octets: str) -> None:
    assert client.get(f"{address}?q={octets}").status_code == 200


@pytest.mark.parametrize("typed", HIDDEN)
def test_hidden_fields_are_words(parts: Runtime, typed: str) -> None:
    """They find what has the words, never all that has some state."""
    if not typed.startswith(("-", "NOT")):
        assert search(parts, typed).total < search(parts, "").total
