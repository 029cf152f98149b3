"""The history of an entry: who wrote what when, what became of it, what changed (public contract, section 8)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.domain.errors import N_, NotFound
from kb.domain.kinds import Kind
from kb.domain.permissions import Permission, Subject, can
from kb.domain.roles import Actor
from kb.domain.visibility import sight_of
from kb.domain.workflow import State
from kb.models import Entry, Person, Revision, RevisionStep
from kb.services.reach import knows_of
from kb.services.works import find_works, public_revision
from kb.text.diff import FieldChange, Line, diff_headers, diff_texts

_ONCE_PUBLIC: Final = (State.PUBLISHED, State.SUPERSEDED)


@dataclass(frozen=True)
class Step:
    """What happened to a revision: who did it, when, why; names are for those who are signed in."""

    action: str
    at: dt.datetime
    name: str | None
    reason: str | None


@dataclass(frozen=True)
class Item:
    """One revision in the list.

    Attributes:
        author: who began it; None where nobody is known, or for who is not signed in.
        readable: whether the one who asks may read its text.
    """

    number: int
    state: State
    author: str | None
    created_at: dt.datetime
    published_at: dt.datetime | None
    steps: tuple[Step, ...]
    readable: bool


@dataclass(frozen=True)
class Version:
    """The text of one revision, as far as the one who asks may read it."""

    revision: Revision
    header: Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """What a revision changed against another."""

    old: Revision | None
    new: Revision
    fields: Sequence[FieldChange]
    lines: Sequence[Line]


def list_history(session: Session, actor: Actor, kind: Kind, slug: str, language: str) -> list[Item]:
    """The revisions that the actor may know of, newest first: all for the city's writers, else what was public.

    Raises:
        NotFound: there is no such entry for this actor.
    """
    entry = _reach(session, actor, kind, slug, language)
    inside = _is_inside(actor, entry)
    known = [one for one in reversed(entry.revisions) if inside or one.state in _ONCE_PUBLIC]
    names = _names(session, [one.author_id for one in known if one.author_id]) if actor.signed_in else {}
    steps = _steps(session, [one.id for one in known]) if inside else {}
    return [
        Item(
            number=one.number,
            state=State(one.state),
            author=names.get(one.author_id) if one.author_id else None,
            created_at=one.created_at,
            published_at=one.published_at,
            steps=tuple(steps.get(one.id, ())),
            readable=inside or one.state == State.PUBLISHED,
        )
        for one in known
    ]


def read_version(session: Session, actor: Actor, kind: Kind, slug: str, language: str, number: int) -> Version:
    """One revision's text: any for the city's writers, the public one for its readers.

    An older text may have been public when it should not have been, or for others: it is not shown around again.

    Raises:
        NotFound: there is none of that number for this actor.
    """
    entry = _reach(session, actor, kind, slug, language)
    inside = _is_inside(actor, entry)
    found = next((one for one in entry.revisions if one.number == number), None)
    if found is None or not (inside or found.state == State.PUBLISHED):
        raise NotFound(N_("There is nothing at this address."))
    contacts = inside or sight_of(actor).contacts
    header = {name: value for name, value in found.header.items() if contacts or name != "contact"}
    return Version(found, header)


def compare(
    session: Session, actor: Actor, kind: Kind, slug: str, language: str, new: int, old: int | None = None
) -> Comparison:
    """What one revision changed against another, by words.

    Args:
        old: against which; None for the public one or, for that one itself, the one before.

    Raises:
        NotFound: one of them is not there for this actor, or they do not write for this city.
    """
    if not _is_inside(actor, _reach(session, actor, kind, slug, language)):
        raise NotFound(N_("There is nothing at this address."))
    revision = read_version(session, actor, kind, slug, language, new).revision
    other = _before(revision) if old is None else read_version(session, actor, kind, slug, language, old).revision
    return compare_revisions(other, revision)


def compare_revisions(old: Revision | None, new: Revision) -> Comparison:
    """The difference of two revisions that the caller may read."""
    before: tuple[Mapping[str, Any], str] = (old.header, old.body) if old else ({}, "")
    fields = [change for change in diff_headers(before[0], new.header) if change.name != "kind"]
    return Comparison(old, new, fields, diff_texts(before[1], new.body))


def original_changes(session: Session, revision: Revision) -> Comparison | None:
    """What the public original says otherwise than when it was translated; None where the translation is up to date.

    The caller may read the revision.
    """
    if revision.translated_from_id is None:
        return None
    source = session.get_one(Revision, revision.translated_from_id)
    public = public_revision(source.entry)
    if public is None or public.id == source.id:
        return None
    return compare_revisions(source, public)


def _before(revision: Revision) -> Revision | None:
    """What a revision is best compared with: the public text, else the one before it that was public."""
    others = [one for one in revision.entry.revisions if one.number < revision.number]
    public = [one for one in others if one.state in _ONCE_PUBLIC]
    return next((one for one in public if one.state == State.PUBLISHED), public[-1] if public else None)


def _reach(session: Session, actor: Actor, kind: Kind, slug: str, language: str) -> Entry:
    work = find_works(session, kind, [slug]).get(slug)
    entry = work and next((found for found in work.entries if found.language == language), None)
    if not work or not entry or not knows_of(actor, work):
        raise NotFound(N_("There is nothing at this address."))
    if not _is_inside(actor, entry) and public_revision(entry) is None:
        raise NotFound(N_("There is nothing at this address."))
    return entry


def _is_inside(actor: Actor, entry: Entry) -> bool:
    return can(actor, Permission.DRAFT_READ, Subject(city=entry.work.city_slug))


def _names(session: Session, people: Sequence[UUID]) -> dict[UUID, str]:
    return {one.id: one.name for one in session.scalars(select(Person).where(Person.id.in_(people)))}


def _steps(session: Session, revisions: Sequence[UUID]) -> dict[UUID, list[Step]]:
    query = select(RevisionStep).where(RevisionStep.revision_id.in_(revisions)).order_by(RevisionStep.at)
    steps: dict[UUID, list[Step]] = {}
    for one in session.scalars(query):
        steps.setdefault(one.revision_id, []).append(Step(one.action, one.at, one.person_name or None, one.reason))
    return steps
