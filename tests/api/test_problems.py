"""Errors under /api/ are problem documents, whatever goes wrong and wherever."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import BadRequest, TooManyRequests, UnsupportedMediaType
from werkzeug.test import TestResponse

import kb.api.entries
from kb.api.problems import is_api_path
from kb.api.schemas import ProblemDocument
from kb.domain.errors import Conflict, Unavailable


def _check(answer: TestResponse, status: int) -> ProblemDocument:
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    document = ProblemDocument.model_validate_json(answer.data)
    assert document.status == status
    assert document.detail
    assert "%(" not in document.detail
    return document


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v2/search", "/api/v1/nothing", "/api/v1/search/"])
def test_unknown_addresses(anyone: FlaskClient, path: str) -> None:
    assert _check(anyone.get(path), 404).title == "Not Found"


def test_pages_keep_their_own_errors(anyone: FlaskClient) -> None:
    answer = anyone.get("/apiary")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_methods_that_are_not_taken(anyone: FlaskClient, method: str) -> None:
    answer = anyone.open("/api/v1/cities", method=method, json={})
    _check(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_a_host_that_is_not_ours(anyone: FlaskClient) -> None:
    _check(anyone.get("/api/v1/entries", headers={"Host": "elsewhere.example"}), 400)


def test_what_is_invalid_is_named_in_the_readers_language(anyone: FlaskClient) -> None:
    english = _check(anyone.get("/api/v1/entries?page=x&kind=book"), 422)
    assert {error.field: error.detail for error in english.errors} == {
        "page": "must be a whole number.",
        "kind": "must be one of 'case', 'research' or 'profile'.",
    }
    korean = anyone.get("/api/v1/entries?page=x&locale=ko")
    assert korean.headers["Content-Language"] == "ko"
    assert "Set-Cookie" not in korean.headers


@pytest.fixture
def broken(site: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The list of entries fails as told; the app behaves as when it serves."""
    site.config["PROPAGATE_EXCEPTIONS"] = False
    yield monkeypatch
    site.config["PROPAGATE_EXCEPTIONS"] = None


def _fail(patch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    patch.setattr(kb.api.entries.library, "list_works", fail)


def test_a_mistake_of_ours_tells_nothing_of_it(anyone: FlaskClient, broken: pytest.MonkeyPatch) -> None:
    _fail(broken, RuntimeError("the secret of the house"))
    answer = anyone.get("/api/v1/entries")
    _check(answer, 500)
    assert b"secret" not in answer.data


def test_out_of_order(anyone: FlaskClient, broken: pytest.MonkeyPatch) -> None:
    _fail(broken, Unavailable("The %(part)s rests.", part="index"))
    answer = anyone.get("/api/v1/entries")
    assert _check(answer, 503).detail == "The index rests."
    assert answer.headers["Retry-After"] == "30"


@pytest.mark.parametrize(
    ("error", "status"),
    [(BadRequest(), 400), (UnsupportedMediaType(), 415), (TooManyRequests(retry_after=7), 429), (Conflict("No."), 409)],
)
def test_every_error_of_the_edge(
    anyone: FlaskClient, broken: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    _fail(broken, error)
    answer = anyone.get("/api/v1/entries")
    assert _check(answer, status).errors == []
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)


@pytest.mark.parametrize(("path", "ours"), [("/api", True), ("/api/x", True), ("/apiary", False), ("/", False)])
def test_where_machines_ask(path: str, ours: bool) -> None:
    assert is_api_path(path) is ours
