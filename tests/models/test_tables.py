"""Tables, constraints and migrations, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import datetime as dt

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kb.db import Database, migrations
from kb.domain.workflow import State
from kb.models import Base, Entry, Mark, Membership, Person, Revision, Work
from kb.models.base import now


def test_migrations_make_the_models_tables(database: Database) -> None:
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert differences == []
    assert database.is_current()


def test_migrations_go_down_and_up_again(database: Database) -> None:
    with database.engine.connect() as connection:
        command.downgrade(migrations(connection), "base")
        connection.commit()
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    assert not database.is_current()
    database.migrate()
    assert database.is_current()


def _work(slug: str = "a") -> Work:
    return Work(kind="case", slug=slug, original_language="en", visibility="public", completeness="stub", header={},
                created_at=now(), entries=[])  # fmt: skip


def _revision(number: int, state: State) -> Revision:
    return Revision(number=number, state=state.value, header={}, body="", html="", plain="", headings=[], digest="",
                    created_at=now())  # fmt: skip


def _add(session: Session, *revisions: Revision) -> None:
    work = _work()
    work.entries.append(Entry(language="en", title="", summary="", created_at=now(), revisions=list(revisions)))
    session.add(work)
    session.flush()


@pytest.mark.parametrize(
    "states",
    [
        (State.PUBLISHED, State.PUBLISHED),
        (State.DRAFT, State.IN_REVIEW),
        (State.DRAFT, State.CHANGES_REQUESTED),
    ],
)
def test_an_entry_has_one_public_and_one_open_revision(database: Database, states: tuple[State, State]) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:
        _add(session, *(_revision(number, state) for number, state in enumerate(states, 1)))


def test_an_entry_may_have_a_public_an_open_and_many_old_ones(database: Database) -> None:
    states = (State.SUPERSEDED, State.SUPERSEDED, State.PUBLISHED, State.IN_REVIEW)
    with database.transaction() as session:
        _add(session, *(_revision(number, state) for number, state in enumerate(states, 1)))


@pytest.mark.parametrize("change", [{"kind": "poem"}, {"visibility": "secret"}])
def test_words_that_are_no_state_are_refused(database: Database, change: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:
        work = _work()
        for name, value in change.items():
            setattr(work, name, value)
        session.add(work)


@pytest.mark.parametrize(("role", "city"), [("editor", None), ("admin", "cork"), ("king", None)])
def test_roles_have_a_city_or_none_as_they_need(database: Database, role: str, city: str | None) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:
        person = Person(email="a@example.org", name="A", created_at=now())
        person.memberships = [Membership(role=role, city_slug=city)]
        session.add(person)


def test_times_are_utc(database: Database) -> None:
    moment = dt.datetime(2026, 11, 23, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=9)))
    with database.transaction() as session:
        session.add(Person(email="a@example.org", name="A", created_at=moment))
    with database.reading() as session:
        stored = session.scalars(select(Person.created_at)).one()
    assert stored == moment
    assert stored.utcoffset() == dt.timedelta(0)


def test_a_reading_session_changes_nothing(database: Database) -> None:
    with database.reading() as session:
        session.add(Mark(name="a", value="b"))
        session.flush()
    with database.reading() as session:
        assert session.get(Mark, "a") is None


def test_a_failed_transaction_changes_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError), database.transaction() as session:
        session.add(Mark(name="a", value="b"))
        session.flush()
        raise RuntimeError
    with database.reading() as session:
        assert session.get(Mark, "a") is None


def test_a_library_from_before_the_writers_keeps_its_texts(empty_database: Database) -> None:
    with empty_database.engine.connect() as connection:
        command.upgrade(migrations(connection), "0001")
        key, other = "0" * 31 + "1", "0" * 31 + "2"
        connection.execute(text(
            "INSERT INTO work (id, kind, slug, original_language, visibility, completeness, header, created_at)"
            f" VALUES ('{key}', 'case', 'a', 'en', 'public', 'stub', '{{}}', '2026-01-01 00:00:00')"
        ))  # fmt: skip
        connection.execute(text(
            "INSERT INTO entry (id, work_id, language, title, summary, created_at)"
            f" VALUES ('{key}', '{key}', 'en', '', '', '2026-01-01 00:00:00')"
        ))  # fmt: skip
        connection.execute(text(
            "INSERT INTO revision"
            " (id, entry_id, number, state, header, body, html, plain, headings, digest, created_at)"
            f" VALUES ('{other}', '{key}', 1, 'draft', '{{\"city\": \"testville\"}}', 'B', '', '', '[]', '',"
            " '2026-01-01 00:00:00')"
        ))  # fmt: skip
        connection.commit()
    empty_database.migrate()
    with empty_database.reading() as session:
        assert session.scalars(select(Revision.body)).all() == ["B"]
        assert session.scalars(select(Work.city_slug)).all() == ["testville"]
    with empty_database.engine.connect() as connection:
        command.downgrade(migrations(connection), "0001")
        connection.commit()
        assert connection.execute(text("SELECT count(*) FROM revision")).scalar() == 1
