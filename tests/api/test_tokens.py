"""Personal tokens at the API: who asks, and what a bad token is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from kb.api.operations import bp
from kb.app import create_app
from kb.domain.roles import COMMAND_LINE, Role, Scope
from kb.runtime import Runtime, current_actor
from kb.services import accounts, tokens
from tests.conftest import make_settings
from tests.people import enter, make_person, person_of


@pytest.fixture
def instance(tmp_path: Path, empty: Runtime) -> Iterator[Flask]:
    """An instance whose API has one address that says who asks, and takes changes."""
    app = create_app(make_settings(tmp_path / "data", content_dir=str(tmp_path / "none")), empty)

    def who() -> Response:
        actor = current_actor()
        return Response(f"{actor.name}, {sorted(held.role.value for held in actor.memberships)}, {actor.address}")

    app.add_url_rule("/api/v1/who", f"{bp.name}.who", who, methods=["GET", "POST", "DELETE"])
    yield app


def _token(parts: Runtime, scope: Scope) -> dict[str, str]:
    with parts.database.transaction() as session:
        person = person_of(session)
        text = tokens.create_token(session, COMMAND_LINE, person, name="t", days=1, scope=scope)
    return {"Authorization": f"Bearer {text}"}


def test_a_token_acts_for_its_person_within_its_scope(instance: Flask, empty: Runtime) -> None:
    admin = make_person(empty.database, role=Role.ADMIN)
    reading, writing = _token(empty, Scope.READ), _token(empty, Scope.WRITE)
    client = instance.test_client()
    assert client.get("/api/v1/who", headers=reading).text == "Mina, ['admin'], 127.0.0.1"
    assert client.get("/api/v1/who").text == ", [], None"
    assert client.post("/api/v1/who", headers=writing).status_code == 200
    refused = client.post("/api/v1/who", headers=reading)
    assert (refused.status_code, refused.content_type) == (403, "application/problem+json")
    assert "for reading only" in refused.get_json()["detail"]
    other = make_person(empty.database, "root@example.org", Role.ADMIN)
    with empty.database.transaction() as session:
        accounts.disable(session, other, person_of(session))
    assert admin.signed_in
    assert client.get("/api/v1/who", headers=writing).status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer kb_unknown", "bearer x y"])
@pytest.mark.parametrize("path", ["/api/v1/who", "/api/v1/search?q=a", "/api/v1/vocabularies"])
def test_a_token_that_is_not_good_is_told_everywhere(instance: Flask, path: str, header: str) -> None:
    answer = instance.test_client().get(path, headers={"Authorization": header})
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_cookie_reads_and_never_writes(instance: Flask, empty: Runtime) -> None:
    make_person(empty.database, role=Role.ADMIN)
    client: FlaskClient = instance.test_client()
    enter(client)
    assert client.get("/api/v1/who").text.startswith("Mina")
    for method in ("POST", "DELETE"):
        assert client.open("/api/v1/who", method=method).status_code == 401


def test_a_person_who_lacks_a_second_factor_reads(instance: Flask, empty: Runtime) -> None:
    make_person(empty.database, role=Role.ADMIN, demanded=True)
    answer = instance.test_client().get("/api/v1/who", headers=_token(empty, Scope.WRITE))
    assert answer.text.startswith("Mina, ['reader']")
