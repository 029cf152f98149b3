"""Who may do what: one table that gives the check and the filter (public contract, section 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from kb.domain.errors import N_, NotPermitted
from kb.domain.roles import Actor, Role


class Permission(StrEnum):
    """What can be allowed."""

    DRAFT_READ = "draft.read"
    DRAFT_WRITE = "draft.write"
    REVISION_REVIEW = "revision.review"  # remarks, sending back
    REVISION_PUBLISH = "revision.publish"
    ENTRY_ARCHIVE = "entry.archive"
    CITY_SPEAK = "city.speak"  # for the city in exchanges and partnerships
    PERSON_INVITE = "person.invite"
    PERSON_ADMINISTER = "person.administer"
    CITY_ADMINISTER = "city.administer"
    VOCABULARY_EDIT = "vocabulary.edit"
    AUDIT_READ = "audit.read"
    SITE_ADMINISTER = "site.administer"  # jobs, health, backup


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a permission is asked for.

    Attributes:
        city: to which the thing belongs, None for what belongs to none.
        author: who wrote the revision.
        role: that an invitation would give.
    """

    city: str | None = None
    author: UUID | None = None
    role: Role | None = None


_Predicate = Callable[[Actor, Subject], bool]


def _everywhere(*roles: Role) -> _Predicate:
    return lambda actor, _: any(actor.holds(role) for role in roles)


def _in_city(*roles: Role) -> _Predicate:
    """The roles in the subject's city, coordinators and admins in every city."""
    allowed = (*roles, Role.COORDINATOR, Role.ADMIN)
    return lambda actor, subject: any(
        held.role in allowed and (held.city is None or held.city == subject.city) for held in actor.memberships
    )


def _not_the_author(predicate: _Predicate) -> _Predicate:
    return lambda actor, subject: (
        predicate(actor, subject) and (subject.author is None or subject.author != actor.person)
    )


def _may_invite(actor: Actor, subject: Subject) -> bool:
    """Admins anybody, coordinators all but admins, editors contributors of their city."""
    if actor.holds(Role.ADMIN):
        return True
    if actor.holds(Role.COORDINATOR):
        return subject.role is not Role.ADMIN
    return subject.role is Role.CONTRIBUTOR and _in_city(Role.EDITOR)(actor, subject)


POLICY: Final[Mapping[Permission, _Predicate]] = {
    Permission.DRAFT_READ: _in_city(Role.CONTRIBUTOR, Role.EDITOR),
    Permission.DRAFT_WRITE: _in_city(Role.CONTRIBUTOR, Role.EDITOR),
    Permission.REVISION_REVIEW: _in_city(Role.EDITOR),
    Permission.REVISION_PUBLISH: _not_the_author(_in_city(Role.EDITOR)),
    Permission.ENTRY_ARCHIVE: _in_city(Role.EDITOR),
    Permission.CITY_SPEAK: _in_city(Role.EDITOR),
    Permission.PERSON_INVITE: _may_invite,
    Permission.PERSON_ADMINISTER: _everywhere(Role.ADMIN),
    Permission.CITY_ADMINISTER: _everywhere(Role.COORDINATOR, Role.ADMIN),
    Permission.VOCABULARY_EDIT: _everywhere(Role.COORDINATOR, Role.ADMIN),
    Permission.AUDIT_READ: _everywhere(Role.ADMIN),
    Permission.SITE_ADMINISTER: _everywhere(Role.ADMIN),
}


def can(actor: Actor, permission: Permission, subject: Subject | None = None) -> bool:
    """Whether the actor may."""
    return POLICY[permission](actor, subject or Subject())


def require(actor: Actor, permission: Permission, subject: Subject | None = None) -> None:
    """Go on only if the actor may.

    Raises:
        NotPermitted: they may not.
    """
    if not can(actor, permission, subject):
        raise NotPermitted(N_("You are not allowed to do this here."))


def cities_where(actor: Actor, permission: Permission) -> frozenset[str] | None:
    """The filter of the same table: slugs of the cities where the actor may, None for all of them."""
    if can(actor, permission):
        return None
    held = {membership.city for membership in actor.memberships if membership.city}
    return frozenset(city for city in held if can(actor, permission, Subject(city=city)))
