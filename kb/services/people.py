"""People: making one, letting one in."""

from __future__ import annotations

from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from kb.domain import roles
from kb.domain.errors import N_, Conflict, Invalid, NotPermitted
from kb.domain.roles import CITY_ROLES, Actor, Role
from kb.models import City, Membership, Person
from kb.models.base import now
from kb.services import audit

PASSWORD_LENGTH = (8, 128)
_hasher = PasswordHasher()
# what an unknown address is compared with, so that it takes the time of a known one: the hash of a few words, written
# down because making one takes every start of the program half a second
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$38VnlolfjI0nVL+NGKv7JA$Y8DGlPRhiZT/GWe+CKvArOwG3JI1X5A/Hudq9mb49Mc"


def create_person(
    session: Session, actor: Actor, *, email: str, name: str, role: Role, city: str | None, password: str
) -> Person:
    """Make a person who can sign in at once.

    Raises:
        Invalid: address, name, password or the city of the role can't be used.
        Conflict: somebody has that address already.
    """
    email, name = email.strip().casefold(), name.strip()
    if email.count("@") != 1 or not all(email.split("@")) or len(email) > 254 or any(map(str.isspace, email)):
        raise Invalid.of(N_("must be a mail address."), field="email")
    if not name or len(name) > 200:
        raise Invalid.of(N_("must have 1 to 200 characters."), field="name")
    shortest, longest = PASSWORD_LENGTH
    if not shortest <= len(password) <= longest:
        raise Invalid.of(
            N_("must have %(shortest)s to %(longest)s characters."),
            field="password",
            shortest=shortest,
            longest=longest,
        )
    if (role in CITY_ROLES) != (city is not None):
        raise Invalid.of(N_("goes with the roles contributor and editor, and only with them."), field="city")
    if city and session.get(City, city) is None:
        raise Invalid.of(N_("There is no city “%(city)s” in the library."), field="city", city=city)
    if session.scalar(select(Person.id).where(Person.email == email)):
        raise Conflict(N_("Somebody with the address %(email)s is there already."), email=email)
    person = Person(email=email, name=name, password_hash=_hasher.hash(password), created_at=now(), memberships=[])
    person.memberships.append(Membership(role=role.value, city_slug=city))
    session.add(person)
    session.flush()
    audit.record(session, actor, "create", "person", str(person.id), role=role.value, city=city)
    return person


def sign_in(session: Session, email: str, password: str) -> Person:
    """The person with that address and password.

    Raises:
        NotPermitted: one sentence and one duration, whatever was wrong.
    """
    person = session.scalar(select(Person).where(Person.email == email.strip().casefold()))
    stored = person.password_hash if person else None
    try:
        right: bool = _hasher.verify(stored or _NOBODY, password[: PASSWORD_LENGTH[1]])
    except (Argon2Error, InvalidHashError):
        right = False
    if not (person and stored and right) or person.disabled_at:
        raise NotPermitted(N_("Address or password is not right. Please try again."))
    return person


def load_actor(session: Session, person_id: UUID) -> Actor | None:
    """The person as the actor of a request; None when gone or disabled."""
    person = session.get(Person, person_id, options=[selectinload(Person.memberships)])
    if person is None or person.disabled_at:
        return None
    held = (roles.Membership(Role(found.role), found.city_slug) for found in person.memberships)
    return Actor(person.id, person.name, frozenset(held))


def has_admin(session: Session) -> bool:
    """Whether anybody may administer this instance yet."""
    return session.scalar(select(Membership.id).where(Membership.role == Role.ADMIN.value).limit(1)) is not None
