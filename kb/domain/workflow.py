"""The states of a revision and the steps between them, as a table."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a revision stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


OPEN_STATES: Final = (State.DRAFT, State.IN_REVIEW, State.CHANGES_REQUESTED)
