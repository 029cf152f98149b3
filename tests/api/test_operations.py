"""What all addresses share: ETags, HEAD, OPTIONS, other origins."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

ADDRESSES = [
    "search",
    "suggest?q=co",
    "entries",
    "entries/case/open",
    "entries/case/open/ko",
    "cities",
    "cities/testville",
    "vocabularies",
    "vocabularies/sdgs",
    "schemas/case.json",
    "openapi.json",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_answer_that_is_at_hand_is_not_sent_again(anyone: FlaskClient, address: str) -> None:
    first = anyone.get(f"/api/v1/{address}")
    etag = first.headers["ETag"]
    assert first.status_code == 200
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = anyone.get(f"/api/v1/{address}", headers={"If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    other = anyone.get(f"/api/v1/{address}", headers={"If-None-Match": '"another"'})
    assert other.status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_head_and_options(anyone: FlaskClient, address: str) -> None:
    got, head = anyone.get(f"/api/v1/{address}"), anyone.head(f"/api/v1/{address}")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == got.headers["ETag"]
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    options = anyone.options(f"/api/v1/{address}")
    assert options.status_code == 200
    writes = {"POST"} if address == "entries" else set()
    assert set(options.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"} | writes


@pytest.mark.parametrize("address", ["entries", "nothing", "entries?page=x"])
def test_other_sites_may_read_without_credentials(anyone: FlaskClient, address: str) -> None:
    answer = anyone.get(f"/api/v1/{address}", headers={"Origin": "https://elsewhere.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Access-Control-Allow-Origin" not in anyone.get("/healthz").headers


def test_a_browser_may_ask_with_an_etag(anyone: FlaskClient) -> None:
    answer = anyone.options("/api/v1/entries", headers={"Access-Control-Request-Method": "GET"})
    assert answer.headers["Access-Control-Allow-Headers"] == "If-None-Match"
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]


def test_no_cookie_is_set(anyone: FlaskClient) -> None:
    assert "Set-Cookie" not in anyone.get("/api/v1/entries?locale=ko").headers
