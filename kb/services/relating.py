"""More like this: works of other cities with what they share, cities like a city."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, case, false, func, or_, select
from sqlalchemy.orm import Session

from kb.domain.kinds import Case, Kind
from kb.domain.roles import Actor
from kb.domain.visibility import sight_of
from kb.models import City, Work, WorkConcept
from kb.models.queries import visible
from kb.services.library import Card, cards_of, list_cities

# What related works count for; a theme counts for 0.7 where all have it, and 3 where one in twenty has it.
_SAME_PEOPLE: Final = 0.8
_SAME_COST: Final = 0.4
_SAME_SIZE: Final = 0.4
_SIMILAR_SIZE: Final = 2  # times that one city may be larger
_ANYBODY: Final = frozenset({"everyone"})  # a target group that says nothing


@dataclass(frozen=True)
class Reason:
    """Why a work is like another one.

    Attributes:
        by: the scheme of what both have (`key_features`, `clusters`, `target_groups`, `cost_bands`), or `size` of city.
        code: of the concept, empty for a size.
        weight: what it counts for.
    """

    by: str
    code: str
    weight: float


@dataclass(frozen=True)
class Related:
    """A card and what it shares, what says most first."""

    card: Card
    reasons: tuple[Reason, ...]


def related(session: Session, actor: Actor, record: Card, languages: Sequence[str], limit: int = 5) -> list[Related]:
    """Works of other cities that are like this one, most alike first, with what they share.

    They share themes; common ones count less than rare ones (by inverse document frequency), so that what is shared
    says something. Of those that share most, the same people, cost and size of city count too.
    """
    others = visible(sight_of(actor)).where(Work.kind != Kind.PROFILE.value, Work.id != record.id)
    if record.header.city:
        others = others.where((Work.city_slug != record.header.city) | Work.city_slug.is_(None))
    reasons = _shared_themes(session, actor, record, others.with_only_columns(Work.id))
    for work, header, population in session.execute(
        select(Work.id, Work.header, City.population)
        .join(City, City.slug == Work.city_slug, isouter=True)
        .where(Work.id.in_(reasons))
    ):
        reasons[work] += _shared_facts(record, header, population)
    scores = {work: sum(reason.weight for reason in found) for work, found in reasons.items()}
    best = sorted(scores, key=lambda work: (-scores[work], str(work)))[:limit]
    ranked = {work: tuple(sorted(reasons[work], key=lambda reason: (-reason.weight, reason.code))) for work in best}
    return [Related(card, ranked[card.id]) for card in cards_of(session, actor, best, languages)]


def _shared_themes(
    session: Session, actor: Actor, record: Card, others: Select[UUID], most: int = 40
) -> dict[UUID, list[Reason]]:
    """The works among the others that share most with this one, with the themes that they share."""
    own = [("key_features", code) for code in record.header.key_features]
    own += [("clusters", code) for code in record.header.clusters]
    is_own = or_(false(), *(and_(WorkConcept.scheme == scheme, WorkConcept.code == code) for scheme, code in own))
    everything = visible(sight_of(actor)).with_only_columns(Work.id)
    total = session.scalar(select(func.count()).select_from(everything.subquery())) or 1
    counted = (
        select(WorkConcept.scheme, WorkConcept.code, func.count())
        .where(is_own, WorkConcept.work_id.in_(everything))
        .group_by(WorkConcept.scheme, WorkConcept.code)
    )
    weights = {(scheme, code): math.log1p(total / count) for scheme, code, count in session.execute(counted)}
    if not weights:
        return {}
    weight = case(
        *(
            ((WorkConcept.scheme == scheme) & (WorkConcept.code == code), value)
            for (scheme, code), value in weights.items()
        ),
        else_=0.0,
    )
    shared = select(WorkConcept.work_id).where(is_own, WorkConcept.direct, WorkConcept.work_id.in_(others))
    best = shared.group_by(WorkConcept.work_id).order_by(func.sum(weight).desc(), WorkConcept.work_id).limit(most)
    found: dict[UUID, list[Reason]] = {work: [] for work in session.scalars(best)}
    rows = select(WorkConcept.work_id, WorkConcept.scheme, WorkConcept.code).where(
        is_own, WorkConcept.direct, WorkConcept.work_id.in_(found)
    )
    for work, scheme, code in session.execute(rows):
        found[work].append(Reason(scheme, code, weights[scheme, code]))
    return found


def _shared_facts(record: Card, header: Mapping[str, Any], population: float | None) -> list[Reason]:
    """What a work with this header, of a city of this size, has in common with the record beside themes."""
    found = []
    if isinstance(record.header, Case):
        groups = {*record.header.target_groups} & {*header.get("target_groups", ())} - _ANYBODY
        found += [Reason("target_groups", code, _SAME_PEOPLE) for code in groups]
        if record.header.cost_band is not None and record.header.cost_band == header.get("cost_band"):
            found.append(Reason("cost_bands", str(record.header.cost_band), _SAME_COST))
    size = record.city.population if record.city else None
    if size and population and max(size, population) <= _SIMILAR_SIZE * min(size, population):
        found.append(Reason("size", "", _SAME_SIZE))
    return found


def similar_cities(session: Session, actor: Actor, slug: str, limit: int = 6) -> list[City]:
    """Cities of the same region nearest in population; without a figure, those of the same country first."""
    own = session.get(City, slug)
    if own is None:
        return []

    def distance(city: City) -> tuple[float, bool, str]:
        known = own.population and city.population
        apart = abs(math.log(own.population / city.population)) if known else math.inf  # type: ignore[operator]  # both known
        return apart, city.country != own.country, city.name

    others = (city for city in list_cities(session, actor, region=own.region) if city.slug != slug)
    return sorted(others, key=distance)[:limit]
