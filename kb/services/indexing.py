"""From the database to the index: draining the outbox, building anew, comparing both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.domain.kinds import MODELS, Case, Kind, Original, Profile, Research
from kb.domain.visibility import Sight, Visibility
from kb.domain.vocabularies import Vocabularies
from kb.models import City, Entry, Revision, Work
from kb.models.queries import public_texts
from kb.search.port import Document, SearchEngine
from kb.services import outbox
from kb.services.library import year_of
from kb.services.vocabularies import load_vocabularies

_ALL = Sight(frozenset(Visibility), contacts=False)
BATCH = 500


def drain(session: Session, engine: SearchEngine, limit: int = BATCH) -> int:
    """Bring the oldest waiting works to the index in one commit; how many requests that settled."""
    waiting = outbox.waiting(session, engine.position(), limit)
    if not waiting:
        return 0
    works = {work for _, work in waiting}
    documents = list(_documents(session, load_vocabularies(session), list(works)))
    present = {document.id for document in documents}
    entries = session.scalars(select(Entry.id).where(Entry.work_id.in_(works)))
    gone = [str(entry) for entry in entries if str(entry) not in present]
    engine.update(documents, gone, waiting[-1][0])
    return len(waiting)


def rebuild(session: Session, engine: SearchEngine, progress: Callable[[int], object] | None = None) -> None:
    """Build the index anew from everything that is published."""
    position = outbox.last_number(session)  # read first: what comes after is applied once more, which does no harm
    engine.rebuild(_all_documents(session), position, progress)


def count_waiting(session: Session, engine: SearchEngine) -> int:
    """How many requests the index has not applied yet."""
    return outbox.count_after(session, engine.position())


def forget_applied(session: Session, position: int) -> None:
    """Drop the requests that the index has applied."""
    outbox.forget(session, position)


def count_documents(session: Session) -> int:
    """How many documents a full index holds."""
    return session.scalar(select(func.count()).select_from(public_texts(_ALL).subquery())) or 0


@dataclass(frozen=True)
class Difference:
    """Documents, by entry id, in which database and index differ."""

    missing: tuple[str, ...]
    surplus: tuple[str, ...]
    stale: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.surplus or self.stale)


def verify(session: Session, engine: SearchEngine, *, repair: bool = False) -> Difference:
    """Compare every document of the index with what the database would make of it today.

    Args:
        repair: whether to put right what differs, in one commit.
    """
    have = dict(engine.ids())
    position = engine.position()
    wrong: list[Document] = []
    missing: list[str] = []
    stale: list[str] = []
    for document in _all_documents(session):
        digest = have.pop(document.id, None)
        if digest != document.digest():
            (missing if digest is None else stale).append(document.id)
            wrong.append(document)
    difference = Difference(tuple(missing), tuple(sorted(have)), tuple(stale))
    if repair and difference:
        engine.update(wrong, difference.surplus, position)
    return difference


def _all_documents(session: Session) -> Iterator[Document]:
    vocabularies = load_vocabularies(session)
    ids = session.scalars(select(Work.id).where(Work.published_at.is_not(None)).order_by(Work.kind, Work.slug)).all()
    for start in range(0, len(ids), BATCH):
        yield from _documents(session, vocabularies, ids[start : start + BATCH])
        session.expire_all()


def _documents(session: Session, vocabularies: Vocabularies, works: Sequence[UUID]) -> Iterator[Document]:
    """The documents of those of the works that are published and not archived."""
    rows = session.execute(public_texts(_ALL).where(Work.id.in_(works)).order_by(Work.slug, Entry.language)).all()
    wanted: set[str] = set()
    headers: dict[UUID, Original] = {}
    for work, _, _ in rows:
        header = headers[work.id] = MODELS[Kind(work.kind)].model_validate(work.header)
        wanted |= {work.city_slug or "", *_other_cities(header)}
    cities = {city.slug: city for city in session.scalars(select(City).where(City.slug.in_(wanted)))}
    for work, entry, revision in rows:
        yield _document(work, entry, revision, headers[work.id], cities, vocabularies)


def _other_cities(header: Original) -> list[str]:
    if isinstance(header, Research):
        return list(header.cities)
    return list(header.partners) if isinstance(header, Case) else []


def _document(
    work: Work,
    entry: Entry,
    revision: Revision,
    header: Original,
    cities: dict[str, City],
    vocabularies: Vocabularies,
) -> Document:
    city = cities.get(work.city_slug or "")
    named = [found for slug in (work.city_slug, *_other_cities(header)) if (found := cities.get(slug or ""))]
    names = [name for found in named for name in (found.name, *found.names.values(), *found.aliases)]
    codes = {
        "key_features": vocabularies["key_features"].with_broader(header.key_features),
        "clusters": vocabularies["clusters"].with_broader(header.clusters),
        "sdgs": tuple(str(number) for number in sorted(header.sdgs)),
    }
    # the themes that it was given, not all above them: “Wider benefits” is no reason to be found
    own = {"key_features": header.key_features, "clusters": header.clusters, "sdgs": codes["sdgs"]}
    topics = [
        label
        for scheme, found in own.items()
        for code in found
        if (concept := vocabularies[scheme].get(code))
        for label in concept.labels.values()
    ]
    if city and (country := vocabularies["countries"].get(city.country)):
        names += country.labels.values()
    case = header if isinstance(header, Case) else None
    return Document(
        id=str(entry.id),
        work=str(work.id),
        kind=work.kind,
        slug=work.slug,
        language=entry.language,
        title=entry.title,
        summary=entry.summary,
        body="\n".join(filter(None, [revision.plain, *_told_in_header(header, revision)])),
        names="\n".join(dict.fromkeys(names)),
        topics="\n".join(dict.fromkeys(topics)),
        city=work.city_slug or "",
        country=city.country if city else "",
        region=(city.region or "") if city else "",
        stage=(case.stage or "") if case else "",
        target_groups=tuple(case.target_groups) if case else (),
        evidence=case.evidence.level if case and case.evidence else None,
        cost_band=case.cost_band if case else None,
        year=None if isinstance(header, Profile) else year_of(header),
        completeness=work.completeness,
        visibility=work.visibility,
        published=(revision.published_at or work.created_at).date().toordinal(),
        original=entry.language == work.original_language,
        **codes,
    )


def _told_in_header(header: Original, revision: Revision) -> list[str]:
    """Words of the header that belong to the text of this language version."""
    said = revision.header
    texts = [str(said[key]) for key in ("question", "method", "limits") if key in said]
    texts += [str(text) for text in said.get("findings", [])]
    if "translation_of" in said:
        return texts
    if isinstance(header, Case):
        texts += header.organisations
        texts += [result.indicator for result in header.results]
        texts += [header.evidence.reason] if header.evidence and header.evidence.reason else []
    elif isinstance(header, Research):
        texts += header.authors
    else:
        texts += [*header.networks, *header.awards]
        texts += [label for value in header.values for label in value.labels.values()]
    return texts
