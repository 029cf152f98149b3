"""Saving texts: the one way by which files, forms and the API change what the library holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, selectinload

from kb.domain.completeness import completeness, missing_fields
from kb.domain.errors import N_, Conflict, Invalid
from kb.domain.kinds import AnyHeader, Kind, Original, Profile, TranslationHeader, dump_header
from kb.domain.roles import Actor
from kb.domain.vocabularies import Vocabularies
from kb.domain.workflow import OPEN_STATES, State
from kb.models import City, Entry, Revision, Work, WorkConcept
from kb.models.base import now
from kb.services import audit, outbox
from kb.text.markdown import Rendered

THEME_SCHEMES = ("key_features", "clusters", "sdgs")


class Outcome(StrEnum):
    """What saving a text did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class TextOfEntry:
    """One language version, checked and rendered, ready to be saved."""

    kind: Kind
    slug: str
    language: str
    header: AnyHeader
    body: str
    rendered: Rendered

    @property
    def plain_header(self) -> dict[str, Any]:
        """The header as JSON: days become text, nothing else changes."""
        data: dict[str, Any] = json.loads(json.dumps(dump_header(self.header), default=str))
        return data


def digest_of(header: Mapping[str, Any], body: str) -> str:
    """SHA-256 of what a file says; equal digests mean the same text."""
    said = json.dumps(header, ensure_ascii=False, sort_keys=True) + "\n" + body
    return hashlib.sha256(said.encode()).hexdigest()


def find_works(session: Session, kind: Kind, slugs: list[str]) -> dict[str, Work]:
    """The works of these slugs with their entries and revisions, the texts themselves left out."""
    query = (
        select(Work)
        .where(Work.kind == kind.value, Work.slug.in_(slugs))
        .options(
            selectinload(Work.entries)
            .selectinload(Entry.revisions)
            .load_only(Revision.entry_id, Revision.number, Revision.state, Revision.digest, Revision.author_id)
        )
    )
    return {work.slug: work for work in session.scalars(query)}


def save_text(
    session: Session,
    actor: Actor,
    text: TextOfEntry,
    *,
    publish: bool,
    vocabularies: Vocabularies,
    work: Work | None,
    keep_edited: bool = False,
) -> tuple[Work, Outcome]:
    """Save one language version, as the public text or as a draft beside it.

    Args:
        work: the work where it exists (`find_works`), None for a new one.
        keep_edited: whether a public text that a person wrote here stays as it is.

    Raises:
        Invalid: a translation without its original, or a second original.
        Conflict: a revision of somebody else waits for review.
    """
    _check_role(text, work)
    header, now_ = text.plain_header, now()
    created = work is None
    if work is None:
        work = Work(
            kind=text.kind.value, slug=text.slug, original_language=text.language, header={}, visibility="public",
            completeness="stub", created_at=now_, entries=[],
        )  # fmt: skip
        session.add(work)
    entry = next((found for found in work.entries if found.language == text.language), None)
    if entry is None:
        entry = Entry(language=text.language, title="", summary="", created_at=now_, revisions=[])
        work.entries.append(entry)
        created = True

    digest = digest_of(header, text.body)
    public = next((found for found in entry.revisions if found.state == State.PUBLISHED), None)
    draft = next((found for found in entry.revisions if found.state in OPEN_STATES), None)
    if keep_edited and public and public.author_id:
        return work, Outcome.UNCHANGED
    latest = public if publish else draft or public
    if latest and latest.digest == digest:
        return work, Outcome.UNCHANGED
    if draft and not publish:
        if draft.state != State.DRAFT:
            raise Conflict(N_("A revision of this text waits for review; it must be decided first."))
        revision = draft
    else:
        number = max((found.number for found in entry.revisions), default=0) + 1
        revision = Revision(number=number, state=State.DRAFT.value, author_id=actor.person, created_at=now_)
        entry.revisions.append(revision)
    revision.header, revision.body, revision.digest = header, text.body, digest
    revision.html, revision.plain = text.rendered.html, text.rendered.plain
    revision.headings = [[heading.level, heading.id, heading.text] for heading in text.rendered.headings]
    revision.translated_from_id = _public_original(work) if isinstance(text.header, TranslationHeader) else None
    if publish:
        if public:
            public.state = State.SUPERSEDED.value
        session.flush()  # frees the slot of “one published revision”
        _make_public(session, work, entry, revision, text, vocabularies)
    else:
        session.flush()
    audit.record(
        session, actor, "publish" if publish else "draft", "entry",
        f"{text.kind.folder}/{text.slug}/{text.language}", revision=revision.number,
    )  # fmt: skip
    return work, Outcome.CREATED if created else Outcome.UPDATED


