"""Packed answers: smaller, the same, and none that belongs to one person."""

from __future__ import annotations

import gzip

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.web.assets import static_url

PACKED = {"Accept-Encoding": "gzip, br"}


@pytest.mark.parametrize("path", ["/", "/search?q=library", "/api/v1/cities", "/sitemap.xml"])
def test_a_page_for_all_is_packed(client: FlaskClient, path: str) -> None:
    plain, packed = client.get(path), client.get(path, headers=PACKED)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data) / 2
    assert "Content-Encoding" not in plain.headers
    assert all("Accept-Encoding" in answer.headers["Vary"] for answer in (plain, packed))
    if path == "/sitemap.xml":
        assert gzip.decompress(packed.data) == plain.data


def test_a_static_file_is_packed_and_known_again(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        path = static_url("library.css")
    plain, packed = client.get(path, buffered=True), client.get(path, headers=PACKED, buffered=True)
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    again = client.get(path, headers=PACKED | {"If-None-Match": packed.headers["ETag"]}, buffered=True)
    assert again.status_code == 304


def test_the_tag_of_a_packed_answer_is_known_again(client: FlaskClient) -> None:
    path = "/api/v1/entries/case/cork-learning-neighbourhoods"
    tag = client.get(path, headers=PACKED).headers["ETag"]
    assert client.get(path, headers=PACKED | {"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("path", ["/", "/search?q=library"])
def test_what_belongs_to_one_person_is_not_packed(app: Flask, path: str) -> None:
    """Nor the form with the token that makes its session."""
    client = app.test_client()
    assert "Content-Encoding" not in client.get("/login", headers=PACKED).headers
    assert "Content-Encoding" not in client.get(path, headers=PACKED).headers


@pytest.mark.parametrize("path", ["/healthz", "/static/pictures/no-such.png"])
def test_small_answers_and_errors_go_as_they_are(client: FlaskClient, path: str) -> None:
    assert "Content-Encoding" not in client.get(path, headers=PACKED).headers
