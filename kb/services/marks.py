"""Facts about this installation."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy.orm import Session

from kb.models import Mark


def get_mark(session: Session, name: str) -> str | None:
    """The mark's value, None where it was never set."""
    mark = session.get(Mark, name)
    return mark.value if mark else None


def set_mark(session: Session, name: str, value: str) -> None:
    """Set the mark."""
    session.merge(Mark(name=name, value=value))


def database_id(session: Session) -> str | None:
    """What tells this database from any other; None before `kb init`."""
    return get_mark(session, "database")


def name_database(session: Session) -> None:
    """Give the database its id, once."""
    if database_id(session) is None:
        set_mark(session, "database", str(uuid4()))
