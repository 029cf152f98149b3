"""The first page: what this is, a search, the ways in, what is new, how much there is."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from kb.domain.kinds import Profile
from kb.runtime import current_actor, reader_languages, runtime, session
from kb.services import library
from kb.services.holdings import city_points
from kb.web import atlas
from kb.web.themes import home_profile

bp = Blueprint("home", __name__)


@bp.get("/")
def show() -> ResponseReturnValue:
    """The first page."""
    actor, here = current_actor(), runtime().home_city
    points = city_points(session(), actor)
    profile = home_profile()
    return render_template(
        "home/show.html",
        counts=library.count_library(session(), actor),
        newest=library.newest(session(), actor, reader_languages(), 6),
        home_city=profile.city if profile else None,
        values=profile.header.values if profile and isinstance(profile.header, Profile) else [],
        world=atlas.WORLD,
        land=atlas.land_path(),
        grid=atlas.grid_path(),
        dots=atlas.dots_path(points.values()),
        home=atlas.project(*points[here]) if here in points else None,
    )
