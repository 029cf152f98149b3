"""What the library holds, as plain lists: addresses for catalogues, cities that have more than a profile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import Session

from kb.domain.kinds import Kind
from kb.domain.roles import Actor
from kb.domain.visibility import sight_of
from kb.models import City, Entry, Work, WorkConcept
from kb.models.queries import public_texts, visible
from kb.services.library import Card, cards_of


@dataclass(frozen=True)
class Holding:
    """One work with the languages that it can be read in."""

    kind: Kind
    slug: str
    changed_at: dt.datetime | None
    languages: tuple[str, ...]

    @property
    def url(self) -> str:
        """The work's address."""
        return f"/{self.kind.folder}/{self.slug}"


class CityName(NamedTuple):
    """A city as lists of choices name it: its name, and those in other languages by language tag."""

    name: str
    names: dict[str, Any]

    def in_language(self, tag: str) -> str:
        """The name in this language, else the one of its profile."""
        return str(self.names.get(tag) or self.name)


def list_holdings(session: Session, actor: Actor) -> list[Holding]:
    """Every work that the actor may see, by kind and slug."""
    texts = public_texts(sight_of(actor)).with_only_columns(Work.kind, Work.slug, Work.changed_at, Entry.language)
    works: dict[tuple[str, str], tuple[dt.datetime | None, list[str]]] = {}
    for kind, slug, changed_at, language in session.execute(texts.order_by(Work.kind, Work.slug, Entry.language)):
        works.setdefault((kind, slug), (changed_at, []))[1].append(language)
    return [Holding(Kind(kind), slug, at, tuple(tags)) for (kind, slug), (at, tags) in works.items()]


def cities_with_works(session: Session, actor: Actor) -> frozenset[str]:
    """Slugs of the cities of which the actor may read a case or a research result."""
    works = visible(sight_of(actor)).where(Work.kind != Kind.PROFILE.value, Work.city_slug.is_not(None)).subquery()
    return frozenset(session.scalars(select(works.c.city_slug).distinct()))


def city_points(session: Session, actor: Actor) -> dict[str, tuple[float, float]]:
    """Slug → longitude, latitude of each city that the actor may see and whose place is known."""
    profiles = visible(sight_of(actor)).join(City, City.slug == Work.slug).where(Work.kind == Kind.PROFILE.value)
    places = profiles.with_only_columns(City.slug, City.lon, City.lat).where(City.lon.is_not(None))
    return {slug: (lon, lat) for slug, lon, lat in session.execute(places) if lon is not None and lat is not None}


def works_of_themes(
    session: Session, actor: Actor, themes: Sequence[tuple[str, str]], languages: Sequence[str]
) -> list[Card]:
    """The works under any of these themes (scheme, code), each once, newest first."""
    under = [and_(WorkConcept.scheme == scheme, WorkConcept.code == code) for scheme, code in themes]
    ids = visible(sight_of(actor)).with_only_columns(Work.id).join(WorkConcept, WorkConcept.work_id == Work.id)
    found = session.scalars(ids.where(or_(false(), *under)).distinct())
    return sorted(cards_of(session, actor, list(found), languages), key=lambda card: (-(card.year or 0), card.title))


def find_cities(session: Session, slugs: Sequence[str]) -> dict[str, City]:
    """The cities of these slugs, of those that the library knows."""
    return {city.slug: city for city in session.scalars(select(City).where(City.slug.in_(slugs)))}


def all_cities(session: Session) -> Sequence[City]:
    """Every city that the library knows."""
    return session.scalars(select(City)).all()


def city_names(session: Session, slugs: Collection[str]) -> dict[str, CityName]:
    """Slug → names of the cities of these slugs, of those that the library knows; a list of choices has hundreds."""
    rows = session.execute(select(City.slug, City.name, City.names).where(City.slug.in_(slugs)))
    return {slug: CityName(name, names) for slug, name, names in rows}
