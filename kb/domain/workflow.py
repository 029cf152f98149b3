"""The states of a revision and the steps between them, as a table (public contract, section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from kb.domain.errors import N_, Conflict


class State(StrEnum):
    """Where a revision stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What moves a revision on."""

    SUBMIT = "submit"
    SCHEDULE = "schedule"
    REQUEST_CHANGES = "request_changes"
    RESUME = "resume"  # the writers take it back, or go on after remarks
    PUBLISH = "publish"
    SUPERSEDE = "supersede"
    WITHDRAW = "withdraw"


OPEN_STATES: Final = (State.DRAFT, State.IN_REVIEW, State.CHANGES_REQUESTED)
WRITABLE_STATES: Final = (State.DRAFT, State.CHANGES_REQUESTED)

STEPS: Final[Mapping[tuple[State, Action], State]] = {
    (State.DRAFT, Action.SUBMIT): State.IN_REVIEW,
    (State.DRAFT, Action.WITHDRAW): State.WITHDRAWN,
    (State.IN_REVIEW, Action.SCHEDULE): State.IN_REVIEW,
    (State.IN_REVIEW, Action.REQUEST_CHANGES): State.CHANGES_REQUESTED,
    (State.IN_REVIEW, Action.RESUME): State.DRAFT,
    (State.IN_REVIEW, Action.PUBLISH): State.PUBLISHED,
    (State.IN_REVIEW, Action.WITHDRAW): State.WITHDRAWN,
    (State.CHANGES_REQUESTED, Action.RESUME): State.DRAFT,
    (State.CHANGES_REQUESTED, Action.SUBMIT): State.IN_REVIEW,
    (State.CHANGES_REQUESTED, Action.WITHDRAW): State.WITHDRAWN,
    (State.PUBLISHED, Action.SUPERSEDE): State.SUPERSEDED,
}

_REASONS: Final[Mapping[State, str]] = {
    State.DRAFT: N_("This is still a draft: it must be submitted first."),
    State.IN_REVIEW: N_("This text waits for review; it must be decided or taken back first."),
    State.CHANGES_REQUESTED: N_("Changes were asked for; they come first."),
    State.PUBLISHED: N_("This text is public already."),
    State.SUPERSEDED: N_("A newer text has taken the place of this one."),
    State.WITHDRAWN: N_("This draft was withdrawn."),
}


class InvalidTransition(Conflict):
    """The revision is not, or no longer, in a state that allows the step.

    Attributes:
        state: where it stands.
        action: what was tried.
    """

    def __init__(self, state: State, action: Action) -> None:
        super().__init__(_REASONS[state])
        self.state, self.action = state, action


def after(state: State, action: Action) -> State:
    """Where the step leads.

    Raises:
        InvalidTransition: the table has no such step.
    """
    found = STEPS.get((state, action))
    if found is None:
        raise InvalidTransition(state, action)
    return found


def can_take(state: State, action: Action) -> bool:
    """Whether the table has the step."""
    return (state, action) in STEPS
