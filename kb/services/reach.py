"""The works and texts that an actor may write, review or read before they are public; the one way to reach them.

What an actor may not know of is not found; what they know of but may not change is not permitted.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, contains_eager

from kb.domain.errors import N_, NotFound
from kb.domain.kinds import Kind
from kb.domain.permissions import Permission, Subject, can, cities_where, require
from kb.domain.roles import Actor
from kb.domain.visibility import Visibility, sight_of
from kb.domain.workflow import OPEN_STATES
from kb.models import Entry, Revision, SavedText, Work
from kb.models.queries import visible
from kb.services.turns import take_turn
from kb.services.works import find_works, open_revision

_DRAFTS = 200  # shown on one page


def reach_work(session: Session, actor: Actor, kind: Kind, slug: str, permission: Permission) -> Work:
    """A work for which the actor has the permission; unless it is only read, nobody else changes it until the end.

    Raises:
        NotFound: there is none, or none that the actor may know of.
        NotPermitted: they may read it, no more.
    """
    if permission is not Permission.DRAFT_READ:
        take_turn(session, f"work {kind.value}/{slug}")
    work = find_works(session, kind, [slug]).get(slug)
    if work is None:
        raise NotFound(N_("There is nothing at this address."))
    subject = Subject(city=work.city_slug)
    if not can(actor, permission, subject):
        if not knows_of(actor, work):
            raise NotFound(N_("There is nothing at this address."))
        require(actor, permission, subject)
    return work


def knows_of(actor: Actor, work: Work) -> bool:
    """Whether the actor may know that there is this work."""
    if can(actor, Permission.DRAFT_READ, Subject(city=work.city_slug)):
        return True
    return work.published_at is not None and Visibility(work.visibility) in sight_of(actor).visibilities


def reach_entry(session: Session, actor: Actor, kind: Kind, slug: str, language: str, permission: Permission) -> Entry:
    """One language version of such a work.

    Raises:
        NotFound: as `reach_work`, or not in this language.
        NotPermitted: as `reach_work`.
    """
    work = reach_work(session, actor, kind, slug, permission)
    entry = next((found for found in work.entries if found.language == language), None)
    if entry is None:
        raise NotFound(N_("There is nothing at this address."))
    return entry


def reach_draft(
    session: Session, actor: Actor, kind: Kind, slug: str, language: str, permission: Permission
) -> Revision:
    """The open revision of such a language version.

    Raises:
        NotFound: as `reach_entry`, or nothing is open.
        NotPermitted: as `reach_entry`.
    """
    revision = open_revision(reach_entry(session, actor, kind, slug, language, permission))
    if revision is None:
        raise NotFound(N_("No draft of this text is open."))
    return revision


def authors_of(session: Session, revision: Revision) -> frozenset[UUID]:
    """Who began the revision, and all who saved something in it."""
    saved = select(SavedText.person_id).where(SavedText.revision_id == revision.id, SavedText.person_id.is_not(None))
    return frozenset(found for found in [revision.author_id, *session.scalars(saved)] if found)


def subjects_of(session: Session, revision: Revision) -> list[Subject]:
    """What deciding on the revision means: one subject for each author and each city that it touches."""
    work = revision.entry.work
    cities = {work.city_slug, revision.header.get("city", work.city_slug)}
    authors: Collection[UUID | None] = authors_of(session, revision) or [None]
    return [Subject(city=city, author=author) for city in cities for author in authors]


def drafts_within_reach(actor: Actor, permission: Permission = Permission.DRAFT_READ) -> Select[Revision]:
    """Open revisions of the cities where the actor has the permission, with their entries and works."""
    query = (
        select(Revision)
        .join(Revision.entry)
        .join(Entry.work)
        .options(contains_eager(Revision.entry).contains_eager(Entry.work))
        .where(Revision.state.in_([state.value for state in OPEN_STATES]))
    )
    cities = cities_where(actor, permission)
    return query if cities is None else query.where(Work.city_slug.in_(cities))


def list_drafts(session: Session, actor: Actor) -> tuple[list[Revision], list[Revision]]:
    """The open revisions that the actor may read, newest first: those that they wrote in, and those of others."""
    found = session.scalars(drafts_within_reach(actor).order_by(Revision.created_at.desc()).limit(_DRAFTS)).all()
    written = select(SavedText.revision_id).where(SavedText.person_id == actor.person)
    theirs = set(session.scalars(written.where(SavedText.revision_id.in_([revision.id for revision in found]))))
    own = [one for one in found if one.id in theirs or one.author_id == actor.person]
    return own, [one for one in found if one not in own]


def may_name(session: Session, actor: Actor, kind: Kind, slugs: Collection[str]) -> frozenset[str]:
    """Those of the slugs that the actor may name in a text: of works that they may read, now or as drafts."""
    public = visible(sight_of(actor), archived=True).with_only_columns(Work.id)
    cities = cities_where(actor, Permission.DRAFT_READ)
    own = Work.city_slug.in_(cities) if cities is not None else Work.id.is_not(None)
    query = select(Work.slug).where(Work.kind == kind.value, Work.slug.in_(slugs), or_(Work.id.in_(public), own))
    return frozenset(session.scalars(query))
