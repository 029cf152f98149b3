"""How to cite a work: one line of plain text."""

from __future__ import annotations

from kb.domain.kinds import Research
from kb.runtime import runtime
from kb.services.library import Record
from kb.web.catalogues import translate as _
from kb.web.display import city_name, country_name, day, listing


def cite(record: Record) -> str:
    """Author or city, year, title, library, version, address, licence: in the interface's language."""
    header = record.header
    authors = listing(list(header.authors)) if isinstance(header, Research) and header.authors else ""
    place = f"{city_name(record.city)}, {country_name(record.city.country)}" if record.city else ""
    return _(
        "%(who)s. %(title)s. %(library)s, version %(number)s of %(day)s. %(url)s. %(licence)s.",
        who=authors or place or _("Learning Cities Exchange"),
        title=record.title,
        library=_("Learning Cities Exchange"),
        number=record.number,
        day=day(record.changed_at),
        url=f"{runtime().base_url}{record.url}/{record.language}",
        licence=header.licence,
    )
