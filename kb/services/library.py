"""Reading the library: one entry with all that its page shows, lists of cards, counts, neighbours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.domain.completeness import missing_fields
from kb.domain.errors import N_, NotFound
from kb.domain.kinds import MODELS, Case, Kind, Original, Profile, Translation, TranslationHeader
from kb.domain.languages import best_language
from kb.domain.roles import Actor
from kb.domain.visibility import Sight, sight_of
from kb.domain.workflow import State
from kb.models import City, Entry, Revision, Work, WorkConcept
from kb.models.queries import public_texts, visible, with_public_entries

SECTION_OF_FAILURES = "what-did-not-work"


@dataclass(frozen=True)
class Version:
    """One public language version of a work."""

    language: str
    title: str
    summary: str
    original: bool


@dataclass(frozen=True)
class Card:
    """A work as lists show it, in the reader's best language."""

    id: UUID
    kind: Kind
    slug: str
    language: str
    title: str
    summary: str
    header: Original
    city: City | None
    year: int | None
    completeness: str
    versions: tuple[Version, ...]

    @property
    def url(self) -> str:
        """The work's address."""
        return f"/{self.kind.folder}/{self.slug}"


@dataclass(frozen=True)
class Record(Card):
    """A work with its text: all that its page shows.

    Attributes:
        headings: level, id and text of each heading.
        translation: who translated this text, None for an original.
        translated: the translation's own header, None for an original.
        missing: what the kind asks for and the original does not tell.
        forward: address of what to read instead of an archived work.
        behind: by how many revisions a translation lags behind its original.
    """

    html: str
    body: str
    headings: tuple[tuple[int, str, str], ...]
    translation: Translation | None
    translated: TranslationHeader | None
    missing: tuple[str, ...]
    number: int
    behind: int
    published_at: dt.datetime
    changed_at: dt.datetime
    archived_reason: str | None
    forward: str | None = None


@dataclass(frozen=True)
class Counts:
    """The numbers of the library, of what the reader may see."""

    cities: int
    countries: int
    cases: int
    research: int
    languages: int
    texts: int


def get_record(
    session: Session, actor: Actor, kind: Kind, slug: str, languages: Sequence[str], language: str | None = None
) -> Record:
    """A work in the asked language, or in the reader's best one.

    Raises:
        NotFound: there is none that this actor may see, or not in that language.
    """
    sight = sight_of(actor)
    query = public_texts(sight, archived=True).where(Work.kind == kind.value, Work.slug == slug)
    found = {entry.language: (work, entry, revision) for work, entry, revision in session.execute(query)}
    if not found or (language and language not in found):
        raise NotFound(N_("There is nothing at this address."))
    original = next(iter(found.values()))[0].original_language
    work, entry, revision = found[language or best_language(found, languages, original)]
    first = found[original][2] if original in found else revision
    header = _header(work, sight)
    translated = None
    if entry.language != original:
        translated = TranslationHeader.model_validate(revision.header)
    behind = 0
    if revision.translated_from_id and (source := session.get(Revision, revision.translated_from_id)):
        behind = first.number - source.number
    sections = frozenset({SECTION_OF_FAILURES} if f'<section id="{SECTION_OF_FAILURES}">' in first.html else ())
    return Record(
        id=work.id,
        kind=kind,
        slug=work.slug,
        language=entry.language,
        title=entry.title,
        summary=entry.summary,
        header=header,
        city=session.get(City, work.city_slug) if work.city_slug else None,
        year=year_of(header),
        completeness=work.completeness,
        versions=tuple(_version(work, found[tag][1]) for tag in sorted(found)),
        html=revision.html,
        body=revision.body,
        headings=tuple((level, anchor, text) for level, anchor, text in revision.headings),
        translation=translated.translation if translated else None,
        translated=translated,
        missing=missing_fields(_header(work, sight_with_contacts(sight)), first.plain, sections),
        number=revision.number,
        behind=behind,
        published_at=work.published_at or revision.created_at,
        changed_at=revision.published_at or revision.created_at,
        archived_reason=(work.archive_reason or "") if work.archived_at else None,
        forward=work.forward,
    )


def sight_with_contacts(sight: Sight) -> Sight:
    """The same sight with contacts: to tell whether there is one, not what it is."""
    return Sight(sight.visibilities, contacts=True)


def year_of(header: Original) -> int | None:
    """The year under which an entry is filed: a case's last known one, a study's own, a city's admission."""
    if isinstance(header, Case):
        date = header.period and (header.period.end or header.period.start)
        return int(date[:4]) if date else None
    if isinstance(header, Profile):
        return header.gnlc.joined if header.gnlc else None
    return header.year


def _header(work: Work, sight: Sight) -> Original:
    header = MODELS[Kind(work.kind)].model_validate(work.header)
    return header if sight.contacts else header.model_copy(update={"contact": None})


def _version(work: Work, entry: Entry) -> Version:
    return Version(entry.language, entry.title, entry.summary, entry.language == work.original_language)


def make_cards(session: Session, actor: Actor, works: Sequence[Work], languages: Sequence[str]) -> list[Card]:
    """Cards of works that were loaded by `with_public_entries`, in the same order."""
    sight = sight_of(actor)
    slugs = {work.city_slug for work in works if work.city_slug}
    cities = {city.slug: city for city in session.scalars(select(City).where(City.slug.in_(slugs)))}
    cards = []
    for work in works:
        versions = {entry.language: entry for entry in work.entries}
        entry = versions[best_language(versions, languages, work.original_language)]
        header = _header(work, sight)
        cards.append(
            Card(
                id=work.id,
                kind=Kind(work.kind),
                slug=work.slug,
                language=entry.language,
                title=entry.title,
                summary=entry.summary,
                header=header,
                city=cities.get(work.city_slug or ""),
                year=year_of(header),
                completeness=work.completeness,
                versions=tuple(_version(work, versions[tag]) for tag in sorted(versions)),
            )
        )
    return cards


