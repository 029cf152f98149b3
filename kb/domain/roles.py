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
# who must have a second factor, and whose sessions end sooner
STRONG_ROLES: Final = frozenset({Role.EDITOR, Role.COORDINATOR, Role.ADMIN})


class Notices(StrEnum):
    """When a person wants to be told by mail of what happens; invitations and resets always come at once."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    NONE = "none"


class Scope(StrEnum):
    """What a personal token is good for."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True)
class Membership:
    """One role of a person; `city` is the city's slug, None for roles that hold everywhere."""

    role: Role
    city: str | None = None


@dataclass(frozen=True)
class Actor:
    """Who asks: one object a request, made from the session row, a personal token or the command line.

    Attributes:
        memberships: as far as they count now: those that need a second factor are missing until there is one.
        address: the network's, for the audit log; None for the command line and the worker.
        second_factor_missing: whether memberships were left out for that reason.
        read_only: whether this is a token for reading.
    """

    person: UUID | None = None
    name: str = ""
    memberships: frozenset[Membership] = frozenset()
    address: str | None = None
    second_factor_missing: bool = False
    read_only: bool = False

    @property
    def signed_in(self) -> bool:
        """Whether this is a known person (or the command line), not just anyone."""
        return bool(self.memberships)

    def holds(self, role: Role, city: str | None = None) -> bool:
        """Whether the actor has the role, in that city where the role is a city's."""
        return any(held.role is role and held.city in (None, city) for held in self.memberships)


ANYONE: Final = Actor()
COMMAND_LINE: Final = Actor(name="kb", memberships=frozenset({Membership(Role.ADMIN)}))
