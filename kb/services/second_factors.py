"""The second factor: time-based codes (RFC 6238) and recovery codes."""

from __future__ import annotations

import secrets
from typing import Final

import pyotp
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from kb.domain.errors import N_, Conflict, Invalid
from kb.domain.roles import Actor
from kb.models import Person, RecoveryCode
from kb.models.base import now
from kb.services import audit, mailing
from kb.services.one_time_links import digest_of

_ISSUER: Final = "Learning Cities Exchange"
_SECONDS: Final = 30
_CODES: Final = 10
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
_WRONG = N_("is not right. Please wait for the next one that your device shows, and check its clock.")


def prepare(session: Session, person: Person) -> str:
    """The secret to be set up, as an `otpauth:` address; the same until a code confirms it.

    Raises:
        Conflict: there is one already.
    """
    if person.totp_confirmed_at:
        raise Conflict(N_("A second factor is set up already. Remove it first."))
    person.totp_secret = person.totp_secret or pyotp.random_base32()
    return pyotp.TOTP(person.totp_secret).provisioning_uri(name=person.email, issuer_name=_ISSUER)


def confirm(session: Session, actor: Actor, person: Person, code: str) -> list[str]:
    """Turn the second factor on; the recovery codes, shown this once.

    Raises:
        Invalid: the code does not fit.
        Conflict: there is one already.
    """
    prepare(session, person)
    if not _fits(person, code):
        raise Invalid.of(_WRONG, field="code")
    person.totp_confirmed_at = now()
    audit.record(session, actor, "set up second factor", "person", str(person.id))
    return renew_recovery_codes(session, actor, person)


def check(session: Session, person: Person, code: str) -> None:
    """Go on only with a code of the device, each once, or an unused recovery code.

    Raises:
        Invalid: it is neither.
    """
    session.refresh(person, with_for_update=True)  # of two who show the same code one is first
    if _fits(person, code):
        return
    spent = (
        delete(RecoveryCode)
        .where(RecoveryCode.person_id == person.id, RecoveryCode.digest == digest_of(_plain(code)))
        .returning(RecoveryCode.id)
    )
    if session.scalar(spent) is None:
        raise Invalid.of(_WRONG, field="code")
    actor = Actor(person.id, person.name)
    audit.record(
        session, actor, "use recovery code", "person", str(person.id), left=count_recovery_codes(session, person)
    )
    mailing.request(session, "recovery-code-used", person=person, path="/account/second-factor")


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").casefold()


def _fits(person: Person, code: str) -> bool:
    """Whether it is the code of now or of the 30 seconds before or after, and was not used yet."""
    code = _plain(code)
    if not (person.totp_secret and len(code) == 6 and code.isascii() and code.isdigit()):
        return False
    totp, step = pyotp.TOTP(person.totp_secret), int(now().timestamp()) // _SECONDS
    for candidate in (step, step - 1, step + 1):
        fresh = person.totp_last_step is None or candidate > person.totp_last_step
        if fresh and secrets.compare_digest(totp.generate_otp(candidate), code):
            person.totp_last_step = candidate
            return True
    return False


def renew_recovery_codes(session: Session, actor: Actor, person: Person) -> list[str]:
    """Ten new codes of 12 letters (59 bits); earlier ones end."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(12)) for _ in range(_CODES)]
    session.add_all(RecoveryCode(person_id=person.id, digest=digest_of(code)) for code in codes)
    audit.record(session, actor, "renew recovery codes", "person", str(person.id))
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def count_recovery_codes(session: Session, person: Person) -> int:
    """How many are left."""
    query = select(func.count()).where(RecoveryCode.person_id == person.id)
    return session.scalar(query) or 0


def drop(session: Session, actor: Actor, person: Person) -> None:
    """Turn the second factor off; the person is told by mail."""
    person.totp_secret = person.totp_confirmed_at = person.totp_last_step = None
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    audit.record(session, actor, "remove second factor", "person", str(person.id))
    mailing.request(session, "second-factor-removed", person=person, path="/account/second-factor")
