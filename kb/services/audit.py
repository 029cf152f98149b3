"""The log of who did what to what, when and from where; written in the transaction of the deed, never edited."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from kb.domain.permissions import Permission, require
from kb.domain.roles import Actor
from kb.models import AuditEvent

COLUMNS: Final = ("at", "actor", "address", "action", "object_type", "object_id", "detail")


def record(
    session: Session, actor: Actor, action: str, object_type: str, object_id: str, **detail: str | int | None
) -> None:
    """Note that the actor did this to that; `detail` carries no secret and no text of an entry."""
    session.add(
        AuditEvent(
            actor_id=actor.person,
            actor_name=actor.name,
            address=actor.address,
            action=action,
            object_type=object_type,
            object_id=object_id,
            detail=detail,
        )
    )


@dataclass(frozen=True)
class Filter:
    """Which part of the log; empty fields ask for nothing.

    Attributes:
        actor: a part of the name.
        since, until: days, both included, UTC.
    """

    actor: str = ""
    action: str = ""
    object_type: str = ""
    object_id: str = ""
    since: dt.date | None = None
    until: dt.date | None = None


def list_events(
    session: Session, actor: Actor, wanted: Filter, *, page: int = 1, per_page: int = 50
) -> tuple[Sequence[AuditEvent], int]:
    """One page of the log, newest first, and how many events there are.

    Raises:
        NotPermitted: for administrators only.
    """
    require(actor, Permission.AUDIT_READ)
    query = _select(wanted)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(AuditEvent.at.desc(), AuditEvent.id)
    return session.scalars(ordered.limit(per_page).offset((page - 1) * per_page)).all(), total


def list_actions(session: Session, actor: Actor) -> Sequence[str]:
    """All that was ever done, by name.

    Raises:
        NotPermitted: for administrators only.
    """
    require(actor, Permission.AUDIT_READ)
    return session.scalars(select(AuditEvent.action).distinct().order_by(AuditEvent.action)).all()


def export_events(session: Session, actor: Actor, wanted: Filter) -> Iterator[str]:
    """The log as CSV, line by line, oldest first; that it was taken out is noted by the caller's transaction.

    Raises:
        NotPermitted: for administrators only.
    """
    require(actor, Permission.AUDIT_READ)
    query = _select(wanted).order_by(AuditEvent.at, AuditEvent.id).execution_options(yield_per=500)
    return _lines(session, query)


def _lines(session: Session, query: Select[AuditEvent]) -> Iterator[str]:
    yield _line(COLUMNS)
    for event in session.scalars(query):
        detail = json.dumps({key: value for key, value in event.detail.items() if value is not None},
                            ensure_ascii=False)  # fmt: skip
        yield _line((event.at.isoformat(), event.actor_name, event.address or "", event.action, event.object_type,
                     event.object_id, detail))  # fmt: skip


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    # a spreadsheet would take what begins so for a formula: people choose their names
    csv.writer(out).writerow([f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell for cell in cells])
    return out.getvalue()


def _select(wanted: Filter) -> Select[AuditEvent]:
    query = select(AuditEvent)
    if wanted.actor:
        query = query.where(func.lower(AuditEvent.actor_name).contains(wanted.actor.lower(), autoescape=True))
    for column, value in ((AuditEvent.action, wanted.action), (AuditEvent.object_type, wanted.object_type),
                          (AuditEvent.object_id, wanted.object_id)):  # fmt: skip
        if value:
            query = query.where(column == value)
    if wanted.since:
        query = query.where(AuditEvent.at >= dt.datetime.combine(wanted.since, dt.time(), dt.UTC))
    if wanted.until:
        after = wanted.until + dt.timedelta(days=1)
        query = query.where(AuditEvent.at < dt.datetime.combine(after, dt.time(), dt.UTC))
    return query
