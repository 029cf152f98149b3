"""People from the terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config import Settings
from kb.app import create_app, wire
from kb.cli.serving import _announce, _first_link
from kb.domain.errors import Conflict, NotFound, NotPermitted
from tests.conftest import make_settings
from tests.factories import profile_header
from tests.library import run, vocabularies, write
from tests.people import PASSWORD, enter, send

JO = "jo@example.org"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of an instance with a city."""
    vocabularies(tmp_path / "library")
    write(tmp_path / "library", "cities/testville/en.md", profile_header())
    assert run(tmp_path / "data", "init", content_dir=str(tmp_path / "library")).exit_code == 0
    return tmp_path / "data"


def _settings(data: Path) -> Settings:
    return make_settings(data, content_dir=str(data / "none"))


def test_who_is_made_here_works_at_once(data: Path) -> None:
    made = run(data, "user", "create", JO, "--name", "Jo", "--role", "editor", "--city", "testville",
               "--password-stdin", stdin=PASSWORD + "\n")  # fmt: skip
    assert made.exit_code == 0
    client = create_app(_settings(data)).test_client()
    assert enter(client, JO, next="/account").location == "/account"
    page = client.get("/account").text
    assert "You review and publish for the city." in page
    assert "needs a second factor" not in page
    assert "second factor" in run(data, "user", "create", "--help").stdout


def test_an_invitation_is_a_link_that_works(data: Path) -> None:
    printed = run(data, "user", "invite", JO, "--role", "editor", "--city", "testville").stdout
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/invitation/[\w-]{43}\n", printed)
    client = create_app(_settings(data)).test_client()
    client.get(printed.strip().removeprefix("http://127.0.0.1:8000"))
    led = send(client, "/invitation", name="Jo", password=PASSWORD)
    assert led.location == "/account/second-factor?next=/"  # whoever was invited to edit must have one
    listed = run(data, "user", "list", "--role", "editor", "--city", "testville").stdout
    assert listed == f"{JO}\tJo\teditor of testville\t\n"
    again = run(data, "user", "invite", JO, "--role", "editor", "--city", "testville")
    assert isinstance(again.exception, Conflict)


def test_tokens_passwords_and_the_end(data: Path) -> None:
    run(data, "user", "create", JO, "--name", "Jo", "--role", "coordinator", "--password-stdin", stdin=PASSWORD + "\n")
    token = run(data, "user", "token", JO, "--days", "7", "--scope", "write").stdout.strip()
    app = create_app(_settings(data))
    bearer = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/api/v1/search", headers=bearer).status_code == 200
    assert run(data, "user", "token", JO, "--days", "0").exit_code == 2
    assert isinstance(run(data, "user", "token", "nobody@example.org").exception, NotFound)

    link = run(data, "user", "reset", JO, "--second-factor").stdout.strip()
    client = app.test_client()
    client.get(link.removeprefix("http://127.0.0.1:8000"))
    assert send(client, "/reset/password", password="an entirely new one").location == "/login"
    assert enter(client, JO, "an entirely new one").status_code == 303

    assert run(data, "user", "disable", JO).exit_code == 0
    assert client.get("/account").status_code == 302
    assert app.test_client().get("/api/v1/search", headers=bearer).status_code == 401
    assert "disabled" in run(data, "user", "list").stdout


def test_the_first_administrators_link_is_printed_until_there_is_one(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = _settings(data)
    parts = wire(settings)
    first, second = _first_link(parts), _first_link(parts)
    assert first != second
    _announce("http://127.0.0.1:8000", second)
    printed = capsys.readouterr().out
    path = re.search(r"  http://127.0.0.1:8000(/invitation/[\w-]+)\n", printed)
    assert path
    assert path[1] == second
    client = create_app(settings, parts).test_client()
    assert client.get(first or "", follow_redirects=True).status_code == 404
    client.get(path[1])
    assert send(client, "/invitation", name="Root", email="root@example.org", password=PASSWORD).status_code == 303
    assert _first_link(parts) is None
    _announce("http://127.0.0.1:8000", None)
    assert "invitation" not in capsys.readouterr().out
    last = run(data, "user", "disable", "root@example.org")
    assert isinstance(last.exception, Conflict)
    assert not isinstance(last.exception, NotPermitted)
    parts.database.close()
    parts.engine.close()
