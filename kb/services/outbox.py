"""Requests to the background worker, written in the transaction of the change: never missed, never early."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from kb.models import OutboxRow, Work

INDEX = "index"
_LOCK = 0x6B62  # any number that nothing else in the database locks


def _take_turn(session: Session) -> None:
    """Let numbers become visible in their order.

    A sequence gives numbers before the commit: without this lock a later one could be applied first, and the earlier
    one be passed over for good. SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def request_indexing(session: Session, work: Work) -> None:
    """Ask for the work to be brought to the index as it will be after this transaction."""
    _take_turn(session)
    session.add(OutboxRow(topic=INDEX, object_id=work.id))


def request_indexing_of_city(session: Session, city_slug: str) -> None:
    """Ask for all works of a city, whose name or country stands in their documents."""
    ids = session.scalars(select(Work.id).where(Work.city_slug == city_slug, Work.published_at.is_not(None)))
    rows = [{"topic": INDEX, "object_id": found} for found in ids]
    if rows:
        _take_turn(session)
        session.execute(insert(OutboxRow), rows)


def waiting(session: Session, after: int, limit: int) -> Sequence[tuple[int, UUID]]:
    """Number and work of the index requests after that number, oldest first."""
    query = (
        select(OutboxRow.number, OutboxRow.object_id)
        .where(OutboxRow.topic == INDEX, OutboxRow.number > after)
        .order_by(OutboxRow.number)
        .limit(limit)
    )
    return [(number, work) for number, work in session.execute(query)]


def count_after(session: Session, number: int) -> int:
    """How many index requests come after that number."""
    query = select(func.count()).where(OutboxRow.topic == INDEX, OutboxRow.number > number)
    return session.scalar(query) or 0


def last_number(session: Session) -> int:
    """The number of the newest request, 0 where there was none."""
    return session.scalar(select(func.max(OutboxRow.number))) or 0


def forget(session: Session, up_to: int) -> None:
    """Drop the requests that the index has applied; the newest stays, so that `last_number` stays true."""
    session.execute(delete(OutboxRow).where(OutboxRow.topic == INDEX, OutboxRow.number < up_to))
