"""What could be typed next: cities by any of their names, themes, titles.

What is looked through is kept in memory and brought up to date by what has changed since: the works of the last
minutes are compared by when they changed, the changed ones read anew, and the lines joined again (some hundredths of a
second for 20,000 titles). Rights hold twice: each visibility has shelves of its own, and what is suggested is read
from the database through `visible` at that moment, so that what was archived or closed a second ago is not shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from kb.domain.kinds import Kind
from kb.domain.roles import Actor
from kb.domain.visibility import Sight, Visibility, sight_of
from kb.domain.vocabularies import Vocabularies
from kb.models import City, Entry, Work
from kb.models.queries import public_texts, visible
from kb.search.completion import Key, Match, Shelf, make_key
from kb.services import outbox
from kb.services.vocabularies import vocabularies_version

THEME: Final = "theme"
THEMES: Final = ("key_features", "clusters", "sdgs")  # the schemes whose concepts have a page

_ALL: Final = Sight(frozenset(Visibility), contacts=False)
_LENGTH: Final = 100  # characters of what is typed
_BATCH: Final = 500
# What a transaction has written may be seen later than what began after it: so far back is looked each time.
_OVERLAP: Final = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Suggestion:
    """One completion of what is being typed."""

    text: str
    kind: str
    url: str
    language: str


@dataclass(frozen=True)
class _Line:
    """What a line stands for: a text of a work, a name of a city, a label of a theme."""

    key: Key
    owner: tuple[str, str]  # kind and slug, scheme and code
    language: str
    rank: tuple[float, str]


@dataclass(frozen=True)
class _Kept:
    """The lines of a work as they were at a moment; none where it is archived."""

    stamp: tuple[dt.datetime | None, dt.datetime | None]  # changed, archived
    visibility: str = ""
    lines: tuple[_Line, ...] = ()


@dataclass(frozen=True)
class Completions:
    """All that may be suggested; never changes, so threads share it."""

    version: tuple[int, str] = (-1, "")  # last change of a text, of a vocabulary
    works: Mapping[UUID, _Kept] = field(default_factory=dict)
    themes: Shelf[_Line] = field(default_factory=lambda: Shelf[_Line](()))
    cities: Mapping[str, Shelf[_Line]] = field(default_factory=dict)  # by visibility
    titles: Mapping[str, Shelf[_Line]] = field(default_factory=dict)


def completions_version(session: Session) -> tuple[int, str]:
    """What changes with everything that may be suggested."""
    return outbox.last_number(session), vocabularies_version(session)


def renew_completions(
    session: Session, before: Completions, vocabularies: Vocabularies, version: tuple[int, str]
) -> Completions:
    """The completions as they are now, made from those of before.

    Args:
        version: read before the call, so that what comes meanwhile is looked for once more.
    """
    stamps = _changed_stamps(session, before)
    works = {**before.works, **_load(session, stamps)} if stamps else before.works
    shelves = _sort_lines(works) if stamps else (before.cities, before.titles)
    themes = before.themes if version[1] == before.version[1] else Shelf(_theme_lines(vocabularies))
    return Completions(version, works, themes, *shelves)


def _changed_stamps(session: Session, before: Completions) -> dict[UUID, tuple[dt.datetime | None, dt.datetime | None]]:
    """The works that are not as they were, with when they changed and were archived."""
    query = select(Work.id, Work.changed_at, Work.archived_at).where(Work.published_at.is_not(None))
    if moments := [moment for kept in before.works.values() for moment in kept.stamp if moment]:
        since = max(moments) - _OVERLAP
        query = query.where(or_(Work.changed_at >= since, Work.archived_at >= since))
    found = {work: (changed, archived) for work, changed, archived in session.execute(query)}
    return {
        work: stamp for work, stamp in found.items() if work not in before.works or before.works[work].stamp != stamp
    }


def _load(session: Session, stamps: Mapping[UUID, tuple[dt.datetime | None, dt.datetime | None]]) -> dict[UUID, _Kept]:
    """These works with their lines."""
    found = {work: _Kept(stamp) for work, stamp in stamps.items()}
    works = list(stamps)
    columns = (Work.id, Work.kind, Work.slug, Work.visibility, Work.published_at, Entry.language, Entry.title)
    for start in range(0, len(works), _BATCH):
        texts = public_texts(_ALL).where(Work.id.in_(works[start : start + _BATCH])).with_only_columns(*columns)
        rows = session.execute(texts).all()
        profiles = [slug for _, kind, slug, *_ in rows if kind == Kind.PROFILE]
        cities = {city.slug: city for city in session.scalars(select(City).where(City.slug.in_(profiles)))}
        for work, kind, slug, visibility, published, language, title in rows:
            kept = found[work]
            if kind == Kind.PROFILE:
                lines = kept.lines or _city_lines(cities[slug]) if slug in cities else ()
            else:
                rank = (-published.timestamp() if published else 0.0, slug)
                lines = (*kept.lines, _Line(make_key(title), (kind, slug), language, rank))
            found[work] = _Kept(kept.stamp, visibility, lines)
    return found


def _city_lines(city: City) -> tuple[_Line, ...]:
    """A line for each name; larger cities first."""
    names = dict.fromkeys((city.name, *city.names.values(), *city.aliases))
    rank = (-(city.population or 0), city.slug)
    return tuple(_Line(key, (Kind.PROFILE, city.slug), "", rank) for key in dict.fromkeys(map(make_key, names)))


def _theme_lines(vocabularies: Vocabularies) -> list[tuple[Key, _Line]]:
    """A line for each label in each language, broad themes first."""
    lines = [
        _Line(key, (scheme, concept.code), language, (concept.code.count("."), concept.code))
        for scheme in THEMES
        for concept in vocabularies[scheme].concepts.values()
        for language, label in concept.labels.items()
        for key in [make_key(label)]
    ]
    return [(line.key, line) for line in sorted(lines, key=lambda line: line.rank)]


def _sort_lines(works: Mapping[UUID, _Kept]) -> tuple[dict[str, Shelf[_Line]], dict[str, Shelf[_Line]]]:
    """The shelves of cities and of titles, by visibility."""
    cities: dict[str, list[_Line]] = {}
    titles: dict[str, list[_Line]] = {}
    for kept in works.values():
        for line in kept.lines:
            shelf = cities if line.owner[0] == Kind.PROFILE else titles
            shelf.setdefault(kept.visibility, []).append(line)

    def shelve(lines: Mapping[str, list[_Line]]) -> dict[str, Shelf[_Line]]:
        ordered = {name: sorted(found, key=lambda line: line.rank) for name, found in lines.items()}
        return {name: Shelf([(line.key, line) for line in found]) for name, found in ordered.items()}

    return shelve(cities), shelve(titles)


def suggest(
    session: Session,
    actor: Actor,
    text: str,
    *,
    completions: Completions,
    vocabularies: Vocabularies,
    locale: str,
    limit: int = 8,
) -> list[Suggestion]:
    """What the beginning of something may become, best first: of what this actor may see, and nothing else.

    Words are found at their beginning, anywhere in a name or title, in any order, without case and accents; Korean by
    parts of syllables (펴, 평ㅅ, ㅍㅅ) and however it is spaced. Where nothing fits, cities a typing error away.
    """
    typed = make_key(text[:_LENGTH])
    if not typed.spaced:
        return []
    sight = sight_of(actor)
    seen = sorted(visibility.value for visibility in sight.visibilities)
    shelves = [completions.cities[name] for name in seen if name in completions.cities]
    cities = _best(chain.from_iterable(shelf.find(typed) for shelf in shelves), locale)
    themes = _best(completions.themes.find(typed), locale)
    titles = _best(
        chain.from_iterable(completions.titles[name].find(typed) for name in seen if name in completions.titles), locale
    )
    if not (cities or themes or titles):
        cities = _best(chain.from_iterable(shelf.find_close(typed) for shelf in shelves), locale)
    groups = [
        _cities(session, sight, cities[:limit], locale),
        _themes(vocabularies, themes[:limit], locale),
        _titles(session, sight, titles[: 2 * limit]),
    ]
    return _share(groups, limit)


_Scored = tuple[int, Suggestion]


def _best(matches: Iterable[Match[_Line]], locale: str) -> list[Match[_Line]]:
    """The best line of each owner: of lines that fit as well the one in the reader's language."""
    order = sorted(
        matches, key=lambda match: (match.quality, match.value.language not in {locale, ""}, match.value.rank)
    )
    found: dict[tuple[str, str], Match[_Line]] = {}
    for match in order:
        found.setdefault(match.value.owner, match)
    return list(found.values())


