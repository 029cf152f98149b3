"""Cities, as lists and maps need them."""

from __future__ import annotations

from typing import Any

from kb.api.operations import operation
from kb.api.parameters import CitiesParameters, Localised, read_parameters
from kb.api.schemas import CitiesAnswer, CityAnswer, CityCard, EntryCard, name_city
from kb.domain.errors import N_, NotFound
from kb.domain.identifiers import is_slug
from kb.domain.kinds import Kind, Membership
from kb.models import City
from kb.runtime import current_actor, interface_language, reader_languages, session
from kb.services import library


@operation("/cities", CitiesAnswer, parameters=CitiesParameters, refusals=(422,))
def list_cities() -> CitiesAnswer:
    """List the cities."""
    wanted = read_parameters(CitiesParameters)
    cities = [
        CityCard(**_facts(city))
        for city in library.list_cities(session(), current_actor())
        if (not wanted.country or city.country in wanted.country)
        and (not wanted.region or city.region in wanted.region)
        and (not wanted.gnlc or city.gnlc_status in wanted.gnlc)
    ]
    return CitiesAnswer(total=len(cities), cities=cities)


@operation("/cities/<slug>", CityAnswer, parameters=Localised, refusals=(404,))
def read_city(slug: str) -> CityAnswer:
    """Read what the library has of a city."""
    languages, locale = reader_languages(), interface_language()
    city = is_slug(slug) and library.get_record(session(), current_actor(), Kind.PROFILE, slug, languages).city
    if not city:
        raise NotFound(N_("There is nothing at this address."))
    works = library.works_of_city(session(), current_actor(), slug, languages)
    return CityAnswer(
        **_facts(city), names=city.names, aliases=city.aliases, works=[EntryCard.of(card, locale) for card in works]
    )


def _facts(city: City) -> dict[str, Any]:
    return {
        "slug": city.slug,
        "name": name_city(city, interface_language()),
        "country": city.country,
        "region": city.region,
        "gnlc": Membership(status=city.gnlc_status, joined=city.joined) if city.gnlc_status else None,
        "population": None if city.population is None else round(city.population),
        "lat": city.lat,
        "lon": city.lon,
        "url": f"/{Kind.PROFILE.folder}/{city.slug}",
    }
