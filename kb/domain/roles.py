"""Who acts: roles, memberships and the actor of one request (public contract, section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID


class Role(StrEnum):
    """What a membership lets a person do; for contributors and editors in one city."""

    READER = "reader"
    CONTRIBUTOR = "contributor"
    EDITOR = "editor"
    COORDINATOR = "coordinator"
    ADMIN = "admin"


CITY_ROLES: Final = frozenset({Role.CONTRIBUTOR, Role.EDITOR})


@dataclass(frozen=True)
class Membership:
    """One role of a person; `city` is the city's slug, None for roles that hold everywhere."""

    role: Role
    city: str | None = None


@dataclass(frozen=True)
class Actor:
    """Who asks: one object a request, made from the session row or the command line."""

    person: UUID | None = None
    name: str = ""
    memberships: frozenset[Membership] = frozenset()

    @property
    def signed_in(self) -> bool:
        """Whether this is a known person (or the command line), not just anyone."""
        return bool(self.memberships)

    def holds(self, role: Role, city: str | None = None) -> bool:
        """Whether the actor has the role, in that city where the role is a city's."""
        return any(held.role is role and held.city in (None, city) for held in self.memberships)


ANYONE: Final = Actor()
COMMAND_LINE: Final = Actor(name="kb", memberships=frozenset({Membership(Role.ADMIN)}))