def _cities(session: Session, sight: Sight, matches: Sequence[Match[_Line]], locale: str) -> list[_Scored]:
    if not matches:
        return []
    profiles = visible(sight).with_only_columns(Work.slug).where(Work.kind == Kind.PROFILE.value)
    slugs = [match.value.owner[1] for match in matches]
    query = select(City.slug, City.name, City.names).where(City.slug.in_(slugs), City.slug.in_(profiles))
    named = {slug: (name, names) for slug, name, names in session.execute(query)}
    found = []
    for match in matches:
        slug = match.value.owner[1]
        if slug in named:
            name, names = named[slug]
            language = locale if locale in names else "en"
            found.append(
                (match.quality, Suggestion(names.get(locale, name), Kind.PROFILE, f"/cities/{slug}", language))
            )
    return found


def _themes(vocabularies: Vocabularies, matches: Sequence[Match[_Line]], locale: str) -> list[_Scored]:
    found = []
    for match in matches:
        scheme, code = match.value.owner
        concept = vocabularies[scheme].get(code)
        if concept:
            language = locale if locale in concept.labels else "en"
            found.append(
                (match.quality, Suggestion(concept.label(locale), THEME, f"/themes/{scheme}/{code}", language))
            )
    return found


def _titles(session: Session, sight: Sight, matches: Sequence[Match[_Line]]) -> list[_Scored]:
    if not matches:
        return []
    query = (
        public_texts(sight)
        .where(Work.slug.in_([match.value.owner[1] for match in matches]))
        .with_only_columns(Work.kind, Work.slug, Entry.language, Entry.title)
    )
    titles = {((kind, slug), language): title for kind, slug, language, title in session.execute(query)}
    found = []
    for match in matches:
        owner, language = match.value.owner, match.value.language
        if title := titles.get((owner, language)):
            url = f"/{Kind(owner[0]).folder}/{owner[1]}/{language}"
            found.append((match.quality, Suggestion(title, owner[0], url, language)))
    return found


def _share(groups: Sequence[Sequence[_Scored]], limit: int) -> list[Suggestion]:
    """The best of all groups; none takes what another needs for its share of the room."""
    room = {at: limit // len(groups) for at in range(len(groups))}
    first = [(quality, at, one) for at, group in enumerate(groups) for quality, one in group[: room[at]]]
    rest = [(quality, at, one) for at, group in enumerate(groups) for quality, one in group[room[at] :]]
    rest = sorted(rest, key=lambda found: found[:2])[: limit - len(first)]
    return [one for _, _, one in sorted(first + rest, key=lambda found: found[:2])]
