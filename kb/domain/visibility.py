"""What an actor may see, as data that SQL and every search engine turn into a filter.

Published texts carry their visibility; drafts are never in the index and are reached only through their city.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kb.domain.roles import Actor


class Visibility(StrEnum):
    """Who may read a published work."""

    PUBLIC = "public"
    NETWORK = "network"


@dataclass(frozen=True)
class Sight:
    """What one actor may see of what is published.

    Attributes:
        visibilities: values of `visibility` that they may read.
        contacts: whether contact data is shown to them.
    """

    visibilities: frozenset[Visibility]
    contacts: bool


def sight_of(actor: Actor) -> Sight:
    """The one rule of who may read what is published (public contract, section 7)."""
    if actor.signed_in:
        return Sight(frozenset(Visibility), contacts=True)
    return Sight(frozenset({Visibility.PUBLIC}), contacts=False)
