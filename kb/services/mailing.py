"""Mails: asked for in the transaction of the change, made and sent by the background worker, tried again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from kb.domain.errors import N_, NotFound
from kb.domain.permissions import Permission, Subject, can, require
from kb.domain.roles import Actor, Notices
from kb.models import Invitation, MailRow, Person
from kb.models.base import now
from kb.services import audit, one_time_links, people

BATCH: Final = 20
# after the first, second … failed try; then the mail is given up until an administrator asks for it again
BACK_OFF: Final = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 1440))
DIGEST_HOUR: Final = 22  # UTC: seven in the morning in Seoul
_KEPT: Final = dt.timedelta(days=30)


@dataclass(frozen=True)
class Item:
    """One thing that a letter tells.

    Attributes:
        letter: its name in `kb.web.letters`.
        params: for the places of its sentences.
        path: where it leads.
    """

    letter: str
    params: Mapping[str, Any]
    path: str | None


@dataclass(frozen=True)
class Letter:
    """One mail to be written: a single item, or the items of a day.

    Attributes:
        rows: that it settles.
        language: of the receiver, None where it is not known.
        digest: whether it gathers a day's notices, be it only one.
        tries: with this one.
    """

    rows: tuple[UUID, ...]
    to: str
    name: str
    language: str | None
    items: tuple[Item, ...]
    digest: bool
    tries: int


def request(
    session: Session, letter: str, *, person: Person | None = None, invitation: Invitation | None = None,
    email: str | None = None, path: str | None = None, **params: str | int,
) -> None:  # fmt: skip
    """Have a mail sent at once, whatever the person chose: invitations, resets, what concerns the account's safety.

    Args:
        email: as typed by whoever asks for a reset; whether somebody has it is found out by the worker.
    """
    session.add(
        MailRow(
            letter=letter, person=person, invitation=invitation, email=email, params=params, path=path, notice=False,
            created_at=now(), due_at=now(), tries=0,
        )
    )  # fmt: skip


def notify(
    session: Session, person: Person, letter: str, *, path: str, permission: Permission | None = None,
    city: str | None = None, **params: str | int,
) -> None:  # fmt: skip
    """Tell a person of something: at once, in the mail of the day, or not at all, as they chose.

    Args:
        permission: that they must still have (in `city`) when it is sent, or nothing is.
        params: names and titles for the letter's sentences, nothing that the person may not know.
    """
    if person.notices == Notices.NONE.value:
        return
    due = now() if person.notices == Notices.AT_ONCE.value else next_digest(now())
    session.add(
        MailRow(
            letter=letter, person=person, params=params, path=path, notice=True, city_slug=city, created_at=now(),
            permission=permission.value if permission else None, due_at=due, tries=0,
        )
    )  # fmt: skip


def next_digest(moment: dt.datetime) -> dt.datetime:
    """When the next mail of the day goes out."""
    today = moment.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return today if today > moment else today + dt.timedelta(days=1)


def claim(session: Session, limit: int = BATCH) -> list[Letter]:
    """Take letters that are due; each comes again by itself if it is not settled.

    Rows whose receiver is gone, or may not know of the matter any more, are dropped.
    """
    query = select(MailRow).where(MailRow.due_at <= now()).order_by(MailRow.due_at, MailRow.created_at).limit(limit)
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    letters: list[Letter] = []
    daily: dict[_Receiver, list[MailRow]] = {}
    for row in rows:
        row.tries += 1
        row.due_at = now() + BACK_OFF[min(row.tries, len(BACK_OFF)) - 1]
        receiver = _receiver(session, row)
        if receiver is None:
            session.delete(row)
        elif row.notice and receiver.notices == Notices.DAILY.value:
            daily.setdefault(receiver, []).append(row)
        else:
            letters.append(_write(session, [row], receiver, digest=False))
    return letters + [_write(session, rows, receiver, digest=True) for receiver, rows in daily.items()]


@dataclass(frozen=True)
class _Receiver:
    email: str
    name: str
    language: str | None
    notices: str
    person: Person | None


def _receiver(session: Session, row: MailRow) -> _Receiver | None:
    """To whom it goes, None when nobody may have it."""
    if row.invitation:
        invitation = row.invitation
        open_ = not (invitation.accepted_at or invitation.withdrawn_at) and invitation.expires_at > now()
        if open_ and invitation.email:
            return _Receiver(invitation.email, "", invitation.language, "", None)
    person = row.person or (people.find_person(session, row.email) if row.email else None)
    actor = people.actor_of(person) if person else None
    if person and actor and _may_know(actor, row) and not (row.notice and person.notices == Notices.NONE.value):
        return _Receiver(person.email, person.name, person.language, person.notices, person)
    return None


def _may_know(actor: Actor, row: MailRow) -> bool:
    return row.permission is None or can(actor, Permission(row.permission), Subject(city=row.city_slug))


def _write(session: Session, rows: Sequence[MailRow], receiver: _Receiver, *, digest: bool) -> Letter:
    items = tuple(Item(row.letter, row.params, _path(session, row, receiver)) for row in rows)
    tries = max(row.tries for row in rows)
    return Letter(
        tuple(row.id for row in rows), receiver.email, receiver.name, receiver.language, items, digest, tries
    )  # fmt: skip


def _path(session: Session, row: MailRow, receiver: _Receiver) -> str | None:
    """Where it leads. A one-time link is made here: its secret is in the mail and nowhere else."""
    if row.invitation:
        return one_time_links.link_to_invitation(session, row.invitation)
    if row.letter == "reset" and receiver.person:
        return one_time_links.link_to_reset(session, receiver.person)
    return row.path


def settle(session: Session, letter: Letter, problem: str | None = None, *, for_good: bool = False) -> None:
    """Note how it went: sent, to be tried again, or given up.

    Args:
        problem: one sentence, None when it was sent.
        for_good: another try would not help.
    """
    for row in session.scalars(select(MailRow).where(MailRow.id.in_(letter.rows))):
        row.problem = problem[:300] if problem else None
        if problem is None:
            row.sent_at, row.due_at = now(), None
        elif for_good or row.tries >= len(BACK_OFF):
            row.failed_at, row.due_at = now(), None


def list_failed(session: Session, actor: Actor) -> Sequence[MailRow]:
    """Mails that were given up, newest first.

    Raises:
        NotPermitted: for administrators only.
    """
    require(actor, Permission.SITE_ADMINISTER)
    return session.scalars(
        select(MailRow).where(MailRow.failed_at.is_not(None)).order_by(MailRow.failed_at.desc()).limit(200)
    ).all()


def retry(session: Session, actor: Actor, id_: UUID) -> None:
    """Try a mail again that was given up.

    Raises:
        NotPermitted: for administrators only.
        NotFound: it was not given up, or is gone.
    """
    require(actor, Permission.SITE_ADMINISTER)
    row = session.get(MailRow, id_)
    if row is None or row.failed_at is None:
        raise NotFound(N_("This mail does not wait for another try."))
    row.failed_at, row.due_at, row.tries = None, now(), 0
    audit.record(session, actor, "retry", "mail", str(row.id), letter=row.letter)


def count_waiting(session: Session) -> int:
    """How many mails are still to be sent."""
    return session.scalar(select(func.count()).where(MailRow.due_at.is_not(None))) or 0


def count_failed(session: Session) -> int:
    """How many mails were given up."""
    return session.scalar(select(func.count()).where(MailRow.failed_at.is_not(None))) or 0


def forget_old(session: Session) -> None:
    """Remove what was sent or given up a month ago."""
    session.execute(delete(MailRow).where(MailRow.due_at.is_(None), MailRow.created_at < now() - _KEPT))
