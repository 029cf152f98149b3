"""Nothing leaks: a secret word in what is not public appears in no page, count, list, suggestion, export or error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.app import create_app, wire
from kb.domain.roles import COMMAND_LINE, Role
from kb.models.base import now
from kb.runtime import Runtime
from kb.services import indexing, people
from kb.text.renderer import Renderer
from tests.conftest import make_settings
from tests.factories import case_header, profile_header, research_header, save
from tests.library import exported

SECRET = "zyxwsecret"
PASSWORD = "long enough for a test"


@pytest.fixture
def secretive(empty: Runtime, renderer: Renderer) -> Iterator[Flask]:
    """An instance that keeps the word in a network-only, a draft and an archived entry, and in a contact."""
    told = {"title": f"Told {SECRET}", "summary": f"About {SECRET}."}
    with empty.database.transaction() as session:
        save(session, renderer, profile_header(), slug="testville")
        themes = {"key_features": ["2.2.1"]}
        contact = {"unit": SECRET, "email": f"{SECRET}@example.org"}
        save(session, renderer, case_header(**themes, contact=contact), slug="open")
        hidden = case_header("elsewhere", **told, **themes, visibility="network")
        save(session, renderer, hidden, f"{SECRET}\n", slug="network")
        save(session, renderer, research_header(**told), f"{SECRET}\n", slug="draft", publish=False)
        save(session, renderer, profile_header("hidden", name=SECRET, visibility="network"), slug="hidden")
        gone, _ = save(session, renderer, case_header(), slug="gone")
        gone.archived_at, gone.archive_reason = now(), "Told elsewhere."
        people.create_person(
            session, COMMAND_LINE, email="a@example.org", name="A", role=Role.READER, city=None, password=PASSWORD
        )
    with empty.database.reading() as session:
        while indexing.drain(session, empty.engine):
            pass
    settings = make_settings(empty.data_dir)
    app = create_app(replace(settings, content_dir=empty.data_dir / "none"), wire(settings))
    app.config["WTF_CSRF_ENABLED"] = False
    yield app
    parts: Runtime = app.extensions["kb"]
    parts.database.close()
    parts.engine.close()


def _addresses(app: Flask) -> list[str]:
    """Every address of the app, with each value that could lead to something hidden."""
    values = {
        "slug": ["network", "draft", "hidden", "open", "none"],
        "language": ["en", "ko"],
        "kind": ["case", "research", "profile"],
        "folder": ["cases", "research", "cities"],
        "name": [f"{SECRET}.pdf"],
        "page": ["about"],
        "filename": ["library.css"],
        "scheme": ["key_features"],
        "code": ["2.2"],
    }
    found = {"/search?q=told", f"/search?q={SECRET[:4]}*", "/search?q=title:told", "/search?kind=profile",
             "/api/v1/search?q=told", "/api/v1/suggest?q=told", f"/api/v1/suggest?q={SECRET[:4]}",
             "/api/v1/search?q=city:hidden"}  # fmt: skip
    # a beginning, first letters, a typing error: what is suggested, meant, related
    typed = (SECRET[:1], SECRET[:-1], f"{SECRET[:-2]}t", f"{SECRET[:-2]}te", "to", "tolld")
    found |= {f"{path}?q={words}" for path in ("/search", "/api/v1/search", "/api/v1/suggest") for words in typed}
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or set()):
            continue
        addresses = [rule.rule]
        for argument in rule.arguments:
            addresses = [
                "".join([address[: address.rindex("<", 0, address.index(f"{argument}>") + 1)], value,
                         address[address.index(f"{argument}>") + len(argument) + 1 :]])
                for address in addresses
                for value in values.get(argument, ["x"])
            ]  # fmt: skip
        found |= set(addresses)
    return sorted(found)


def test_a_signed_out_reader_finds_no_trace(secretive: Flask) -> None:
    client = secretive.test_client()
    for address in _addresses(secretive):
        with client.get(address) as answer:
            assert answer.status_code < 500, address
            # an address or a search that the reader typed may be said back
            said = answer.get_data(as_text=True).replace(f"{SECRET}.pdf", "")
        assert SECRET not in said, address


def test_what_is_meant_and_related_has_no_trace_and_is_there_for_who_may(secretive: Flask) -> None:
    client = secretive.test_client()

    def answers() -> str:
        meant = client.get(f"/api/v1/search?q={SECRET[:-1]}").json["query"]["did_you_mean"]  # type: ignore[index]  # JSON
        suggested = client.get(f"/api/v1/suggest?q={SECRET[:4]}").get_data(as_text=True).strip()
        return f"{meant} {suggested} {client.get('/cases/open').get_data(as_text=True).count('/cases/network')}"

    assert answers() == 'None {"suggestions":[]} 0'
    client.post("/login", data={"email": "a@example.org", "password": PASSWORD})
    found = answers()
    assert found.startswith(f"{SECRET} ") and not found.endswith(" 0")
    assert "/cities/hidden" in found and "draft" not in found


def test_hidden_and_unknown_are_the_same_answer(secretive: Flask) -> None:
    client = secretive.test_client()
    for hidden, unknown in (
        ("/cases/network", "/cases/unknown"),
        ("/research/draft", "/research/unknown"),
        ("/cities/hidden", "/cities/unknown"),
        ("/api/v1/entries/case/network", "/api/v1/entries/case/unknown"),
    ):
        one, two = client.get(hidden), client.get(unknown)
        assert (one.status_code, two.status_code) == (404, 404)
        assert one.get_data(as_text=True).replace(hidden, "") == two.get_data(as_text=True).replace(unknown, "")


def test_counts_are_of_what_the_reader_may_see(secretive: Flask) -> None:
    answer = json.loads(secretive.test_client().get("/api/v1/search").data)
    assert answer["total"] == 2  # the city and the open case: not the network's, the draft, the archived
    assert sum(value["count"] for value in answer["facets"]["kind"]) == 2


def test_a_reader_of_the_network_finds_the_network_and_no_draft(secretive: Flask) -> None:
    client: FlaskClient = secretive.test_client()
    signed_in = client.post("/login", data={"email": "a@example.org", "password": PASSWORD})
    assert signed_in.status_code in {302, 303}
    assert SECRET in client.get("/cases/network").get_data(as_text=True)
    assert SECRET in client.get("/cases/open").get_data(as_text=True)  # the contact
    assert client.get("/research/draft").status_code == 404
    assert client.get("/search?q=told").get_data(as_text=True).count("/cases/network") >= 1


def test_the_public_export_has_no_trace(secretive: Flask, empty: Runtime) -> None:
    assert not any(SECRET.encode() in content for content in exported(empty).values())
    everything = exported(empty, everything=True)
    assert any(SECRET.encode() in content for content in everything.values())
    assert not any("draft" in path for path in everything)
