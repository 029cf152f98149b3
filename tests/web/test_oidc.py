"""Signing in by a city's own sign-in, against a real small provider."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kb.app import create_app
from kb.domain.errors import InvalidSettings
from kb.domain.roles import COMMAND_LINE, Role
from kb.runtime import Runtime
from kb.services import invitations
from tests.conftest import make_settings
from tests.people import make_person, person_of, send, set_up_device
from tests.web.provider import CLIENT, SECRET, Provider, providing

JO = {"sub": "jo-1", "email": "jo@example.org", "email_verified": True, "name": "Jo Doe"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing() as running:
        running.claims = dict(JO)
        yield running


def _app(tmp_path: Path, empty: Runtime, issuer: str) -> Flask:
    settings = make_settings(
        tmp_path / "data", content_dir=str(tmp_path / "none"), oidc_issuer=issuer, oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
    )  # fmt: skip
    return create_app(settings, empty)


@pytest.fixture
def client(tmp_path: Path, empty: Runtime, provider: Provider) -> FlaskClient:
    """A browser on an instance that knows the provider and has invited Jo."""
    with empty.database.transaction() as session:
        invitations.invite(session, COMMAND_LINE, email="jo@example.org", role=Role.READER, city=None)
    return _app(tmp_path, empty, provider.issuer).test_client()


def _go(client: FlaskClient, target: str = "/account") -> str:
    """To the provider and back; the address on which one comes back."""
    away = client.get(f"/login/oidc?next={target}")
    back = requests.get(away.location, allow_redirects=False, timeout=10).headers["Location"]
    assert back.startswith("http://127.0.0.1:8000/login/oidc/answer?")
    return back.removeprefix("http://127.0.0.1:8000")


def _enter(client: FlaskClient, target: str = "/account") -> TestResponse:
    return client.get(_go(client, target))


def test_the_invited_come_in_and_are_known_again(client: FlaskClient, empty: Runtime, provider: Provider) -> None:
    assert "Sign in with your city" in client.get("/login").text
    assert _enter(client).location == "/account"
    assert "Jo Doe" in client.get("/account").text
    send(client, "/logout", "/account")
    provider.claims["email"] = "moved@example.org"
    assert _enter(client, "//evil.example").location == "/"
    assert "Jo Doe" in client.get("/account").text
    with empty.database.reading() as session:
        assert person_of(session, "jo@example.org").oidc_subject == "jo-1"


def test_a_second_factor_is_asked_for_here_too(client: FlaskClient, empty: Runtime) -> None:
    make_person(empty.database, "jo@example.org")
    device, _codes = set_up_device(empty.database, "jo@example.org")
    assert _enter(client).location == "/login/code"
    assert send(client, "/login/code", code=device.code()).location == "/account"


@pytest.mark.parametrize(
    "claims", [{"email_verified": False}, {"email_verified": "true"}, {"email": "nobody@example.org"}, {"email": ""}]
)
def test_nobody_else_does(client: FlaskClient, provider: Provider, claims: dict[str, object]) -> None:
    provider.claims |= claims
    answer = _enter(client)
    assert answer.status_code == 403
    assert "Nobody with this sign-in was invited here." in answer.text


@pytest.mark.parametrize(
    "spoil",
    [{"nonce": "another"}, {"iss": "https://evil.example"}, {"aud": "another"}, {"exp": 1}],
    ids=lambda one: next(iter(one)),
)
def test_a_token_that_is_not_for_us_now_is_refused(
    client: FlaskClient, provider: Provider, spoil: dict[str, object]
) -> None:
    provider.spoil = spoil
    assert _enter(client).status_code == 403
    assert client.get("/account").status_code == 302


def test_forged_stolen_and_repeated_answers_are_refused(client: FlaskClient, provider: Provider) -> None:
    provider.forge = True
    assert _enter(client).status_code == 403
    provider.forge = False
    back = _go(client)
    thief = client.application.test_client()
    assert thief.get(back).status_code == 403  # begun in another browser
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 403
    stolen = parse_qs(urlsplit(_go(client)).query)["code"][0]
    state = parse_qs(urlsplit(_go(thief)).query)["state"][0]
    assert thief.get(f"/login/oidc/answer?code={stolen}&state={state}").status_code == 403  # PKCE
    assert client.get("/login/oidc/answer?error=access_denied&state=x").status_code == 403


def test_a_provider_that_does_not_answer_is_told(tmp_path: Path, empty: Runtime) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    answer = _app(tmp_path, empty, f"http://127.0.0.1:{port}").test_client().get("/login/oidc")
    assert answer.status_code == 503
    assert "sign in by password" in answer.text


def test_without_the_setting_there_is_no_such_door(tmp_path: Path, empty: Runtime) -> None:
    client = create_app(make_settings(tmp_path / "data", content_dir=str(tmp_path / "none")), empty).test_client()
    assert client.get("/login/oidc").status_code == client.get("/login/oidc/answer").status_code == 404
    assert "Sign in with your city" not in client.get("/login").text


def test_a_missing_package_is_one_sentence(tmp_path: Path, empty: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InvalidSettings, match="pip install"):
        _app(tmp_path, empty, "https://id.city.example")
