"""A mailer that sends nothing: one line in the log for each mail."""

from __future__ import annotations

import structlog

from kb.mail.port import Mail


class LogMailer:
    """Notes to whom a mail would have gone. Neither its text nor its links, which may let somebody in."""

    sends = False

    def send(self, mail: Mail) -> None:
        """Write the line."""
        structlog.get_logger().info("mail", to=mail.to, subject=mail.subject)

    def check(self) -> str:
        """Say so."""
        return "written to the log, not sent"
