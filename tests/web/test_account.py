"""Signing in and out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kb.app import create_app
from kb.domain.roles import COMMAND_LINE, Role
from kb.runtime import Runtime
from kb.services.people import create_person
from tests.conftest import make_settings

EMAIL, PASSWORD = "mina@example.org", "a long enough password"


@pytest.fixture
def visitor(tmp_path: Path, empty: Runtime) -> Iterator[FlaskClient]:
    """Somebody before the sign-in form of an instance that knows Mina."""
    with empty.database.transaction() as session:
        create_person(
            session, COMMAND_LINE, email=EMAIL, name="Mina", role=Role.COORDINATOR, city=None, password=PASSWORD
        )
    app = create_app(make_settings(tmp_path / "data", content_dir=str(tmp_path / "none")), empty)
    yield app.test_client()


def token(client: FlaskClient, path: str = "/login") -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found
    return found[1]


def enter(client: FlaskClient, password: str = PASSWORD, **fields: str) -> TestResponse:
    data = {"csrf_token": token(client), "email": EMAIL, "password": password, "next": ""}
    return client.post("/login", data=data | fields)


def test_in_and_out(visitor: FlaskClient) -> None:
    assert visitor.get("/account").location == "/login?next=/account"
    answer = enter(visitor, next="/account")
    assert (answer.status_code, answer.location) == (303, "/account")
    page = visitor.get("/account").text
    assert "Welcome, Mina." in page
    assert "You coordinate the network." in page
    assert visitor.get("/login").status_code == 303  # nothing to do there any more

    answer = visitor.post("/logout", data={"csrf_token": token(visitor, "/account")})
    assert answer.status_code == 303
    assert visitor.get("/account").status_code == 302


@pytest.mark.parametrize(("email", "password"), [(EMAIL, "wrong"), ("nobody@example.org", PASSWORD), ("", "")])
def test_a_wrong_pair_is_told_in_one_sentence(visitor: FlaskClient, email: str, password: str) -> None:
    answer = enter(visitor, password, email=email)
    assert answer.status_code == 403
    assert "Address or password is not right. Please try again." in answer.text
    assert PASSWORD not in answer.text
    assert visitor.get("/account").status_code == 302


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere(visitor: FlaskClient, next_: str) -> None:
    assert enter(visitor, next=next_).location == "/"


def test_forms_without_a_token_change_nothing(visitor: FlaskClient) -> None:
    answer = visitor.post("/login", data={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 400
    assert "Please load it again." in answer.text
    assert visitor.get("/account").status_code == 302
    enter(visitor)
    assert visitor.post("/logout").status_code == 400
    assert visitor.get("/account").status_code == 200


def test_the_eleventh_try_waits(visitor: FlaskClient) -> None:
    csrf = token(visitor)
    wrong = {"csrf_token": csrf, "email": EMAIL, "password": "wrong"}
    assert [visitor.post("/login", data=wrong).status_code for _ in range(11)] == [403] * 10 + [429]
    answer = visitor.post("/login", data=wrong | {"password": PASSWORD})
    assert answer.status_code == 429
    assert "Too many tries" in answer.text
