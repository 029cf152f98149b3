"""Review: texts are submitted, sent back, published, planned, withdrawn; entries archived (contract, section 7)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from kb.domain.errors import N_, Conflict, Invalid, KbError, NotFound, NotPermitted, Problem
from kb.domain.kinds import FOLDERS, Kind, TranslationHeader, check_header
from kb.domain.permissions import Permission, require
from kb.domain.roles import COMMAND_LINE, Actor
from kb.domain.vocabularies import Vocabularies
from kb.domain.workflow import Action, InvalidTransition, State
from kb.models import Entry, Review, Revision, Work
from kb.models.base import now
from kb.services import audit, outbox, works
from kb.services.library import get_record
from kb.services.mentions import check_references, find_dead_links
from kb.services.people import load_actor
from kb.services.reach import authors_of, drafts_within_reach, reach_entry, reach_work, subjects_of
from kb.services.steps import note_step
from kb.services.vocabularies import load_vocabularies
from kb.services.works import address_of, open_revision, public_revision
from kb.text.merge import has_marks

REASON_LENGTH: Final = 4_000
_EMPTY: Final = re.compile(r"^## +(.+?)[ #]*\n\s*(?=## |\Z)", re.MULTILINE)
_FORWARD: Final = re.compile(r"^/(cities|cases|research)/([a-z0-9-]+)$")


def submit(
    session: Session, actor: Actor, kind: Kind, slug: str, language: str, *, vocabularies: Vocabularies
) -> Revision:
    """Hand a draft to the reviewers of its city.

    Raises:
        NotFound, NotPermitted: as `kb.services.editing.get_draft`.
        InvalidTransition: it is not a draft.
        Invalid: something in it must be put right first.
    """
    revision = _step_of(session, actor, kind, slug, language, Permission.DRAFT_WRITE)
    _try(revision, Action.SUBMIT)
    _check_ready(session, actor, revision, vocabularies)
    note_step(session, actor, revision, Action.SUBMIT)
    session.merge(Review(revision_id=revision.id, submitted_at=now()))
    _record(session, actor, "submit", revision)
    return revision


def take_back(session: Session, actor: Actor, kind: Kind, slug: str, language: str) -> Revision:
    """Take a submitted text back to go on writing.

    Raises:
        NotFound, NotPermitted: as `submit`.
        InvalidTransition: it does not wait for review.
    """
    revision = _step_of(session, actor, kind, slug, language, Permission.DRAFT_WRITE)
    note_step(session, actor, revision, Action.RESUME)
    _record(session, actor, "take back", revision)
    return revision


def withdraw(session: Session, actor: Actor, kind: Kind, slug: str, language: str) -> Revision:
    """Give a draft up; it stays in the history.

    Raises:
        NotFound, NotPermitted: as `submit`.
        Conflict: nothing is open.
    """
    revision = _step_of(session, actor, kind, slug, language, Permission.DRAFT_WRITE)
    note_step(session, actor, revision, Action.WITHDRAW)
    _record(session, actor, "withdraw", revision)
    return revision


def hold(session: Session, actor: Actor, kind: Kind, slug: str, language: str) -> Revision:
    """Say that one reviews this text; who held it before holds it no more.

    Raises:
        NotFound, NotPermitted: the actor does not review for this city.
        InvalidTransition: it does not wait for review.
    """
    revision = _step_of(session, actor, kind, slug, language, Permission.REVISION_REVIEW)
    review = session.get(Review, revision.id)
    if revision.state != State.IN_REVIEW or review is None:
        raise InvalidTransition(State(revision.state), Action.PUBLISH)
    review.holder_id = actor.person
    _record(session, actor, "hold", revision)
    return revision


def request_changes(session: Session, actor: Actor, kind: Kind, slug: str, language: str, reason: str) -> Revision:
    """Send a text back to its writers.

    Raises:
        NotFound, NotPermitted: the actor does not review for this city.
        Invalid: no reason, or too long a one.
        InvalidTransition: it does not wait for review.
    """
    revision = _step_of(session, actor, kind, slug, language, Permission.REVISION_REVIEW)
    note_step(session, actor, revision, Action.REQUEST_CHANGES, check_reason(reason))
    _record(session, actor, "request changes", revision)
    return revision


def publish(
    session: Session,
    actor: Actor,
    kind: Kind,
    slug: str,
    language: str,
    *,
    vocabularies: Vocabularies,
    read: str | None = None,
) -> Revision:
    """Make a reviewed revision the public text of its entry.

    Args:
        read: digest of the text that the reviewer has read, where they say so.

    Raises:
        NotFound, NotPermitted: the actor does not publish for this city, or wrote in the text.
        InvalidTransition: the revision is not (or no longer) in review.
        Conflict: it is not the text that was read, or a translation comes before its original.
        Invalid: what it names has gone meanwhile.
    """
    revision = _to_be_published(session, actor, kind, slug, language, read)
    _check_ready(session, actor, revision, vocabularies)
    _publish(session, actor, revision, vocabularies)
    return revision


def schedule(
    session: Session, actor: Actor, kind: Kind, slug: str, language: str, at: dt.datetime, *, read: str | None = None
) -> Revision:
    """Decide now that a text becomes public at a later moment.

    Raises:
        as `publish`.
        Invalid: the moment has passed, or lies more than a year ahead.
    """
    revision = _to_be_published(session, actor, kind, slug, language, read)
    if not now() < at < now() + dt.timedelta(days=366):
        raise Invalid.of(N_("must be a moment to come, within a year."), field="publish_at")
    note_step(session, actor, revision, Action.SCHEDULE)
    review = session.get_one(Review, revision.id)
    review.publish_at, review.publish_by_id = at, actor.person
    _record(session, actor, "schedule", revision)
    return revision


def is_due(session: Session) -> bool:
    """Whether `publish_due` would find something; asked often, so that nothing is locked for nothing."""
    return session.scalar(select(Review.revision_id).where(Review.publish_at <= now()).limit(1)) is not None


def publish_due(session: Session) -> int:
    """Publish what was planned for this moment or an earlier one, in the name of who planned it; how many that were.

    Who may no longer publish, or a text that can't be published any more, leaves it waiting for review.
    """
    due = (
        select(Review.revision_id, Review.publish_by_id, Work.kind, Work.slug, Entry.language)
        .join(Revision, Revision.id == Review.revision_id)
        .join(Entry, Entry.id == Revision.entry_id)
        .join(Work, Work.id == Entry.work_id)
        .where(Review.publish_at <= now())
        .order_by(Review.publish_at)
    )
    count = 0
    vocabularies = load_vocabularies(session)
    for key, person, kind, slug, language in session.execute(due).all():
        try:
            actor = load_actor(session, person) if person else COMMAND_LINE
            if actor is None:
                raise NotPermitted(N_("You are not allowed to do this here."))
            publish(session, actor, Kind(kind), slug, language, vocabularies=vocabularies)
            count += 1
        except KbError as error:
            review = session.get_one(Review, key)
            review.publish_at = review.publish_by_id = None
            address = f"{Kind(kind).folder}/{slug}/{language}"
            audit.record(session, COMMAND_LINE, "not published", "entry", address, why=error.message[:200])
    return count


def archive(session: Session, actor: Actor, kind: Kind, slug: str, reason: str, forward: str | None = None) -> Work:
    """Keep a work, tell so, and take it out of lists and search.

    Args:
        forward: address of the entry to read instead, like `/cases/another`.

    Raises:
        NotFound, NotPermitted: the actor does not edit for this city.
        Conflict: it was never public, or is archived already.
        Invalid: no reason, or the other entry is not there.
    """
    work = reach_work(session, actor, kind, slug, Permission.ENTRY_ARCHIVE)
    if work.published_at is None:
        raise Conflict(N_("This was never public: withdraw the draft instead."))
    if work.archived_at:
        raise Conflict(N_("This entry is archived already."))
    reason = check_reason(reason)
    work.forward = _check_forward(session, actor, work, forward) if forward else None
    work.archived_at, work.archive_reason = now(), reason
    audit.record(session, actor, "archive", "work", f"{kind.folder}/{slug}")
    outbox.request_indexing(session, work)
    return work


def bring_back(session: Session, actor: Actor, kind: Kind, slug: str) -> Work:
    """Undo archiving.

    Raises:
        NotFound, NotPermitted: the actor does not edit for this city.
        Conflict: it is not archived.
    """
    work = reach_work(session, actor, kind, slug, Permission.ENTRY_ARCHIVE)
    if work.archived_at is None:
        raise Conflict(N_("This entry is not archived."))
    work.archived_at = work.archive_reason = work.forward = None
    audit.record(session, actor, "bring back", "work", f"{kind.folder}/{slug}")
    outbox.request_indexing(session, work)
    return work


@dataclass(frozen=True)
class Waiting:
    """A text in the queue.

    Attributes:
        since: when it was submitted.
        holder: name of who reviews it, None for nobody yet.
        publish_at: when it shall become public, where that is decided.
        own: whether the one who asks wrote in it, and so can't publish it.
    """

    revision: Revision
    entry: Entry
    work: Work
    since: dt.datetime
    holder: str | None
    publish_at: dt.datetime | None
    own: bool


def queue(session: Session, actor: Actor) -> Sequence[Waiting]:
    """What waits for review in the cities of the actor, the longest first."""
    query = (
        drafts_within_reach(actor, Permission.REVISION_REVIEW)
        .join(Review, Review.revision_id == Revision.id)
        .where(Revision.state == State.IN_REVIEW.value)
        .order_by(Review.submitted_at, Revision.id)
        .add_columns(Review)
        .options(joinedload(Review.holder))
    )
    return [
        Waiting(
            revision, revision.entry, revision.entry.work, review.submitted_at,
            review.holder.name if review.holder else None, review.publish_at,
            actor.person in authors_of(session, revision),
        )
        for revision, review in session.execute(query)
    ]  # fmt: skip


def check_reason(reason: str) -> str:
    """A reason that tells something.

    Raises:
        Invalid: it is empty or too long.
    """
    reason = reason.strip()
    if not reason:
        raise Invalid.of(N_("must not be empty."), field="reason")
    if len(reason) > REASON_LENGTH:
        raise Invalid.of(
            N_("is too long: at most %(max_length)s characters."), field="reason", max_length=REASON_LENGTH
        )
    return reason


def _step_of(session: Session, actor: Actor, kind: Kind, slug: str, language: str, permission: Permission) -> Revision:
    """The revision to take a step with; where none is open, the newest says why that can't be."""
    entry = reach_entry(session, actor, kind, slug, language, permission)
    revision = open_revision(entry) or (entry.revisions[-1] if entry.revisions else None)
    if revision is None:
        raise NotFound(N_("There is nothing at this address."))
    return revision


