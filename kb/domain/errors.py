"""What can go wrong, as classes; each edge turns them into words once.

A message is an English sentence with named places. The web face looks it up in
its catalogue, the terminal prints it as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def N_(message: str) -> str:
    """Mark a message for the catalogues without translating it here."""
    return message


class KbError(Exception):
    """Base of every error that a person may be told about.

    Attributes:
        message: sentence with `%(name)s` places, also the key in the catalogues.
        params: what goes into the places.
        status: the HTTP status that means it.
    """

    status = 400

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message, params)
        self.message = message
        self.params = params

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


class NotFound(KbError):
    """Nothing of that name, or nothing that this reader may know of."""

    status = 404


class NotSignedIn(KbError):
    """Nobody, or with a token that is not good (any more)."""

    status = 401


class NotPermitted(KbError):
    """Known to the actor, but not theirs to do."""

    status = 403


class Conflict(KbError):
    """The present state does not allow the step."""

    status = 409


class TooManyTries(KbError):
    """Right or wrong, not now: it was tried too often."""

    status = 429


class Unavailable(KbError):
    """A part of the house is out of order for now: index, database or disk."""

    status = 503


class InvalidSettings(KbError):
    """One or more environment variables cannot be used."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with something handed in.

    Attributes:
        message: sentence with `%(name)s` places.
        params: what goes into the places.
        field: the field at fault, dotted (`evidence.level`), or empty.
        line: line in the file, from 1, or None.
    """

    message: str
    params: Mapping[str, object]
    field: str = ""
    line: int | None = None

    def __str__(self) -> str:
        text = self.message % dict(self.params) if self.params else self.message
        return f"{self.field}: {text}" if self.field else text


class Invalid(KbError):
    """What was handed in cannot be taken; `problems` says why, one by one."""

    status = 422

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(N_("The text can't be taken as it is."))
        self.problems = tuple(problems)

    @classmethod
    def of(cls, message: str, *, field: str = "", line: int | None = None, **params: object) -> Invalid:
        """An error with a single problem."""
        return cls([Problem(message, params, field, line)])

    def __str__(self) -> str:
        return "; ".join(str(problem) for problem in self.problems)
