"""The part of the background worker that sends mails and clears away what is past."""

from __future__ import annotations

import threading
import time

import structlog

from kb.domain.errors import KbError, Unavailable
from kb.mail.port import MailRefused
from kb.runtime import Runtime
from kb.services import limits, mailing, one_time_links, sign_ins
from kb.web.letters import compose

_POLL_SECONDS = 2.0
_CLEAR_EVERY = 3600.0


def post(parts: Runtime, stopping: threading.Event) -> None:
    """Send what is due until told to stop. A thread of its own: a slow mail server must not hold up the index."""
    log = structlog.get_logger()
    pause, cleared = _POLL_SECONDS, float("-inf")
    while not stopping.is_set():
        try:
            sent = send_due(parts)
            if time.monotonic() > cleared + _CLEAR_EVERY:
                clear(parts)
                cleared = time.monotonic()
            pause = _POLL_SECONDS
        except Exception as error:  # the thread must live on: the next mail may be well
            sent = 0
            known = isinstance(error, KbError)
            log.warning("mail", problem=str(error) if known else type(error).__name__, exc_info=not known)
            pause = min(pause * 2, 60)
        if not sent:
            stopping.wait(pause)


def send_due(parts: Runtime) -> int:
    """Send one batch; how many letters were tried. No transaction is open while a mail server is talked to."""
    with parts.database.transaction() as session:
        letters = mailing.claim(session)
    for letter in letters:
        problem, for_good = None, False
        try:
            parts.mailer.send(compose(letter, base_url=parts.base_url, locale=parts.locale))
        except (Unavailable, MailRefused) as error:
            problem, for_good = str(error), isinstance(error, MailRefused)
        except Exception as error:  # a letter that can't be written must not hold up the others, and must be seen
            structlog.get_logger().exception("mail not written", letter=letter.items[0].letter)
            problem, for_good = f"{type(error).__name__}: {letter.items[0].letter}", True
        with parts.database.transaction() as session:
            mailing.settle(session, letter, problem, for_good=for_good)
    return len(letters)


def clear(parts: Runtime) -> None:
    """Remove what is past: old mails, sessions, links and counted tries."""
    with parts.database.transaction() as session:
        for module in (mailing, sign_ins, one_time_links, limits):
            module.forget_old(session)
