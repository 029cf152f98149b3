"""Remarks in the margin of a revision, and the answers to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.domain.errors import N_, Invalid, NotFound
from kb.domain.kinds import Kind
from kb.domain.permissions import Permission
from kb.domain.roles import Actor
from kb.models import Remark, Revision
from kb.models.base import now
from kb.services import audit
from kb.services.reach import reach_draft
from kb.services.works import address_of

LENGTH: Final = 4_000
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Thread:
    """A remark with its answers.

    Attributes:
        found: whether the passage still stands in the text.
    """

    remark: Remark
    answers: tuple[Remark, ...]
    found: bool


def add_remark(
    session: Session,
    actor: Actor,
    kind: Kind,
    slug: str,
    language: str,
    text: str,
    *,
    passage: str = "",
    answers: UUID | None = None,
) -> Remark:
    """Remark on a passage of the open revision, on the whole of it, or answer a remark.

    Args:
        passage: words as they stand in the text.
        answers: the remark that this one answers; the writers may do that, remarks are the reviewers'.

    Raises:
        NotFound: nothing is open, or not for this actor; or there is no such remark.
        NotPermitted: the actor does not review for this city, or not write where they answer.
        Invalid: nothing is said, or the passage does not stand in the text.
    """
    permission = Permission.DRAFT_WRITE if answers else Permission.REVISION_REVIEW
    revision = reach_draft(session, actor, kind, slug, language, permission)
    text, passage = _check(text), " ".join(passage.split())
    if answers:
        answers, passage = _first(session, revision, answers).id, ""
    elif passage and not _stands_in(passage, revision):
        raise Invalid.of(N_("does not stand in the text: copy the words as they are."), field="passage")
    remark = Remark(
        revision_id=revision.id, answers_id=answers, person_id=actor.person, person_name=actor.name, passage=passage,
        text=text, created_at=now(),
    )  # fmt: skip
    session.add(remark)
    session.flush()
    action = "answer" if answers else "remark"
    audit.record(session, actor, action, "entry", address_of(revision.entry), revision=revision.number)
    return remark


def settle(session: Session, actor: Actor, kind: Kind, slug: str, language: str, key: UUID) -> Remark:
    """Mark a remark as dealt with.

    Raises:
        NotFound: nothing is open, or no such remark, or not for this actor.
        NotPermitted: the actor does not write for this city.
    """
    revision = reach_draft(session, actor, kind, slug, language, Permission.DRAFT_WRITE)
    remark = _first(session, revision, key)
    remark.settled_at = remark.settled_at or now()
    audit.record(session, actor, "settle", "entry", address_of(revision.entry), revision=revision.number)
    return remark


def list_threads(session: Session, revision: Revision) -> Sequence[Thread]:
    """The remarks on a revision that the caller may read, oldest first, open ones before those dealt with."""
    query = select(Remark).where(Remark.revision_id == revision.id).order_by(Remark.created_at, Remark.id)
    remarks = session.scalars(query).all()
    threads = [
        Thread(
            remark,
            tuple(answer for answer in remarks if answer.answers_id == remark.id),
            not remark.passage or _stands_in(remark.passage, revision),
        )
        for remark in remarks
        if remark.answers_id is None
    ]
    return sorted(threads, key=lambda thread: thread.remark.settled_at is not None)


def _first(session: Session, revision: Revision, key: UUID) -> Remark:
    """The remark of that key, or the one that it answers."""
    remark = session.get(Remark, key)
    if remark is None or remark.revision_id != revision.id:
        raise NotFound(N_("There is no such remark on this text."))
    return remark if remark.answers_id is None else session.get_one(Remark, remark.answers_id)


def _check(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Invalid.of(N_("must not be empty."), field="text")
    if len(text) > LENGTH:
        raise Invalid.of(N_("is too long: at most %(max_length)s characters."), field="text", max_length=LENGTH)
    if _CONTROL.search(text):
        raise Invalid.of(N_("has characters that can't be seen; type it anew."), field="text")
    return text


def _stands_in(passage: str, revision: Revision) -> bool:
    header = " ".join(str(revision.header.get(field, "")) for field in ("title", "summary"))
    return any(passage in " ".join(text.split()) for text in (revision.plain, revision.body, header))
