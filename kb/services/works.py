"""Saving texts: the one way by which files, forms and the API change what the library holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, selectinload

from kb.domain.completeness import completeness, missing_fields
from kb.domain.errors import N_, Invalid
from kb.domain.kinds import (
    AnyHeader,
    Kind,
    Original,
    Profile,
    TranslationHeader,
    check_header,
    dump_header,
    read_header,
)
from kb.domain.roles import Actor
from kb.domain.vocabularies import Vocabularies
from kb.domain.workflow import OPEN_STATES, Action, InvalidTransition, State
from kb.models import City, Entry, Revision, SavedText, Work, WorkConcept
from kb.models.base import now
from kb.services import audit, outbox
from kb.services.attachments import make_files_public
from kb.services.library import SECTION_OF_FAILURES
from kb.text import frontmatter
from kb.text.markdown import Rendered
from kb.text.renderer import Renderer

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


def compose(
    kind: Kind,
    slug: str,
    language: str,
    header: Mapping[str, object],
    body: str,
    *,
    vocabularies: Vocabularies,
    renderer: Renderer,
) -> TextOfEntry:
    """Check and lay out what a form or a program sent, by the rules that files follow.

    Raises:
        Invalid: header or body can't be taken; all that is wrong with the header at once.
    """
    checked = check_header(header, kind, vocabularies=vocabularies)
    body = frontmatter.take_body(body)
    frontmatter.check_header_size(dump_header(checked))
    return TextOfEntry(kind, slug, language, checked, body, renderer.render(body, base=f"/{kind.folder}/{slug}/"))


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
    """Save one language version from a library, as the public text or as a draft beside it.

    Args:
        work: the work where it exists (`find_works`), None for a new one.
        keep_edited: whether a public text that a person wrote here stays as it is.

    Raises:
        Invalid: a translation without its original, or a second original.
        Conflict: a revision of somebody else waits for review.
    """
    work, entry, created = place(session, text, work)
    digest = digest_of(text.plain_header, text.body)
    public, draft = public_revision(entry), open_revision(entry)
    if keep_edited and public and public.author_id:
        return work, Outcome.UNCHANGED
    latest = public if publish else draft or public
    if latest and latest.digest == digest:
        return work, Outcome.UNCHANGED
    if publish:
        revision = new_revision(session, actor, entry, text)
        revision.move(Action.SUBMIT)  # what the command line brings in is reviewed where it comes from
        make_public(session, revision, vocabularies)
    elif draft is None:
        revision = new_revision(session, actor, entry, text)
    elif draft.state != State.DRAFT:
        raise InvalidTransition(State(draft.state), Action.RESUME)
    else:
        revision = draft
        write(session, actor, revision, text)
    session.flush()
    audit.record(
        session, actor, "publish" if publish else "draft", "entry", address_of(entry), revision=revision.number
    )
    return work, Outcome.CREATED if created else Outcome.UPDATED


def place(session: Session, text: TextOfEntry, work: Work | None) -> tuple[Work, Entry, bool]:
    """The work and the language version that the text belongs to, made where they are missing; whether one was.

    Raises:
        Invalid: a translation without its original, or a second original.
    """
    _check_role(text, work)
    created = work is None
    if work is None:
        work = Work(
            kind=text.kind.value, slug=text.slug, original_language=text.language, header={}, visibility="public",
            completeness="stub", created_at=now(), city_slug=getattr(text.header, "city", None), entries=[],
        )  # fmt: skip
        session.add(work)
    entry = next((found for found in work.entries if found.language == text.language), None)
    if entry is None:
        entry = Entry(language=text.language, title="", summary="", created_at=now(), revisions=[])
        work.entries.append(entry)
        created = True
    return work, entry, created


def public_revision(entry: Entry) -> Revision | None:
    """The text that readers see."""
    return next((found for found in entry.revisions if found.state == State.PUBLISHED), None)


def open_revision(entry: Entry) -> Revision | None:
    """The text that is on its way."""
    return next((found for found in entry.revisions if found.state in OPEN_STATES), None)


def address_of(entry: Entry) -> str:
    """Folder, slug and language: what the audit log calls an entry."""
    return f"{Kind(entry.work.kind).folder}/{entry.work.slug}/{entry.language}"


def new_revision(session: Session, actor: Actor, entry: Entry, text: TextOfEntry) -> Revision:
    """A draft with this text beside what is there; the caller knows that none is open, or closes it at once."""
    number = max((found.number for found in entry.revisions), default=0) + 1
    revision = Revision(number=number, state=State.DRAFT.value, author_id=actor.person, created_at=now())
    if isinstance(text.header, TranslationHeader):
        revision.translated_from_id = public_original(entry.work)
    with session.no_autoflush:
        entry.revisions.append(revision)
        write(session, actor, revision, text)
    return revision


def write(session: Session, actor: Actor, revision: Revision, text: TextOfEntry) -> None:
    """Put the text into an open revision, and note who did."""
    revision.header, revision.body = text.plain_header, text.body
    revision.digest = digest_of(revision.header, revision.body)
    revision.html, revision.plain = text.rendered.html, text.rendered.plain
    revision.headings = [[heading.level, heading.id, heading.text] for heading in text.rendered.headings]
    if not isinstance(text.header, TranslationHeader) and revision.entry.work.published_at is None:
        revision.entry.work.city_slug = text.header.city
    if actor.person:
        note_save(session, actor, revision)


def note_save(session: Session, actor: Actor, revision: Revision) -> None:
    """Keep this save beside the revision: later ones are merged from it, and its writer is one of the authors."""
    session.flush()
    session.add(
        SavedText(
            revision_id=revision.id, person_id=actor.person, digest=revision.digest, header=revision.header,
            body=revision.body, saved_at=now(),
        )
    )  # fmt: skip


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


def public_original(work: Work) -> UUID | None:
    """The public revision of the work's original."""
    original = next((entry for entry in work.entries if entry.language == work.original_language), None)
    found = public_revision(original) if original else None
    return found.id if found else None


