"""Personal tokens for the API: scoped, expiring, revocable."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from kb.domain.errors import N_, Invalid, NotFound, NotSignedIn
from kb.domain.roles import Actor, Scope
from kb.models import AccessToken, Person
from kb.models.base import now
from kb.services import audit, people
from kb.services.one_time_links import digest_of, new_secret

LONGEST_DAYS: Final = 365
PREFIX: Final = "kb_"  # so that scanners of published code can tell one
_USED_EVERY: Final = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Found:
    """Whose token it is, and whether it is time to note that it was used."""

    id: UUID
    actor: Actor
    stale: bool


def create_token(session: Session, actor: Actor, person: Person, *, name: str, days: int, scope: Scope) -> str:
    """Make a token; its text, shown this once.

    Raises:
        Invalid: no name, or a number of days that is not from 1 to 365.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= 80:
        raise Invalid.of(N_("must have 1 to %(longest)s characters."), field="token_name", longest=80)
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid.of(N_("must be from 1 to %(longest)s."), field="days", longest=LONGEST_DAYS)
    text = PREFIX + new_secret()
    session.add(
        AccessToken(
            person_id=person.id, name=name, digest=digest_of(text), scope=scope.value, created_at=now(),
            expires_at=now() + dt.timedelta(days=days),
        )
    )  # fmt: skip
    audit.record(session, actor, "create token", "person", str(person.id), name=name, scope=scope.value, days=days)
    return text


def find_token(session: Session, text: str, address: str | None) -> Found:
    """The token's person as the actor of a request.

    Raises:
        NotSignedIn: unknown, expired, revoked, or the person may not come in: one sentence for all.
    """
    query = (
        select(AccessToken)
        .where(AccessToken.digest == digest_of(text), AccessToken.expires_at > now())
        .options(joinedload(AccessToken.person).selectinload(Person.memberships))
    )
    row = session.scalar(query)
    actor = people.actor_of(row.person) if row else None
    if row is None or actor is None:
        raise NotSignedIn(N_("This token is not valid: unknown, expired or revoked. Please make a new one."))
    actor = replace(actor, address=address, read_only=row.scope == Scope.READ.value)
    return Found(row.id, actor, row.used_at is None or now() > row.used_at + _USED_EVERY)


def note_use(session: Session, id_: UUID) -> None:
    """Remember when it was used."""
    if row := session.get(AccessToken, id_):
        row.used_at = now()


def list_tokens(session: Session, person: UUID) -> Sequence[AccessToken]:
    """The person's tokens that are still good, newest first."""
    query = select(AccessToken).where(AccessToken.person_id == person, AccessToken.expires_at > now())
    return session.scalars(query.order_by(AccessToken.created_at.desc())).all()


def revoke_own(session: Session, actor: Actor, id_: UUID) -> None:
    """End one of one's own tokens.

    Raises:
        NotFound: it is not one's own.
    """
    row = session.get(AccessToken, id_)
    if row is None or row.person_id != actor.person:
        raise NotFound(N_("This token was revoked already."))
    session.delete(row)
    audit.record(session, actor, "revoke token", "person", str(row.person_id), name=row.name)


def revoke_all(session: Session, person: Person) -> None:
    """End all of a person's tokens."""
    session.execute(delete(AccessToken).where(AccessToken.person_id == person.id))