def _check_role(text: TextOfEntry, work: Work | None) -> None:
    """A work has exactly one original; translations say of which language."""
    if isinstance(text.header, TranslationHeader):
        if work is None or text.header.translation_of != work.original_language:
            raise Invalid.of(N_("The original in “%(language)s” is missing."), field="translation_of",
                             language=text.header.translation_of)  # fmt: skip
        if text.language == work.original_language:
            raise Invalid.of(N_("This is the language of the original."), field="translation_of")
    elif work is not None and text.language != work.original_language:
        raise Invalid.of(
            N_("The original of this work is in “%(language)s”: a text in another language needs “translation_of”."),
            field="translation_of", language=work.original_language,
        )  # fmt: skip


def _public_original(work: Work) -> Any:
    original = next((entry for entry in work.entries if entry.language == work.original_language), None)
    revisions = original.revisions if original else []
    return next((revision.id for revision in revisions if revision.state == State.PUBLISHED), None)


def _make_public(
    session: Session, work: Work, entry: Entry, revision: Revision, text: TextOfEntry, vocabularies: Vocabularies
) -> None:
    moment = now()
    revision.state, revision.published_at = State.PUBLISHED.value, moment
    entry.title, entry.summary = text.header.title, text.header.summary
    if not isinstance(text.header, TranslationHeader):
        _set_facts(session, work, text.header, text, vocabularies)
        work.published_at = work.published_at or moment
    work.changed_at = moment
    session.flush()
    outbox.request_indexing(session, work)


def _set_facts(session: Session, work: Work, header: Original, text: TextOfEntry, vocabularies: Vocabularies) -> None:
    """Copy from the public original what lists, filters and rights need."""
    work.header = text.plain_header
    work.city_slug, work.visibility = header.city, header.visibility.value
    missing = missing_fields(header, text.rendered.plain, frozenset(text.rendered.sections))
    work.completeness = completeness(text.kind, len(missing)).value
    session.flush()
    session.execute(delete(WorkConcept).where(WorkConcept.work_id == work.id))
    for scheme in THEME_SCHEMES:
        direct = {str(code) for code in getattr(header, scheme)}
        session.add_all(
            WorkConcept(work_id=work.id, scheme=scheme, code=code, direct=code in direct)
            for code in vocabularies[scheme].with_broader(direct)
        )
    if isinstance(header, Profile):
        _set_city(session, work.slug, header)


def _set_city(session: Session, slug: str, profile: Profile) -> None:
    before = session.get(City, slug)
    city = City(
        slug=slug,
        name=profile.name,
        names=dict(profile.names),
        aliases=list(profile.aliases),
        country=profile.country,
        region=profile.region,
        gnlc_status=profile.gnlc.status if profile.gnlc else None,
        joined=profile.gnlc.joined if profile.gnlc else None,
        population=profile.population.value if profile.population else None,
        lat=profile.lat,
        lon=profile.lon,
    )
    shown = ("name", "names", "aliases", "country", "region")
    if before and any(getattr(before, field) != getattr(city, field) for field in shown):
        outbox.request_indexing_of_city(session, slug)
    session.merge(city)
