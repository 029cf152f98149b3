"""A mailer that hands mails to an SMTP server (RFC 5321)."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import parse_qs, unquote, urlsplit

from kb.domain.errors import N_, Unavailable
from kb.mail.port import Mail, MailRefused

_SUBMISSION, _IMPLICIT_TLS = 587, 465


class SmtpMailer:
    """Opens one connection a mail; encrypted whenever the server can, always on 587 and 465 and before a password.

    Args:
        url: `smtp://user:password@host:587`, with `?from=address` where the sender is not the user.
        host: of the site, for the sender where the URL names none, and for message ids.
        context: whom to trust, the system's authorities where none is given.
        timeout: seconds to wait for each answer.
    """

    sends = True

    def __init__(self, url: str, host: str, context: ssl.SSLContext | None = None, timeout: float = 20) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "localhost", parts.port or _SUBMISSION
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        default = self._user if "@" in self._user else f"noreply@{host}"
        self._sender = parse_qs(parts.query).get("from", [default])[0]
        self._site = host
        self._context = context or ssl.create_default_context()
        self._timeout = timeout

    def send(self, mail: Mail) -> None:
        """Hand the mail to the server."""
        try:
            message = self._message(mail)
        except (ValueError, MessageError) as error:
            raise MailRefused(N_("The address can't be written to.")) from error
        with self._connected() as server:
            server.send_message(message, self._sender, [mail.to])

    def check(self) -> str:
        """Connect, sign in, and leave."""
        with self._connected() as server:
            server.noop()
        return f"smtp, {self._host} port {self._port}, from {self._sender}"

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"] = Address(display_name="Learning Cities Exchange", addr_spec=self._sender)
        message["To"] = Address(addr_spec=mail.to)
        message["Subject"] = " ".join(mail.subject.split())
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{mail.id}@{self._site}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers, please
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A connection ready to send; what goes wrong in it is one sentence."""
        try:
            with self._connect() as server:
                yield server
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError) as error:
            if isinstance(error, smtplib.SMTPRecipientsRefused) and all(
                code < 500 for code, _ in error.recipients.values()
            ):
                raise self._not_now("the receiver is refused for now") from error
            raise MailRefused(N_("The mail server refuses this address.")) from error
        except smtplib.SMTPResponseException as error:
            raise self._not_now(f"it answered {error.smtp_code}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise self._not_now(type(error).__name__) from error

    def _connect(self) -> smtplib.SMTP:
        if self._port == _IMPLICIT_TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout, context=self._context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            self._greet(server)
        except BaseException:
            server.close()
            raise
        return server

    def _greet(self, server: smtplib.SMTP) -> None:
        """Encrypt where it is not done yet, then sign in."""
        server.ehlo()
        if self._port != _IMPLICIT_TLS and server.has_extn("starttls"):
            server.starttls(context=self._context)
        elif self._port == _SUBMISSION or (self._user and self._port != _IMPLICIT_TLS):
            raise self._not_now("it does not encrypt")
        if self._user:
            server.login(self._user, self._password)

    def _not_now(self, reason: str) -> Unavailable:
        """The reason is never the server's own words: they may repeat what was sent."""
        return Unavailable(
            N_("The mail server %(host)s can't take mail now: %(reason)s."), host=self._host, reason=reason
        )
