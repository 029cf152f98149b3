"""How often something may be tried; counted in the database, so over all worker processes."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from kb.domain.errors import N_, TooManyTries
from kb.models import Attempt
from kb.models.base import now


@dataclass(frozen=True)
class Limit:
    """At most so many tries in any such span of time."""

    name: str
    tries: int
    span: dt.timedelta


# as PyPI has them (warehouse/config.py)
SIGN_INS: Final = Limit("sign-in", 10, dt.timedelta(minutes=5))
CODES: Final = Limit("code", 10, dt.timedelta(minutes=5))
RESETS: Final = Limit("reset", 5, dt.timedelta(days=1))
RESETS_OF_ADDRESS: Final = Limit("resets-of-address", 25, dt.timedelta(days=1))  # an office shares one address
_LONGEST: Final = max(limit.span for limit in (SIGN_INS, CODES, RESETS, RESETS_OF_ADDRESS))


def network_of(address: str) -> str:
    """Who is behind a network address: of IPv6 the /64, since each household has that many addresses."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))


def take(session: Session, *wanted: tuple[Limit, str]) -> list[UUID]:
    """Count one try under each limit, for each of these subjects; what to give back when it was a good one.

    Raises:
        TooManyTries: one of them is used up; nothing was counted.
    """
    moment = now()
    taken = []
    for limit, subject in wanted:
        key = hashlib.sha256(f"{limit.name}\0{subject}".encode()).hexdigest()
        if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time anyway
            session.execute(select(func.pg_advisory_xact_lock(int(key[:15], 16))))
        recent = select(func.count()).where(Attempt.key == key, Attempt.at > moment - limit.span)
        if (session.scalar(recent) or 0) >= limit.tries:
            raise TooManyTries(N_("That was tried too often. Please wait %(minutes)s minutes and try again."),
                               minutes=round(limit.span.total_seconds() / 60))  # fmt: skip
        taken.append(Attempt(id=uuid4(), key=key, at=moment))
    session.add_all(taken)
    return [attempt.id for attempt in taken]


def give_back(session: Session, taken: list[UUID]) -> None:
    """Forget tries that were good: only failed ones count."""
    session.execute(delete(Attempt).where(Attempt.id.in_(taken)))


def forget_old(session: Session) -> None:
    """Remove what no limit counts any more."""
    session.execute(delete(Attempt).where(Attempt.at < now() - _LONGEST))
