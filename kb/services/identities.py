"""People who sign in where their city has them already (OpenID Connect)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from kb.domain.errors import N_, NotPermitted
from kb.domain.roles import Actor
from kb.models import Person
from kb.services import audit, invitations, people


@dataclass(frozen=True)
class Identity:
    """What the other sign-in vouches for.

    Attributes:
        issuer, subject: together never given to anybody else (OpenID Connect Core, 5.7).
        email: None unless the issuer says that it was verified.
    """

    issuer: str
    subject: str
    email: str | None
    name: str


def sign_in(session: Session, identity: Identity, address: str | None) -> Person:
    """The person: known by issuer and subject, else by a verified address that has an account or an invitation.

    Raises:
        NotPermitted: nobody of that address was invited, or the account is disabled.
    """
    person = session.scalar(
        select(Person)
        .where(Person.oidc_issuer == identity.issuer, Person.oidc_subject == identity.subject)
        .options(selectinload(Person.memberships))
    )
    if person is None and identity.email:
        person = _by_address(session, identity, people.clean_email(identity.email), address)
    if person is None or person.disabled_at or not person.memberships:
        raise NotPermitted(N_("Nobody with this sign-in was invited here. Please ask whoever invites for your city."))
    return person


def _by_address(session: Session, identity: Identity, email: str, address: str | None) -> Person | None:
    person = people.find_person(session, email)
    if person is None:
        person = invitations.accept_by_identity(session, email=email, name=identity.name, address=address)
    if person is None or person.oidc_subject:  # an address may pass to somebody else; a subject does not
        return None
    person.oidc_issuer, person.oidc_subject = identity.issuer, identity.subject
    actor = Actor(person.id, person.name, address=address)
    audit.record(session, actor, "link sign-in", "person", str(person.id), issuer=identity.issuer)
    return person