def make_public(session: Session, revision: Revision, vocabularies: Vocabularies) -> None:
    """Let the revision take the place of the public one; copy its facts to where lists and rights find them.

    Raises:
        InvalidTransition: it is not in review.
    """
    entry, work, moment = revision.entry, revision.entry.work, now()
    revision.move(Action.PUBLISH)
    revision.published_at = moment
    previous = next((one for one in entry.revisions if one.state == State.PUBLISHED and one is not revision), None)
    if previous:
        previous.move(Action.SUPERSEDE)
        with session.no_autoflush:  # frees the slot of “one published revision” before anything else is written
            session.execute(update(Revision).where(Revision.id == previous.id).values(state=previous.state))
    header = read_header(Kind(work.kind), revision.header)
    entry.title, entry.summary = header.title, header.summary
    if not isinstance(header, TranslationHeader):
        _set_facts(session, work, header, revision, vocabularies)
        work.published_at = work.published_at or moment
    work.changed_at = moment
    session.flush()
    make_files_public(session, work, revision.html)
    outbox.request_indexing(session, work)


def told_sections(html: str) -> frozenset[str]:
    """Codes of the sections that judge a text: so far the honest one."""
    return frozenset({SECTION_OF_FAILURES} if f'<section id="{SECTION_OF_FAILURES}">' in html else ())


def _set_facts(session: Session, work: Work, header: Original, revision: Revision, vocabularies: Vocabularies) -> None:
    """Copy from the public original what lists, filters and rights need."""
    work.header = revision.header
    work.city_slug, work.visibility = header.city, header.visibility.value
    missing = missing_fields(header, revision.plain, told_sections(revision.html))
    work.completeness = completeness(Kind(work.kind), len(missing)).value
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
