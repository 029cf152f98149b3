"""One work on its page: a case, a research result, a city; and the files beside it."""

from __future__ import annotations

from flask import Blueprint, render_template, send_file
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from kb.domain.errors import N_, NotFound
from kb.domain.identifiers import is_file_name, is_language, is_slug
from kb.domain.kinds import FOLDERS, Kind
from kb.runtime import current_actor, reader_languages, runtime, session
from kb.services import library, relating
from kb.services.attachments import get_attachment
from kb.text.markdown import take_section
from kb.web import atlas
from kb.web.citation import cite

bp = Blueprint("entries", __name__)
_FOLDER = "/<any(cases, research, cities):folder>/<slug>"
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})


@bp.get(_FOLDER)
@bp.get(_FOLDER + "/<language>")
def show(folder: str, slug: str, language: str | None = None) -> ResponseReturnValue:
    """A work in the asked language, or in the reader's best one."""
    if not is_slug(slug) or (language is not None and not is_language(language)):
        raise NotFound(N_("There is nothing at this address."))
    kind, actor, languages = FOLDERS[folder], current_actor(), reader_languages()
    record = library.get_record(session(), actor, kind, slug, languages, language)
    common = {
        "record": record,
        "original": next((version.language for version in record.versions if version.original), record.language),
        "citation": cite(record),
        "address": f"{record.url}/{record.language}" if language else record.url,
    }
    if kind is Kind.PROFILE:
        city, spot = record.city, None
        if city and city.lon is not None and city.lat is not None:
            spot = atlas.project(city.lon, city.lat)
        return render_template(
            "entries/profile.html",
            **common,
            works=library.works_of_city(session(), actor, slug, languages),
            similar=relating.similar_cities(session(), actor, slug),
            spot=spot,
            world=atlas.WORLD,
            land=atlas.land_path(),
        )
    failures, text = take_section(record.html, library.SECTION_OF_FAILURES)
    return render_template(
        f"entries/{kind.value}.html",
        **common,
        failures=failures,
        text=text,
        related=relating.related(session(), actor, record, languages),
    )


@bp.get(_FOLDER + "/files/<name>")
def attachment(folder: str, slug: str, name: str) -> Response:
    """A file beside a work: pictures are shown, everything else is handed over as a download."""
    if not is_slug(slug) or not is_file_name(name):
        raise NotFound(N_("There is nothing at this address."))
    found = get_attachment(session(), current_actor(), FOLDERS[folder], slug, name)
    path = runtime().storage.path(found.digest)
    if path is None:
        raise NotFound(N_("There is nothing at this address."))
    response = send_file(
        path,
        mimetype=found.media_type,
        as_attachment=found.media_type not in _PICTURES,
        download_name=found.name,
        etag=found.digest,
        conditional=True,
        max_age=3600,
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
