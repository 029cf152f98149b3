"""Themes: the key features as a tree, clusters, goals, the values of the home city; the works under each."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from kb.domain.errors import N_, NotFound
from kb.domain.kinds import Kind, Profile
from kb.domain.vocabularies import Concept
from kb.runtime import current_actor, interface_language, reader_languages, runtime, session, vocabularies
from kb.services import library
from kb.services.holdings import works_of_themes
from kb.services.library import Record

bp = Blueprint("themes", __name__)
SCHEMES = {"key_features": N_("Key features"), "clusters": N_("Clusters"), "sdgs": N_("Sustainable Development Goals")}

FACETS = {"key_features": "key_feature", "clusters": "cluster", "sdgs": "sdg"}


def home_profile() -> Record | None:
    """The profile of the city that runs this instance, where the library has it."""
    try:
        return library.get_record(session(), current_actor(), Kind.PROFILE, runtime().home_city, reader_languages())
    except NotFound:
        return None


@bp.get("/themes")
def index() -> ResponseReturnValue:
    """All themes with the number of works under each."""
    return render_template(
        "themes/index.html", schemes=vocabularies(), counts=library.theme_counts(session(), current_actor())
    )


@bp.get("/themes/<scheme>/<code>")
def show(scheme: str, code: str) -> ResponseReturnValue:
    """One theme and its works."""
    concept = vocabularies()[scheme].get(code) if scheme in SCHEMES else None
    if concept is None:
        raise NotFound(N_("There is nothing at this address."))
    found = vocabularies()[scheme]
    return render_template(
        "themes/show.html",
        scheme=scheme,
        scheme_name=SCHEMES[scheme],
        facet=FACETS[scheme],
        concept=concept,
        broader=[found.concepts[above] for above in reversed(found.broader(code))],
        narrower=_with_label(found.narrower(code)),
        counts=library.theme_counts(session(), current_actor()),
        works=library.works_of_theme(session(), current_actor(), scheme, code, reader_languages()),
    )


@bp.get("/themes/values/<code>")
def value(code: str) -> ResponseReturnValue:
    """One strategic value of the home city and the works under the themes that it stands for."""
    profile = home_profile()
    values = profile.header.values if profile and isinstance(profile.header, Profile) else []
    place, found = next(((place, found) for place, found in enumerate(values, 1) if found.code == code), (0, None))
    if profile is None or found is None:
        raise NotFound(N_("There is nothing at this address."))
    themes = [("key_features", code) for code in found.key_features] + [("clusters", code) for code in found.clusters]
    works = works_of_themes(session(), current_actor(), themes, reader_languages())
    return render_template("themes/value.html", value=found, place=place, home_city=profile.city, works=works)


def _with_label(concepts: Iterable[Concept]) -> list[tuple[str, str]]:
    return [(concept.code, concept.label(interface_language())) for concept in concepts]
