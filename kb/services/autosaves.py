"""What people have typed and not saved: kept for each person and entry until they save or drop it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kb.domain.kinds import Kind
from kb.domain.permissions import Permission
from kb.domain.roles import Actor
from kb.models import Autosave, Entry, Person
from kb.models.base import now
from kb.services.reach import reach_entry

_PRESENT: Final = dt.timedelta(minutes=2)


@dataclass(frozen=True)
class Writer:
    """Somebody else who is at the same text now."""

    name: str
    since: dt.datetime


def keep(
    session: Session,
    actor: Actor,
    kind: Kind,
    slug: str,
    language: str,
    *,
    base: str,
    fields: Mapping[str, Sequence[str]],
) -> None:
    """Keep what the person has typed, as it is; it need not be right.

    Args:
        base: digest of the text that the typing began with.
        fields: name of the form's field → its values.

    Raises:
        NotFound: no such entry, or not for this actor.
        NotPermitted: they may not write it.
    """
    entry = reach_entry(session, actor, kind, slug, language, Permission.DRAFT_WRITE)
    if actor.person is None:
        return
    kept = _find(session, actor, entry)
    if kept is None:
        kept = Autosave(person_id=actor.person, entry_id=entry.id)
        session.add(kept)
    kept.base, kept.fields, kept.saved_at = base[:64], {name: list(found) for name, found in fields.items()}, now()


def find(session: Session, actor: Actor, entry: Entry) -> Autosave | None:
    """What the person has typed and not saved."""
    return _find(session, actor, entry) if actor.person else None


def drop(session: Session, actor: Actor, entry: Entry) -> None:
    """Forget it: it was saved, or is not wanted."""
    session.execute(delete(Autosave).where(Autosave.person_id == actor.person, Autosave.entry_id == entry.id))


def others(session: Session, actor: Actor, entry: Entry) -> list[Writer]:
    """Who else has typed in this entry within two minutes."""
    query = (
        select(Person.name, Autosave.saved_at)
        .join(Autosave, Autosave.person_id == Person.id)
        .where(Autosave.entry_id == entry.id, Autosave.saved_at > now() - _PRESENT)
        .order_by(Person.name)
    )
    if actor.person:
        query = query.where(Autosave.person_id != actor.person)
    return [Writer(name, at) for name, at in session.execute(query)]


def _find(session: Session, actor: Actor, entry: Entry) -> Autosave | None:
    query = select(Autosave).where(Autosave.person_id == actor.person, Autosave.entry_id == entry.id)
    return session.scalar(query)
