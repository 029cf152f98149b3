"""People: made whole or not at all, let in by the right password only."""

from __future__ import annotations

import pytest

from kb.db import Database
from kb.domain.errors import Conflict, Invalid, NotPermitted
from kb.domain.roles import COMMAND_LINE, Role
from kb.models.base import now
from kb.services import people
from kb.text.renderer import Renderer
from tests.factories import profile_header, save

PASSWORD = "long enough for a test"


def _make(database: Database, **changes: object) -> None:
    given = {"email": "Kim@Example.org ", "name": "Kim", "role": Role.READER, "city": None, "password": PASSWORD}
    with database.transaction() as session:
        people.create_person(session, COMMAND_LINE, **(given | changes))  # type: ignore[arg-type]


def test_the_right_password_lets_in(database: Database) -> None:
    _make(database)
    with database.reading() as session:
        person = people.sign_in(session, " KIM@example.ORG", PASSWORD)
        actor = people.load_actor(session, person.id)
        assert actor
        assert actor.holds(Role.READER)
        assert not people.has_admin(session)


@pytest.mark.parametrize(("email", "password"), [("kim@example.org", "wrong"), ("nobody@example.org", PASSWORD)])
def test_anything_else_is_the_same_sentence(database: Database, email: str, password: str) -> None:
    _make(database)
    with database.reading() as session, pytest.raises(NotPermitted, match="not right"):
        people.sign_in(session, email, password)


def test_a_disabled_person_stays_out(database: Database) -> None:
    _make(database, role=Role.ADMIN)
    with database.transaction() as session:
        person = people.sign_in(session, "kim@example.org", PASSWORD)
        person.disabled_at = now()
    with database.reading() as session:
        assert people.load_actor(session, person.id) is None
        with pytest.raises(NotPermitted):
            people.sign_in(session, "kim@example.org", PASSWORD)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "kim"}, "email"),
        ({"email": "a b@example.org"}, "email"),
        ({"name": " "}, "name"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"role": Role.EDITOR}, "city"),
        ({"city": "testville"}, "city"),
        ({"role": Role.EDITOR, "city": "nowhere"}, "city"),
    ],
)
def test_mistakes_are_told_by_field(database: Database, change: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        _make(database, **change)
    assert caught.value.problems[0].field == field


def test_an_address_is_one_persons(database: Database) -> None:
    _make(database)
    with pytest.raises(Conflict):
        _make(database, email="kim@example.org")


def test_an_editor_edits_for_a_city(database: Database, renderer: Renderer) -> None:
    with database.transaction() as session:
        save(session, renderer, profile_header(), slug="testville")
    _make(database, role=Role.EDITOR, city="testville")
    with database.reading() as session:
        actor = people.load_actor(session, people.sign_in(session, "kim@example.org", PASSWORD).id)
    assert actor
    assert actor.holds(Role.EDITOR, "testville")
