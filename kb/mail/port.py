"""What a mailer can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kb.domain.errors import KbError


@dataclass(frozen=True)
class Mail:
    """One mail, ready to be sent.

    Attributes:
        id: the same at each try, so that receivers can tell a repeated mail.
        html: the same content as `text`, for those who read mail so.
    """

    id: str
    to: str
    subject: str
    text: str
    html: str


class MailRefused(KbError):
    """The mail will not be taken at another time either, as when the address is unknown there."""


class Mailer(Protocol):
    """Hands mails over."""

    @property
    def sends(self) -> bool:
        """Whether mails reach anybody: if not, one-time links must be handed over by people."""

    def send(self, mail: Mail) -> None:
        """Hand the mail over; it is the mail server's affair when this returns.

        Raises:
            MailRefused: for good.
            Unavailable: not now.
        """

    def check(self) -> str:
        """Say in a few words where mails go.

        Raises:
            KbError: they would go nowhere now.
        """
