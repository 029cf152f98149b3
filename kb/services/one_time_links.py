"""One-time links: the secret is known to whom it was given, the database has its hash."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from kb.domain.errors import N_, NotFound
from kb.models import Invitation, OneTimeLink, Person
from kb.models.base import now

INVITATION_SPAN: Final = dt.timedelta(hours=72)
RESET_SPAN: Final = dt.timedelta(hours=2)
_GONE = N_("This link is not valid any more. It works once and for a limited time; please ask for a new one.")


def new_secret() -> str:
    """256 random bits for an address or a cookie."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def link_to_invitation(session: Session, invitation: Invitation) -> str:
    """The path of a new link; earlier ones to the same invitation stay good until one is used."""
    secret = new_secret()
    session.add(OneTimeLink(digest=digest_of(secret), invitation=invitation, expires_at=invitation.expires_at))
    return f"/invitation/{secret}"


def link_to_reset(session: Session, person: Person) -> str:
    """The path of a new link to a new password."""
    secret = new_secret()
    session.add(OneTimeLink(digest=digest_of(secret), person=person, expires_at=now() + RESET_SPAN))
    return f"/reset/{secret}"


def find_invitation(session: Session, secret: str) -> Invitation:
    """The open invitation that the link leads to.

    Raises:
        NotFound: used, withdrawn, too old, or never made: one sentence for all.
    """
    invitation = _find(session, secret).invitation
    if invitation is None or invitation.accepted_at or invitation.withdrawn_at:
        raise NotFound(_GONE)
    return invitation


def find_person(session: Session, secret: str) -> Person:
    """The person who may set a new password.

    Raises:
        NotFound: used, too old, never made, or the person was disabled since.
    """
    person = _find(session, secret).person
    if person is None or person.disabled_at:
        raise NotFound(_GONE)
    return person


def _find(session: Session, secret: str) -> OneTimeLink:
    """The link; what it leads to is locked, so that of two who come at once, be it by two links, one is first."""
    query = (
        select(OneTimeLink)
        .where(OneTimeLink.digest == digest_of(secret), OneTimeLink.expires_at > now())
        .options(joinedload(OneTimeLink.invitation), joinedload(OneTimeLink.person))
    )
    found = session.scalar(query)
    if found is None:
        raise NotFound(_GONE)
    session.refresh(found.invitation or found.person, with_for_update=True)
    if session.scalar(query.execution_options(populate_existing=True)) is None:
        raise NotFound(_GONE)
    return found


def use_up(session: Session, *, invitation: Invitation | None = None, person: Person | None = None) -> None:
    """Remove all links to the invitation, or to a new password of the person."""
    if invitation:
        session.execute(delete(OneTimeLink).where(OneTimeLink.invitation_id == invitation.id))
    if person:
        session.execute(delete(OneTimeLink).where(OneTimeLink.person_id == person.id))


def forget_old(session: Session) -> None:
    """Remove links that are too old to work."""
    session.execute(delete(OneTimeLink).where(OneTimeLink.expires_at < now()))
