"""Invitations: the only way to an account, besides the command line."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from kb.domain.errors import N_, Conflict, NotFound
from kb.domain.permissions import Permission, Subject, can, require
from kb.domain.roles import Actor, Role
from kb.models import Invitation, Person
from kb.models.base import now
from kb.services import accounts, audit, one_time_links, passwords, people


def invite(
    session: Session, actor: Actor, *, email: str, role: Role, city: str | None, language: str | None = None
) -> Invitation:
    """Offer somebody a role; an earlier open offer of the same to the same address is replaced.

    Raises:
        NotPermitted: admins invite anybody, coordinators all but admins, editors contributors of their city.
        Invalid: the address or the city of the role can't be used.
        Conflict: the person has the role already.
    """
    require(actor, Permission.PERSON_INVITE, Subject(city=city, role=role))
    email = people.clean_email(email)
    people.check_role(session, role, city)
    person = people.find_person(session, email)
    if person and any(held.role == role.value and held.city_slug == city for held in person.memberships):
        raise Conflict(N_("%(name)s has this role already."), name=person.name)
    same = _open().where(Invitation.email == email, Invitation.role == role.value, Invitation.city_slug == city)
    for earlier in session.scalars(same):
        earlier.withdrawn_at = now()
        one_time_links.use_up(session, invitation=earlier)
    return _add(session, actor, email, role, city, language)


def invite_first_admin(session: Session, actor: Actor) -> str:
    """Make the path of a link for whoever sets this instance up; an earlier one ends.

    Raises:
        NotPermitted: for the command line only.
        Conflict: there is an administrator.
    """
    require(actor, Permission.PERSON_ADMINISTER)
    if people.has_admin(session):
        raise Conflict(N_("There is an administrator already; sign in, or run kb user invite."))
    for earlier in session.scalars(_open().where(Invitation.email.is_(None))):
        earlier.withdrawn_at = now()
        one_time_links.use_up(session, invitation=earlier)
    return one_time_links.link_to_invitation(session, _add(session, actor, None, Role.ADMIN, None, None))


def _open() -> Select[Invitation]:
    return select(Invitation).where(
        Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None), Invitation.expires_at > now()
    )


def _add(
    session: Session, actor: Actor, email: str | None, role: Role, city: str | None, language: str | None
) -> Invitation:
    invitation = Invitation(
        email=email, role=role.value, city_slug=city, language=language, invited_by=actor.person,
        invited_by_name=actor.name, created_at=now(), expires_at=now() + one_time_links.INVITATION_SPAN,
    )  # fmt: skip
    session.add(invitation)
    session.flush()
    audit.record(session, actor, "invite", "invitation", str(invitation.id), email=email, role=role.value, city=city)
    return invitation


def list_open(session: Session, actor: Actor) -> list[Invitation]:
    """Open invitations that the actor could have made, newest first."""
    found = session.scalars(_open().order_by(Invitation.created_at.desc()))
    return [invitation for invitation in found if can(actor, Permission.PERSON_INVITE, _subject(invitation))]


def _subject(invitation: Invitation) -> Subject:
    return Subject(city=invitation.city_slug, role=Role(invitation.role))


def withdraw(session: Session, actor: Actor, id_: UUID) -> Invitation:
    """Take an open invitation back.

    Raises:
        NotFound: it is not open any more, or not the actor's affair.
    """
    invitation = session.scalar(_open().where(Invitation.id == id_))
    if invitation is None or not can(actor, Permission.PERSON_INVITE, _subject(invitation)):
        raise NotFound(N_("This invitation is not open any more."))
    invitation.withdrawn_at = now()
    one_time_links.use_up(session, invitation=invitation)
    audit.record(session, actor, "withdraw", "invitation", str(invitation.id))
    return invitation


def accept(
    session: Session, secret: str, *, name: str, email: str, password: str, address: str | None
) -> tuple[Person, bool]:
    """Use a link: the person with their new role, and whether they are new here.

    Args:
        name, password: of a new person; who has an account keeps theirs.
        email: counts only where the invitation names none.

    Raises:
        NotFound: the link is not good.
        Invalid: name, address or password can't be used; the link stays good.
        Conflict: the address is somebody's whom the link is not for.
    """
    invitation = one_time_links.find_invitation(session, secret)
    if invitation.email and (person := people.find_person(session, invitation.email)):
        _join(session, invitation, person, address)
        return person, False
    cleaned = invitation.email or people.clean_email(email)
    name = people.clean_name(name)
    passwords.check_password(password, passwords.words_of(session, name, cleaned, [invitation.city_slug]))
    return _make(session, invitation, cleaned, name, passwords.hash_password(password), address), True


def accept_by_identity(session: Session, *, email: str, name: str, address: str | None) -> Person | None:
    """Use the open invitations to an address that another sign-in vouches for; None where there is none."""
    person: Person | None = None
    for invitation in session.scalars(_open().where(Invitation.email == email).order_by(Invitation.created_at)).all():
        if person is None:
            person = _make(session, invitation, email, people.clean_name(name or email), None, address)
        else:
            _join(session, invitation, person, address)
    return person


def _make(
    session: Session, invitation: Invitation, email: str, name: str, password_hash: str | None, address: str | None
) -> Person:
    person = people.add_person(
        session, Actor(name=name, address=address), email=email, name=name, role=Role(invitation.role),
        city=invitation.city_slug, password_hash=password_hash, language=invitation.language,
        second_factor_demanded=True,
    )  # fmt: skip
    _settle(session, invitation, Actor(person.id, name, address=address))
    return person


def _join(session: Session, invitation: Invitation, person: Person, address: str | None) -> None:
    if person.disabled_at:
        raise Conflict(N_("This account is disabled. Please ask an administrator."))
    actor, role = Actor(person.id, person.name, address=address), Role(invitation.role)
    if not any(held.role == role.value and held.city_slug == invitation.city_slug for held in person.memberships):
        accounts.grant(session, actor, person, role, invitation.city_slug)
    _settle(session, invitation, actor)


def _settle(session: Session, invitation: Invitation, actor: Actor) -> None:
    invitation.accepted_at = now()
    one_time_links.use_up(session, invitation=invitation)
    audit.record(session, actor, "accept", "invitation", str(invitation.id))
