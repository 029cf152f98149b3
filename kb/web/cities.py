"""The cities: as a list by region and country, and as dots on a map."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from kb.models import City
from kb.runtime import current_actor, session, vocabularies
from kb.services import library
from kb.services.holdings import cities_with_works
from kb.web import atlas
from kb.web.display import city_name, country_name, label

bp = Blueprint("cities", __name__)


@dataclass(frozen=True)
class Dot:
    """A city on the map, named in the reader's language; `full` where the library has more of it than a profile."""

    slug: str
    name: str
    x: float
    y: float
    full: bool


def fold(text: str) -> str:
    """Text as a filter compares it: no case, no accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(char for char in apart if not unicodedata.combining(char)))


def _named(cities: Iterable[City], words: str) -> list[City]:
    wanted = fold(words.strip())
    return [
        city
        for city in cities
        if wanted in fold(" ".join([city.name, *city.names.values(), *city.aliases, country_name(city.country)]))
    ]


def _by_country(cities: Sequence[City]) -> list[tuple[str, list[City]]]:
    """Countries by their name in the reader's language, each with its cities by theirs."""
    countries: dict[str, list[City]] = {}
    for city in sorted(cities, key=lambda city: fold(city_name(city))):
        countries.setdefault(city.country, []).append(city)
    return sorted(countries.items(), key=lambda pair: fold(country_name(pair[0])))


def _regions(cities: Sequence[City]) -> list[tuple[str, list[tuple[str, list[City]]], int]]:
    """Region, its countries, its number of cities; by the region's name, those without a region last."""
    codes = sorted({city.region or "" for city in cities}, key=lambda code: (not code, fold(label("regions", code))))
    groups = ((code, [city for city in cities if (city.region or "") == code]) for code in codes)
    return [(code, _by_country(group), len(group)) for code, group in groups]


@bp.get("/cities")
def index() -> ResponseReturnValue:
    """All cities, by region and country; narrowed by region, country and name."""
    region, country, name = (request.args.get(key, "").strip()[:80] for key in ("region", "country", "name"))
    everywhere = library.list_cities(session(), current_actor())
    cities = [city for city in everywhere if region in {"", city.region} and country in {"", city.country}]
    return render_template(
        "cities/index.html",
        regions=_regions(_named(cities, name) if name else cities),
        all_regions=[code for code, _, _ in _regions(everywhere) if code],
        all_countries=[code for code, _ in _by_country(everywhere)],
        chosen={"region": region, "country": country, "name": name},
        total=len(everywhere),
    )


@bp.get("/map")
def chart() -> ResponseReturnValue:
    """Where the cities lie; the same as a table."""
    region = request.args.get("region", "").strip()[:80]
    if region not in vocabularies()["regions"]:
        region = ""
    full = cities_with_works(session(), current_actor())
    cities = library.list_cities(session(), current_actor(), region=region or None)
    countries = [
        (country_name(code), [(city, city_name(city)) for city in group]) for code, group in _by_country(cities)
    ]
    dots = [
        Dot(city.slug, f"{name}, {country}", *atlas.project(city.lon, city.lat), city.slug in full)
        for country, group in countries
        for city, name in group
        if city.lon is not None and city.lat is not None
    ]
    frame = atlas.frame_of([(dot.x, dot.y) for dot in dots]) if region else atlas.WORLD
    return render_template(
        "cities/chart.html",
        frame=frame,
        outside=sum((dot.x, dot.y) not in frame for dot in dots),
        land=atlas.land_path(),
        grid=atlas.grid_path(),
        dots=sorted(dots, key=lambda dot: dot.full),
        full=full,
        radius=round(3.7 * frame.scale, 2),
        countries=countries,
        region=region,
        regions=[concept.code for concept in vocabularies()["regions"].concepts.values()],
        missing=len(cities) - len(dots),
    )
