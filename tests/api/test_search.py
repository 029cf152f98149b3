"""Searching by address: the public contract, section 6."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kb.api.answers import mark_matches
from kb.app import create_app
from kb.runtime import Runtime
from tests.conftest import make_settings


def test_the_answer_is_as_the_contract_shows_it(client: FlaskClient) -> None:
    found = client.get("/api/v1/search", query_string={"q": "어르신"}).get_json()
    assert list(found) == ["query", "total", "page", "per_page", "took_ms", "hits", "facets"]
    assert {"q", "notes", "expanded", "did_you_mean"} == set(found["query"])
    assert found["query"]["q"] == "어르신"
    added = found["query"]["expanded"][0]
    assert {"term", "added", "by"} <= set(added)
    assert (found["page"], found["per_page"]) == (1, 10)
    assert found["total"] >= len(found["hits"]) > 0
    hit = found["hits"][0]
    contract = "slug kind language languages title summary city year score snippet matched_by url"
    assert set(contract.split()) <= set(hit)
    assert set(hit["city"]) == {"slug", "name", "country"}
    assert hit["url"].startswith("/")
    assert hit["score"] == 1.0
    assert {"value", "label", "count", "selected"} == set(found["facets"]["country"][0])


def test_filters_are_or_within_and_and_between(client: FlaskClient) -> None:
    def countries(query: str) -> set[str]:
        hits = client.get(f"/api/v1/search?kind=case&per_page=100&{query}").get_json()["hits"]
        return {hit["city"]["country"] for hit in hits}

    assert countries("country=KR&country=CO") == {"KR", "CO"}
    assert countries("country=KR&region=africa") == set()


def test_labels_in_the_asked_language(client: FlaskClient) -> None:
    def label(locale: str) -> str:
        found = client.get(f"/api/v1/search?country=KR&locale={locale}").get_json()
        return next(one["label"] for one in found["facets"]["country"] if one["selected"])

    assert label("ko") == "대한민국"
    assert label("en") == "South Korea"


def test_snippets_are_marked_and_safe(anyone: FlaskClient) -> None:
    (hit,) = anyone.get("/api/v1/search?q=lanterns").get_json()["hits"]
    assert "<mark>Lanterns</mark> &amp; " in hit["snippet"]
    assert hit["snippet_language"] == "en"
    assert hit["matched_by"] == ["words"]
    assert mark_matches((("<b> & ", False), ("<i>", True))) == "&lt;b&gt; &amp; <mark>&lt;i&gt;</mark>"


def test_nothing_hidden_is_counted(anyone: FlaskClient, reader: FlaskClient) -> None:
    outside = anyone.get("/api/v1/search?q=lanterns").get_json()
    inside = reader.get("/api/v1/search?q=lanterns").get_json()
    assert [hit["slug"] for hit in outside["hits"]] == ["open"]
    assert {hit["slug"] for hit in inside["hits"]} == {"open", "inside"}
    assert (outside["total"], inside["total"]) == (1, 2)
    assert [one["count"] for one in outside["facets"]["kind"]] == [1]


def test_what_can_not_be_read_is_told(client: FlaskClient) -> None:
    found = client.get("/api/v1/search", query_string={"q": '((( "lifelong learning'}).get_json()
    assert found["query"]["notes"]
    assert found["total"] > 0


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("page=0", {"page"}),
        ("page=101&per_page=100", {"page"}),
        ("per_page=101&sort=best", {"per_page", "sort"}),
        ("year_from=long+ago", {"year_from"}),
        ("across=perhaps", {"across"}),
    ],
)
def test_what_can_not_be_used_is_named(client: FlaskClient, query: str, fields: set[str]) -> None:
    answer = client.get(f"/api/v1/search?{query}")
    assert answer.status_code == 422
    assert {error["field"] for error in answer.get_json()["errors"]} == fields


def test_the_etag_does_not_hang_on_the_clock(client: FlaskClient) -> None:
    first = client.get("/api/v1/search?q=library")
    assert first.headers["ETag"].startswith('W/"')
    again = client.get("/api/v1/search?q=library", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get("/api/v1/search?q=festival", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_suggestions(client: FlaskClient) -> None:
    found = client.get("/api/v1/suggest?q=medel").get_json()["suggestions"]
    assert {"text", "kind", "url"} <= set(found[0])
    assert any(one["url"] == "/cities/medellin" for one in found)
    assert client.get("/api/v1/suggest").get_json() == {"suggestions": []}
    assert client.get("/api/v1/suggest?q=%00").status_code == 200


def test_hidden_works_are_not_suggested(anyone: FlaskClient, reader: FlaskClient) -> None:
    def urls(client: FlaskClient) -> set[str]:
        return {one["url"] for one in client.get("/api/v1/suggest?q=made-up").get_json()["suggestions"]}

    assert urls(anyone) == {"/cases/open/en", "/research/study/en"}
    assert urls(reader) == {"/cases/open/en", "/research/study/en", "/cases/inside/en"}


def test_without_an_index(empty: Runtime, tmp_path: Path) -> None:
    app = create_app(make_settings(tmp_path / "data"), empty)
    empty.engine.close()
    shutil.rmtree(empty.data_dir / "index")
    answer = app.test_client().get("/api/v1/search?q=anything")
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert app.test_client().get("/api/v1/entries").status_code == 200
