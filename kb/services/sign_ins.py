"""Sessions: one row for each browser in which somebody is signed in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from kb.domain.errors import N_, NotFound
from kb.domain.roles import STRONG_ROLES, Actor
from kb.models import Person, SignIn
from kb.models.base import now
from kb.services import audit, people
from kb.services.one_time_links import digest_of, new_secret

IDLE: Final = dt.timedelta(days=14)
IDLE_STRONG: Final = dt.timedelta(hours=12)  # of editors and above
LONGEST: Final = dt.timedelta(days=30)
HALF: Final = dt.timedelta(minutes=10)  # between password and code
_SEEN_EVERY: Final = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Found:
    """Whose session it is, and whether it is time to note that it was used."""

    id: UUID
    actor: Actor
    stale: bool


def open_sign_in(session: Session, person: Person, *, whole: bool, address: str, browser: str) -> str:
    """Begin a session; the secret for the cookie.

    Args:
        whole: False where the code of the second factor is still to come.
    """
    secret = new_secret()
    session.add(SignIn(person_id=person.id, digest=digest_of(secret), whole=whole, address=address[:45],
                       browser=browser[:200], created_at=now(), seen_at=now()))  # fmt: skip
    if whole:
        audit.record(session, Actor(person.id, person.name, address=address), "sign in", "person", str(person.id))
    return secret


def find_sign_in(session: Session, secret: str, address: str | None) -> Found | None:
    """The session with that secret, None when it ended, went idle or belongs to somebody who may not come in."""
    row = _find(session, secret, whole=True)
    if row is None:
        return None
    moment = now()
    strong = any(held.role in STRONG_ROLES for held in row.person.memberships)
    if moment > row.seen_at + (IDLE_STRONG if strong else IDLE) or moment > row.created_at + LONGEST:
        return None
    actor = people.actor_of(row.person)
    return Found(row.id, replace(actor, address=address), moment > row.seen_at + _SEEN_EVERY) if actor else None


def find_half(session: Session, secret: str) -> Person | None:
    """Who has given the right password and owes the code."""
    row = _find(session, secret, whole=False)
    if row is None or now() > row.created_at + HALF or row.person.disabled_at:
        return None
    return row.person


def _find(session: Session, secret: str, *, whole: bool) -> SignIn | None:
    query = (
        select(SignIn)
        .where(SignIn.digest == digest_of(secret), SignIn.whole == whole)
        .options(joinedload(SignIn.person).selectinload(Person.memberships))
    )
    return session.scalar(query)


def note_use(session: Session, id_: UUID) -> None:
    """Put off the idle end."""
    if row := session.get(SignIn, id_):
        row.seen_at = now()


def list_sign_ins(session: Session, person: UUID) -> Sequence[SignIn]:
    """The person's sessions, the one used last first."""
    query = select(SignIn).where(SignIn.person_id == person, SignIn.whole, SignIn.created_at > now() - LONGEST)
    return session.scalars(query.order_by(SignIn.seen_at.desc())).all()


def end_by_secret(session: Session, secret: str) -> None:
    """End one session, as signing out does."""
    session.execute(delete(SignIn).where(SignIn.digest == digest_of(secret)))


def end_own(session: Session, actor: Actor, id_: UUID) -> None:
    """End one of one's own sessions.

    Raises:
        NotFound: it is not one's own.
    """
    row = session.get(SignIn, id_)
    if row is None or row.person_id != actor.person:
        raise NotFound(N_("This session has ended already."))
    session.delete(row)
    audit.record(session, actor, "end session", "person", str(row.person_id))


def end_all(session: Session, person: Person, *, but: UUID | None = None) -> None:
    """End the person's sessions everywhere."""
    ending = delete(SignIn).where(SignIn.person_id == person.id)
    session.execute(ending.where(SignIn.id != but) if but else ending)


def forget_old(session: Session) -> None:
    """Remove sessions that are too old to work."""
    session.execute(delete(SignIn).where(SignIn.created_at < now() - LONGEST))
    session.execute(delete(SignIn).where(SignIn.whole.is_(False), SignIn.created_at < now() - HALF))
