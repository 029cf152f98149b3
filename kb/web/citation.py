"""How to cite a work: one line of text."""

from __future__ import annotations

from markupsafe import Markup

from kb.domain.kinds import Research
from kb.runtime import runtime
from kb.services.library import Record
from kb.web.catalogues import translate as _
from kb.web.display import city_name, country_name, day, foreign, listing


def cite(record: Record) -> Markup:
    """Author or city, year, title, library, version, address, licence: in the interface's language."""
    header = record.header
    authors = listing(list(header.authors)) if isinstance(header, Research) and header.authors else ""
    place = f"{city_name(record.city)}, {country_name(record.city.country)}" if record.city else ""
    pattern = _("%(who)s. %(title)s. %(library)s, version %(number)s of %(day)s. %(url)s. %(licence)s.")
    return Markup.escape(pattern) % {
        "who": authors or place or _("Learning Cities Exchange"),
        "title": Markup("<bdi{}>{}</bdi>").format(foreign(record.language), record.title),
        "library": _("Learning Cities Exchange"),
        "number": record.number,
        "day": day(record.changed_at),
        "url": f"{runtime().base_url}{record.url}/{record.language}",
        "licence": header.licence,
    }
