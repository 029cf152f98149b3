"""Reading works: their header, their text, who sees what."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from kb.domain.kinds import MODELS, Kind, check_header
from tests.factories import VOCABULARIES

LISTED = ["case/open", "profile/testville", "research/study"]


def test_a_case_with_its_header_and_text(anyone: FlaskClient) -> None:
    answer = anyone.get("/api/v1/entries/case/open")
    found = answer.get_json()
    assert answer.content_type == "application/json"
    assert found["title"] == "A made-up case"
    assert found["evidence"] == {"level": 2, "reason": "Counted."}
    assert found["period"] == {"start": "2019", "end": "2021-05"}
    assert found["body"] == "Lanterns & <b>lamps</b>.\n"
    assert "Lanterns &amp; " in found["html"]
    assert (found["language"], found["translation_of"], found["translation"]) == ("en", None, None)
    assert [version["url"] for version in found["versions"]] == ["/cases/open/en", "/cases/open/ko"]
    assert (found["completeness"], found["number"], found["archived_reason"]) == ("stub", 1, None)
    assert "results" in found["missing"]
    assert "evidence" not in found["missing"]
    assert found["page_url"] == "/cases/open/en"
    assert found["published_at"].endswith("Z")


@pytest.mark.parametrize("address", LISTED)
def test_the_header_can_be_handed_in_again(anyone: FlaskClient, address: str) -> None:
    found = anyone.get(f"/api/v1/entries/{address}").get_json()
    kind = Kind(found["kind"])
    header = {name: value for name, value in found.items() if name in MODELS[kind].model_fields}
    assert check_header(header, kind, vocabularies=VOCABULARIES).title == found["title"]


def test_names_of_headers_are_left_to_headers(anyone: FlaskClient) -> None:
    assert anyone.get("/api/v1/entries/profile/testville").get_json()["languages"] == ["en", "ga"]
    assert anyone.get("/api/v1/entries/research/study").get_json()["url"] == "https://example.org/study"


def test_a_translation_brings_its_words_and_the_originals_facts(anyone: FlaskClient) -> None:
    found = anyone.get("/api/v1/entries/case/open/ko").get_json()
    assert (found["language"], found["title"], found["translation_of"]) == ("ko", "지어낸 사례", "en")
    assert found["body"] == "등불입니다.\n"
    assert (found["cost_band"], found["city"], found["behind"]) == (3, "testville", 0)


def test_the_readers_language_comes_first(anyone: FlaskClient) -> None:
    path = "/api/v1/entries/case/open"
    assert anyone.get(path, query_string={"locale": "ko"}).get_json()["language"] == "ko"
    assert anyone.get(path, headers={"Accept-Language": "ko"}).get_json()["language"] == "ko"
    assert anyone.get(path).get_json()["language"] == "en"


def test_text_is_sent_as_it_is(anyone: FlaskClient) -> None:
    assert "지어낸 사례".encode() in anyone.get("/api/v1/entries/case/open/ko").data


def test_contacts_are_for_those_who_signed_in(anyone: FlaskClient, reader: FlaskClient) -> None:
    outside, inside = anyone.get("/api/v1/entries/case/open"), reader.get("/api/v1/entries/case/open")
    assert b"ask@example.org" not in outside.data
    assert "contact" not in outside.get_json()
    assert "contact" not in outside.get_json()["missing"]
    assert inside.get_json()["contact"]["email"] == "ask@example.org"
    assert outside.headers["ETag"] != inside.headers["ETag"]


@pytest.mark.parametrize("address", ["case/inside", "case/inside/en", "case/to-come", "case/to-come/en"])
def test_what_is_hidden_does_not_exist(anyone: FlaskClient, address: str) -> None:
    hidden = anyone.get(f"/api/v1/entries/{address}")
    unknown = anyone.get("/api/v1/entries/case/nowhere")
    assert (hidden.status_code, hidden.data) == (404, unknown.data)


def test_the_network_reads_what_is_the_networks(reader: FlaskClient) -> None:
    assert reader.get("/api/v1/entries/case/inside").status_code == 200
    assert reader.get("/api/v1/entries/case/to-come").status_code == 404


@pytest.mark.parametrize(
    "address", ["case/open/es", "nothing/open", "case/Open", "case/%00", "case/open/%00", "CASE/open", "case/study"]
)
def test_what_is_not_there(anyone: FlaskClient, address: str) -> None:
    assert anyone.get(f"/api/v1/entries/{address}").status_code == 404


def _listed(client: FlaskClient, query: str = "") -> list[str]:
    found = client.get(f"/api/v1/entries?{query}").get_json()
    return [f"{entry['kind']}/{entry['slug']}" for entry in found["entries"]]


def test_the_list_holds_what_the_reader_may_see(anyone: FlaskClient, reader: FlaskClient) -> None:
    assert _listed(anyone) == LISTED
    assert _listed(reader) == ["case/inside", *LISTED]
    assert anyone.get("/api/v1/entries").get_json()["total"] == 3


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=case", ["case/open"]),
        ("kind=case&kind=research", ["case/open", "research/study"]),
        ("city=testville", LISTED),
        ("city=elsewhere", []),
        ("language=ko", ["case/open"]),
        ("language=ko&kind=research", []),
        ("updated_since=2026-01-01", LISTED),
        ("updated_since=9999-12-31", []),
        ("per_page=1&page=2", ["profile/testville"]),
        ("page=9", []),
        ("kind=&page=&utm_source=somebody", LISTED),
    ],
)
def test_the_list_can_be_narrowed(anyone: FlaskClient, query: str, expected: list[str]) -> None:
    assert _listed(anyone, query) == expected


def test_a_work_in_a_list(anyone: FlaskClient) -> None:
    (found,) = anyone.get("/api/v1/entries?language=ko").get_json()["entries"]
    changed = found.pop("changed_at")
    assert changed.endswith("Z")
    assert found == {
        "slug": "open",
        "kind": "case",
        "language": "ko",
        "languages": ["en", "ko"],
        "title": "지어낸 사례",
        "summary": "시험용입니다.",
        "city": {"slug": "testville", "name": "Testville", "country": "IE"},
        "year": 2021,
        "evidence": 2,
        "cost_band": 3,
        "completeness": "stub",
        "url": "/cases/open",
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("kind=book", "kind"),
        ("kind=case&kind=book", "kind"),
        ("city=No%20slug", "city"),
        ("city=%00", "city"),
        ("language=klingon", "language"),
        ("updated_since=yesterday", "updated_since"),
        ("updated_since=1700000000", "updated_since"),
        ("page=0", "page"),
        ("page=99999999999999999999", "page"),
        ("per_page=101", "per_page"),
    ],
)
def test_what_the_list_can_not_use_is_named(anyone: FlaskClient, query: str, field: str) -> None:
    answer = anyone.get(f"/api/v1/entries?{query}")
    assert answer.status_code == 422
    (error,) = answer.get_json()["errors"]
    assert error["field"] == field
    assert error["detail"]