def newest(session: Session, actor: Actor, languages: Sequence[str], limit: int = 6) -> list[Card]:
    """The cases and research results that became public last."""
    ids = visible(sight_of(actor)).with_only_columns(Work.id).where(Work.kind != Kind.PROFILE.value)
    ids = ids.order_by(Work.published_at.desc(), Work.slug).limit(limit)
    return cards_of(session, actor, list(session.scalars(ids)), languages)


def list_works(
    session: Session,
    actor: Actor,
    *,
    kinds: Collection[Kind] = (),
    cities: Collection[str] = (),
    languages: Collection[str] = (),
    changed_since: dt.datetime | None = None,
    offset: int = 0,
    limit: int = 50,
) -> tuple[int, list[Work]]:
    """Works by kind and slug: how many there are, and those of one page, ready for `make_cards`.

    Args:
        languages: works with a public version in any of these.
        changed_since: works of which some text became public at this moment or later.
    """
    ids = visible(sight_of(actor)).with_only_columns(Work.id)
    if kinds:
        ids = ids.where(Work.kind.in_([kind.value for kind in kinds]))
    if cities:
        ids = ids.where(Work.city_slug.in_(cities))
    if languages:
        versions = select(Entry.work_id).join(Revision).where(Revision.state == State.PUBLISHED.value)
        ids = ids.where(Work.id.in_(versions.where(Entry.language.in_(languages))))
    if changed_since:
        ids = ids.where(Work.changed_at >= changed_since)
    total = session.scalar(select(func.count()).select_from(ids.subquery())) or 0
    page = session.scalars(ids.order_by(Work.kind, Work.slug).offset(offset).limit(limit)).all()
    works = with_public_entries(select(Work).where(Work.id.in_(page))).order_by(Work.kind, Work.slug)
    return total, list(session.scalars(works).unique())


def works_of_city(session: Session, actor: Actor, slug: str, languages: Sequence[str]) -> list[Card]:
    """A city's cases, then its research results, by title."""
    ids = visible(sight_of(actor)).with_only_columns(Work.id)
    ids = ids.where(Work.city_slug == slug, Work.kind != Kind.PROFILE.value)
    cards = cards_of(session, actor, list(session.scalars(ids)), languages)
    return sorted(cards, key=lambda card: (card.kind, card.title))


def works_of_theme(session: Session, actor: Actor, scheme: str, code: str, languages: Sequence[str]) -> list[Card]:
    """The works under a theme or one of its narrower ones, newest first."""
    ids = visible(sight_of(actor)).with_only_columns(Work.id).join(WorkConcept, WorkConcept.work_id == Work.id)
    ids = ids.where(WorkConcept.scheme == scheme, WorkConcept.code == code)
    cards = cards_of(session, actor, list(session.scalars(ids)), languages)
    return sorted(cards, key=lambda card: (-(card.year or 0), card.title))


def cards_of(session: Session, actor: Actor, ids: Sequence[UUID], languages: Sequence[str]) -> list[Card]:
    """Cards of these works in the order of the ids; what the actor may not see is left out."""
    query = with_public_entries(visible(sight_of(actor)).where(Work.id.in_(ids)))
    works = {work.id: work for work in session.scalars(query).unique()}
    return make_cards(session, actor, [works[key] for key in ids if key in works], languages)


def count_library(session: Session, actor: Actor) -> Counts:
    """How much there is to read."""
    works = visible(sight_of(actor))
    counted = session.execute(works.with_only_columns(Work.kind, func.count()).group_by(Work.kind))
    kinds = {str(kind): int(count) for kind, count in counted}  # rows become plain pairs
    profiles = works.join(City, City.slug == Work.slug).where(Work.kind == Kind.PROFILE.value)
    countries = session.scalar(profiles.with_only_columns(func.count(func.distinct(City.country)))) or 0
    texts, languages = session.execute(
        public_texts(sight_of(actor)).with_only_columns(func.count(), func.count(func.distinct(Entry.language)))
    ).one()
    return Counts(
        kinds.get(Kind.PROFILE, 0), countries, kinds.get(Kind.CASE, 0), kinds.get(Kind.RESEARCH, 0), languages, texts
    )


def theme_counts(session: Session, actor: Actor) -> Mapping[tuple[str, str], int]:
    """How many works stand under each theme; a broader one counts those of its narrower ones, each once."""
    query = (
        visible(sight_of(actor))
        .join(WorkConcept, WorkConcept.work_id == Work.id)
        .with_only_columns(WorkConcept.scheme, WorkConcept.code, func.count())
        .group_by(WorkConcept.scheme, WorkConcept.code)
    )
    return {(scheme, code): count for scheme, code, count in session.execute(query)}


def list_cities(session: Session, actor: Actor, *, region: str | None = None, country: str | None = None) -> list[City]:
    """Cities whose profile the actor may see, by name."""
    profiles = visible(sight_of(actor)).join(City, City.slug == Work.slug).where(Work.kind == Kind.PROFILE.value)
    query = profiles.with_only_columns(City).order_by(City.name)
    if region:
        query = query.where(City.region == region)
    if country:
        query = query.where(City.country == country)
    return list(session.scalars(query))