def _try(revision: Revision, action: Action) -> None:
    """Raise what `move` would raise, before anything else is looked at."""
    state = revision.state
    revision.move(action)
    revision.state = state


def _to_be_published(
    session: Session, actor: Actor, kind: Kind, slug: str, language: str, read: str | None
) -> Revision:
    revision = _step_of(session, actor, kind, slug, language, Permission.REVISION_REVIEW)
    for subject in subjects_of(session, revision):
        require(actor, Permission.REVISION_PUBLISH, subject)
    _try(revision, Action.PUBLISH)
    if read is not None and revision.digest != read:
        raise Conflict(N_("The text has changed since you read it. Please read it again."))
    return revision


def _publish(session: Session, actor: Actor, revision: Revision, vocabularies: Vocabularies) -> None:
    if "translation_of" in revision.header and works.public_original(revision.entry.work) is None:
        raise Conflict(N_("The original is not public yet: it comes first."))
    before = public_revision(revision.entry)
    works.make_public(session, revision, vocabularies)
    if before:
        _record(session, actor, "supersede", before)
    note_step(session, actor, revision, Action.PUBLISH)
    _record(session, actor, "publish", revision)


def _check_ready(session: Session, actor: Actor, revision: Revision, vocabularies: Vocabularies) -> None:
    """What must be right before others read it."""
    work = revision.entry.work
    kind = Kind(work.kind)
    header = check_header(revision.header, kind, vocabularies=vocabularies)
    check_references(session, actor, header, (kind, work.slug))
    problems = list(find_dead_links(session, actor, work, revision.html))
    if has_marks(revision.body):
        problems.append(
            Problem(N_("Marks of a merge still stand in the text: choose one side and delete them."), {}, "body")
        )
    if not revision.body.strip():
        problems.append(Problem(N_("must not be empty."), {}, "body"))
    problems += [
        Problem(
            N_("There is nothing under “%(heading)s”: write it, or delete the heading."), {"heading": found}, "body"
        )
        for found in _EMPTY.findall(revision.body)
    ]
    public = public_revision(revision.entry)
    if public and public.digest == revision.digest:
        problems.append(Problem(N_("Nothing has changed against the public text."), {}, "body"))
    if isinstance(header, TranslationHeader) and _is_untouched(work, revision):
        problems.append(Problem(N_("Nothing is translated yet."), {}, "body"))
    if problems:
        raise Invalid(problems)


def _is_untouched(work: Work, revision: Revision) -> bool:
    original = next((entry for entry in work.entries if entry.language == work.original_language), None)
    public = public_revision(original) if original else None
    return public is not None and public.body == revision.body


def _check_forward(session: Session, actor: Actor, work: Work, forward: str) -> str:
    found = _FORWARD.match(forward.strip())
    if not found:
        raise Invalid.of(N_("must be the address of an entry, like /cases/another."), field="forward")
    kind, slug = FOLDERS[found[1]], found[2]
    try:
        get_record(session, actor, kind, slug, [])
    except NotFound as error:
        raise Invalid.of(N_("There is no “%(slug)s” in the library."), field="forward", slug=slug) from error
    if (kind.value, slug) == (work.kind, work.slug):
        raise Invalid.of(N_("must be another entry."), field="forward")
    return found[0]


def _record(session: Session, actor: Actor, action: str, revision: Revision) -> None:
    audit.record(session, actor, action, "entry", address_of(revision.entry), revision=revision.number)
