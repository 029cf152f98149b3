"""Accounts: roles, disabling, passwords, what people say of themselves."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kb.domain.errors import N_, Conflict, Invalid, NotFound
from kb.domain.languages import INTERFACE_LANGUAGES
from kb.domain.permissions import Permission, require
from kb.domain.roles import Actor, Notices, Role
from kb.models import Membership, Person
from kb.models.base import now
from kb.services import audit, mailing, one_time_links, passwords, people, second_factors, sign_ins, tokens


def add_membership(session: Session, actor: Actor, person: Person, role: Role, city: str | None) -> None:
    """Give a person one more role; they are told.

    Raises:
        NotPermitted: for administrators only.
        Invalid: the city of the role can't be used.
        Conflict: the person has it already.
    """
    require(actor, Permission.PERSON_ADMINISTER)
    people.check_role(session, role, city)
    grant(session, actor, person, role, city)


def grant(session: Session, actor: Actor, person: Person, role: Role, city: str | None) -> None:
    """Add the membership, however it was allowed.

    Raises:
        Conflict: the person has it already.
    """
    if any(held.role == role.value and held.city_slug == city for held in person.memberships):
        raise Conflict(N_("%(name)s has this role already."), name=person.name)
    person.memberships.append(Membership(role=role.value, city_slug=city))
    audit.record(session, actor, "add role", "person", str(person.id), role=role.value, city=city)
    mailing.notify(session, person, "roles-changed", path="/account")


def remove_membership(session: Session, actor: Actor, person: Person, membership: UUID) -> None:
    """Take a role from a person; they are told. Without any role they can't sign in.

    Raises:
        NotPermitted: for administrators only.
        NotFound: they don't have it.
        Conflict: it is the only administrator's.
    """
    require(actor, Permission.PERSON_ADMINISTER)
    found = next((held for held in person.memberships if held.id == membership), None)
    if found is None:
        raise NotFound(N_("%(name)s does not have this role any more."), name=person.name)
    if found.role == Role.ADMIN.value:
        people.not_the_last(session, person)
    person.memberships.remove(found)
    audit.record(session, actor, "remove role", "person", str(person.id), role=found.role, city=found.city_slug)
    mailing.notify(session, person, "roles-changed", path="/account")


def disable(session: Session, actor: Actor, person: Person) -> None:
    """Keep a person out from now on: sessions, tokens and links end at once. What they did stays theirs.

    Raises:
        NotPermitted: for administrators only.
        Conflict: it is the only administrator.
    """
    require(actor, Permission.PERSON_ADMINISTER)
    people.not_the_last(session, person)
    if person.disabled_at:
        raise Conflict(N_("%(name)s is disabled already."), name=person.name)
    person.disabled_at = now()
    sign_ins.end_all(session, person)
    tokens.revoke_all(session, person)
    audit.record(session, actor, "disable", "person", str(person.id))


def enable(session: Session, actor: Actor, person: Person) -> None:
    """Let a disabled person in again, with the roles they had.

    Raises:
        NotPermitted: for administrators only.
    """
    require(actor, Permission.PERSON_ADMINISTER)
    person.disabled_at = None
    audit.record(session, actor, "enable", "person", str(person.id))


def remove_second_factor(session: Session, actor: Actor, person: Person) -> None:
    """Help somebody who has lost the telephone and the recovery codes: they set up a new second factor.

    Raises:
        NotPermitted: for administrators only.
    """
    require(actor, Permission.PERSON_ADMINISTER)
    second_factors.drop(session, actor, person)


def save_profile(session: Session, actor: Actor, person: Person, *, name: str, language: str, notices: str) -> None:
    """Change what a person says of themselves.

    Raises:
        Invalid: the name is empty or too long, the language or the choice of mails is none that there is.
    """
    person.name = people.clean_name(name)
    if language not in INTERFACE_LANGUAGES:
        raise Invalid.of(N_("must be one of the languages offered."), field="language")
    if notices not in set(Notices):
        raise Invalid.of(N_("must be one of the choices offered."), field="notices")
    person.language, person.notices = language, notices
    audit.record(session, actor, "save", "person", str(person.id))


def set_password(session: Session, actor: Actor, person: Person, password: str) -> None:
    """Give the person a new password: all their sessions and waiting links end, and they are told by mail.

    Raises:
        Invalid: it can't be used.
    """
    cities = [membership.city_slug for membership in person.memberships]
    passwords.check_password(password, passwords.words_of(session, person.name, person.email, cities))
    person.password_hash = passwords.hash_password(password)
    sign_ins.end_all(session, person)
    one_time_links.use_up(session, person=person)
    audit.record(session, actor, "set password", "person", str(person.id))
    mailing.request(session, "password-changed", person=person, path="/account")


def change_password(session: Session, actor: Actor, person: Person, old: str, new: str) -> None:
    """Change one's own password, knowing the present one (where there is one).

    Raises:
        Invalid: the present one is wrong, or the new one can't be used.
    """
    if person.password_hash and not passwords.is_right(person.password_hash, old):
        raise Invalid.of(N_("is not your present password."), field="old_password")
    set_password(session, actor, person, new)


def reset_password(session: Session, secret: str, password: str, address: str | None) -> Person:
    """Set a new password by a one-time link.

    Raises:
        NotFound: the link is not good.
        Invalid: the password can't be used; the link stays good.
    """
    person = one_time_links.find_person(session, secret)
    set_password(session, Actor(person.id, person.name, address=address), person, password)
    return person


def offer_reset(session: Session, actor: Actor, person: Person, *, by_mail: bool) -> str | None:
    """Help a person to a new password: by a mail, or by a link to hand over, whose path this is.

    Raises:
        NotPermitted: for administrators only.
    """
    require(actor, Permission.PERSON_ADMINISTER)
    audit.record(session, actor, "offer new password", "person", str(person.id))
    if not by_mail:
        return one_time_links.link_to_reset(session, person)
    mailing.request(session, "reset", person=person)
    return None
