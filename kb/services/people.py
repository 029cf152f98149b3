"""People: making one, finding one, what they may do."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from kb.domain import roles
from kb.domain.errors import N_, Conflict, Invalid, NotFound, NotPermitted
from kb.domain.permissions import Permission, require
from kb.domain.roles import CITY_ROLES, STRONG_ROLES, Actor, Role
from kb.models import City, Membership, Person
from kb.models.base import now
from kb.services import audit, passwords

NAME_LENGTH = 200


def clean_email(email: str) -> str:
    """The address as it is kept.

    Raises:
        Invalid: it is none.
    """
    email = email.strip().casefold()
    if (
        email.count("@") != 1
        or not all(email.split("@"))
        or len(email) > 254
        or not email.isprintable()
        or " " in email
    ):
        raise Invalid.of(N_("must be a mail address."), field="email")
    return email


def clean_name(name: str) -> str:
    """The name as it is kept: one line.

    Raises:
        Invalid: empty or too long.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_LENGTH:
        raise Invalid.of(N_("must have 1 to %(longest)s characters."), field="name", longest=NAME_LENGTH)
    return name


def check_role(session: Session, role: Role, city: str | None) -> None:
    """Accept a city for the roles that need one, and only for them.

    Raises:
        Invalid: it is missing, too much or unknown.
    """
    if (role in CITY_ROLES) != (city is not None):
        raise Invalid.of(N_("goes with the roles contributor and editor, and only with them."), field="city")
    if city and session.get(City, city) is None:
        raise Invalid.of(N_("There is no city “%(city)s” in the library."), field="city", city=city)


def create_person(
    session: Session, actor: Actor, *, email: str, name: str, role: Role, city: str | None, password: str
) -> Person:
    """Make a person who can sign in and work at once: no second factor is demanded, for scripts have none.

    Raises:
        NotPermitted: for administrators only.
        Invalid: address, name, password or the city of the role can't be used.
        Conflict: somebody has that address already.
    """
    require(actor, Permission.PERSON_ADMINISTER)
    email, name = clean_email(email), clean_name(name)
    check_role(session, role, city)
    passwords.check_password(password, passwords.words_of(session, name, email, [city]))
    return add_person(
        session, actor, email=email, name=name, role=role, city=city, second_factor_demanded=False,
        password_hash=passwords.hash_password(password),
    )  # fmt: skip


def sign_in(session: Session, email: str, password: str) -> Person:
    """The person with that address and password.

    Raises:
        NotPermitted: one sentence and one duration, whatever was wrong.
    """
    # without the roles: one more query for a known address would tell it from an unknown one
    person = session.scalar(select(Person).where(Person.email == email.strip().casefold()))
    right = passwords.is_right(person.password_hash if person else None, password)
    if not (person and right) or person.disabled_at or not person.memberships:
        raise NotPermitted(N_("Address or password is not right. Please try again."))
    return person


def add_person(
    session: Session, actor: Actor, *, email: str, name: str, role: Role, city: str | None, password_hash: str | None,
    language: str | None = None, second_factor_demanded: bool,
) -> Person:  # fmt: skip
    """Make a person, of parts that were checked.

    Raises:
        Conflict: somebody has that address already.
    """
    if find_person(session, email):
        raise Conflict(N_("Somebody with the address %(email)s is there already."), email=email)
    person = Person(
        email=email, name=name, password_hash=password_hash, language=language, created_at=now(), memberships=[],
        second_factor_demanded=second_factor_demanded,
    )  # fmt: skip
    person.memberships.append(Membership(role=role.value, city_slug=city))
    session.add(person)
    session.flush()
    audit.record(session, actor, "create", "person", str(person.id), role=role.value, city=city)
    return person


def find_person(session: Session, email: str) -> Person | None:
    """Who has that address."""
    query = select(Person).where(Person.email == email.strip().casefold()).options(selectinload(Person.memberships))
    return session.scalar(query)


def get_person(session: Session, id_: UUID) -> Person:
    """The person with their memberships.

    Raises:
        NotFound: nobody of that id.
    """
    person = session.get(Person, id_, options=[selectinload(Person.memberships)])
    if person is None:
        raise NotFound(N_("There is nobody of that name here."))
    return person


def get_person_by_email(session: Session, email: str) -> Person:
    """The person with that address.

    Raises:
        NotFound: nobody has it.
    """
    person = find_person(session, email)
    if person is None:
        raise NotFound(N_("Nobody has the address %(email)s."), email=email)
    return person


def load_actor(session: Session, person_id: UUID) -> Actor | None:
    """The person as the actor of a request; None when gone, disabled or without any role."""
    person = session.get(Person, person_id, options=[selectinload(Person.memberships)])
    return actor_of(person) if person else None


def actor_of(person: Person) -> Actor | None:
    """What the person may be now: without a demanded second factor a reader, and contributor where they are one."""
    if person.disabled_at or not person.memberships:
        return None
    held = frozenset(roles.Membership(Role(found.role), found.city_slug) for found in person.memberships)
    if not lacks_second_factor(person):
        return Actor(person.id, person.name, held)
    left = frozenset(membership for membership in held if membership.role not in STRONG_ROLES)
    return Actor(person.id, person.name, left | {roles.Membership(Role.READER)}, second_factor_missing=True)


def lacks_second_factor(person: Person) -> bool:
    """Whether the person has a role for which they must set one up, and has not."""
    strong = any(membership.role in STRONG_ROLES for membership in person.memberships)
    return strong and person.second_factor_demanded and person.totp_confirmed_at is None


def has_admin(session: Session) -> bool:
    """Whether anybody may administer this instance yet."""
    return count_admins(session) > 0


def count_admins(session: Session) -> int:
    """How many may administer this instance."""
    query = select(func.count(Membership.id)).join(Membership.person)
    return session.scalar(query.where(Membership.role == Role.ADMIN.value, Person.disabled_at.is_(None))) or 0


def list_people(
    session: Session, actor: Actor, *, words: str = "", role: Role | None = None, city: str | None = None
) -> Sequence[Person]:
    """Everybody with an account, by name.

    Args:
        words: a part of the name or the address.

    Raises:
        NotPermitted: for administrators only.
    """
    require(actor, Permission.PERSON_ADMINISTER)
    query = select(Person).options(selectinload(Person.memberships)).order_by(Person.name, Person.email)
    if words.strip():
        part = f"%{words.strip().casefold().replace('/', '//').replace('%', '/%').replace('_', '/_')}%"
        query = query.where(or_(func.lower(Person.name).like(part, escape="/"), Person.email.like(part, escape="/")))
    if role:
        query = query.where(Person.memberships.any(Membership.role == role.value))
    if city:
        query = query.where(Person.memberships.any(Membership.city_slug == city))
    return session.scalars(query).all()


def not_the_last(session: Session, person: Person) -> None:
    """Go on only while somebody else can administer this instance.

    Raises:
        Conflict: nobody else can.
    """
    administers = any(membership.role == Role.ADMIN.value for membership in person.memberships)
    if administers and not person.disabled_at and count_admins(session) == 1:
        raise Conflict(N_("This is the only administrator. Please make another one first."))


def require_signed_in(actor: Actor) -> UUID:
    """Whose own things are asked for.

    Raises:
        NotPermitted: nobody's: the command line or a signed-out reader.
    """
    if actor.person is None:
        raise NotPermitted(N_("You are not allowed to do this here."))
    return actor.person
