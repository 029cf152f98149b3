"""What could be typed next: cities by any of their names, themes, titles.

What is looked through is kept in memory and brought up to date by what has changed since: the works of the last
minutes are compared by when they changed, and the changed ones put on small shelves beside the large ones, which are
only set up anew when the small ones have grown. Rights hold twice: each visibility has shelves of its own, and what is
suggested is read from the database through `visible` at that moment, so that what was archived or closed a second ago
is not shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
_SMALL: Final = 500  # works that have changed until all is set up anew


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
    work: UUID | None  # none for a theme
    owner: tuple[str, str]  # kind and slug, scheme and code
    language: str
    rank: tuple[float, str]


_EMPTY: Final = Shelf[_Line](())


@dataclass(frozen=True)
class _Kept:
    """The lines of a work as they were at a moment; none where it is archived."""

    stamp: tuple[dt.datetime | None, dt.datetime | None]  # changed, archived
    visibility: str = ""
    lines: tuple[_Line, ...] = ()


@dataclass(frozen=True)
class _Shelves:
    """Shelves by visibility."""

    cities: Mapping[str, Shelf[_Line]] = field(default_factory=dict)
    titles: Mapping[str, Shelf[_Line]] = field(default_factory=dict)


@dataclass(frozen=True)
class Completions:
    """All that may be suggested; never changes, so threads share it.

    Attributes:
        large: all works but those that have changed since it was set up, which are on the `small` shelves.
    """

    version: tuple[int, str] = (-1, "")  # last change of a text, of a vocabulary
    latest: dt.datetime | None = None  # moment of which some work tells
    works: Mapping[UUID, _Kept] = field(default_factory=dict)
    changed: frozenset[UUID] = frozenset()
    large: _Shelves = _Shelves()
    small: _Shelves = _Shelves()
    themes: Shelf[_Line] = field(default_factory=lambda: Shelf[_Line](()))

    def find_cities(
        self, visibilities: Collection[str], look: Callable[[Shelf[_Line]], Iterable[Match[_Line]]]
    ) -> Iterator[Match[_Line]]:
        """What `look` finds on the shelves of cities."""
        return self._find(visibilities, look, self.large.cities, self.small.cities)

    def find_titles(
        self, visibilities: Collection[str], look: Callable[[Shelf[_Line]], Iterable[Match[_Line]]]
    ) -> Iterator[Match[_Line]]:
        """What `look` finds on the shelves of titles."""
        return self._find(visibilities, look, self.large.titles, self.small.titles)

    def _find(
        self,
        visibilities: Collection[str],
        look: Callable[[Shelf[_Line]], Iterable[Match[_Line]]],
        large: Mapping[str, Shelf[_Line]],
        small: Mapping[str, Shelf[_Line]],
    ) -> Iterator[Match[_Line]]:
        for name in visibilities:
            yield from (match for match in look(large.get(name, _EMPTY)) if match.value.work not in self.changed)
            yield from look(small.get(name, _EMPTY))


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
    themes = before.themes if version[1] == before.version[1] else Shelf(_theme_lines(vocabularies))
    stamps = _changed_stamps(session, before)
    if not stamps:
        return replace(before, version=version, themes=themes)
    latest = max(moment for stamp in stamps.values() for moment in (*stamp, before.latest) if moment)
    works = {**before.works, **_load(session, stamps)}
    changed = before.changed | stamps.keys()
    if len(changed) > _SMALL or not before.works:
        return Completions(version, latest, works, large=_shelve(works.values()), themes=themes)
    small = _shelve(works[work] for work in changed)
    return Completions(version, latest, works, changed, before.large, small, themes)


def _changed_stamps(session: Session, before: Completions) -> dict[UUID, tuple[dt.datetime | None, dt.datetime | None]]:
    """The works that are not as they were, with when they changed and were archived."""
    query = select(Work.id, Work.changed_at, Work.archived_at).where(Work.published_at.is_not(None))
    if before.latest:
        since = before.latest - _OVERLAP
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
                lines = kept.lines or (_city_lines(work, cities[slug]) if slug in cities else ())
            else:
                rank = (-published.timestamp() if published else 0.0, slug)
                lines = (*kept.lines, _Line(make_key(title), work, (kind, slug), language, rank))
            found[work] = _Kept(kept.stamp, visibility, lines)
    return found


def _city_lines(work: UUID, city: City) -> tuple[_Line, ...]:
    """A line for each name; larger cities first."""
    names = dict.fromkeys((city.name, *city.names.values(), *city.aliases))
    rank = (-(city.population or 0), city.slug)
    return tuple(_Line(key, work, (Kind.PROFILE, city.slug), "", rank) for key in dict.fromkeys(map(make_key, names)))


def _theme_lines(vocabularies: Vocabularies) -> list[tuple[Key, _Line]]:
    """A line for each label in each language, broad themes first."""
    lines = [
        _Line(key, None, (scheme, concept.code), language, (concept.code.count("."), concept.code))
        for scheme in THEMES
        for concept in vocabularies[scheme].concepts.values()
        for language, label in concept.labels.items()
        for key in [make_key(label)]
    ]
    return [(line.key, line) for line in sorted(lines, key=lambda line: line.rank)]


def _shelve(works: Iterable[_Kept]) -> _Shelves:
    """The lines of works, by visibility, each shelf in the order of rank."""
    cities: dict[str, list[_Line]] = {}
    titles: dict[str, list[_Line]] = {}
    for kept in works:
        for line in kept.lines:
            shelf = cities if line.owner[0] == Kind.PROFILE else titles
            shelf.setdefault(kept.visibility, []).append(line)

    def order(lines: list[_Line]) -> Shelf[_Line]:
        return Shelf([(line.key, line) for line in sorted(lines, key=lambda line: line.rank)])

    return _Shelves(
        {name: order(lines) for name, lines in cities.items()}, {name: order(lines) for name, lines in titles.items()}
    )


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
    cities = _best(completions.find_cities(seen, lambda shelf: shelf.find(typed)), locale)
    themes = _best(completions.themes.find(typed), locale)
    titles = _best(completions.find_titles(seen, lambda shelf: shelf.find(typed)), locale)
    if not (cities or themes or titles):
        cities = _best(completions.find_cities(seen, lambda shelf: shelf.find_close(typed)), locale)
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
    kinds, slugs = zip(*(match.value.owner for match in matches), strict=True)
    query = (
        public_texts(sight)
        .where(Work.kind.in_({*kinds}), Work.slug.in_(slugs))  # as the table's index has them
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
