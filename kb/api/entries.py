"""Works: listed, and one by one with their text."""

from __future__ import annotations

import datetime as dt

from kb.api.operations import operation
from kb.api.parameters import EntriesParameters, Localised, read_parameters
from kb.api.schemas import EntriesAnswer, Entry, ListedEntry, VersionLink
from kb.domain.errors import N_, NotFound
from kb.domain.identifiers import is_language, is_slug
from kb.domain.kinds import MODELS, Kind, dump_header
from kb.runtime import current_actor, interface_language, reader_languages, session
from kb.services import library


@operation("/entries", EntriesAnswer, parameters=EntriesParameters, refusals=(422,))
def list_entries() -> EntriesAnswer:
    """List the works, by kind and slug."""
    wanted = read_parameters(EntriesParameters)
    since = wanted.updated_since
    total, works = library.list_works(
        session(),
        current_actor(),
        kinds=wanted.kind,
        cities=wanted.city,
        languages=wanted.language,
        changed_since=dt.datetime.combine(since, dt.time(), dt.UTC) if since else None,
        offset=(wanted.page - 1) * wanted.per_page,
        limit=wanted.per_page,
    )
    cards = library.make_cards(session(), current_actor(), works, [*wanted.language, *reader_languages()])
    entries = [
        ListedEntry.of(card, interface_language(), changed_at=work.changed_at)
        for work, card in zip(works, cards, strict=True)
    ]
    return EntriesAnswer(total=total, page=wanted.page, per_page=wanted.per_page, entries=entries)


@operation("/entries/<kind>/<slug>", Entry, parameters=Localised, refusals=(404,))
def read_entry(kind: str, slug: str) -> Entry:
    """Read a work in the reader's best language.

    That is the language of `locale`, else the first of `Accept-Language` that there is, else English, else the
    original's. Contacts are shown to those who are signed in.
    """
    return _read(kind, slug, None)


@operation("/entries/<kind>/<slug>/<language>", Entry, refusals=(404,))
def read_version(kind: str, slug: str, language: str) -> Entry:
    """Read a work in this language."""
    return _read(kind, slug, language)


def _read(kind: str, slug: str, language: str | None) -> Entry:
    if kind not in MODELS or not is_slug(slug) or not (language is None or is_language(language)):
        raise NotFound(N_("There is nothing at this address."))
    record = library.get_record(session(), current_actor(), Kind(kind), slug, reader_languages(), language)
    translated = record.translated
    header = dump_header(record.header) | (dump_header(translated) if translated else {})
    return Entry.model_validate(
        header
        | {
            "slug": record.slug,
            "language": record.language,
            "versions": [
                VersionLink(
                    language=version.language,
                    title=version.title,
                    summary=version.summary,
                    original=version.original,
                    url=f"{record.url}/{version.language}",
                )
                for version in record.versions
            ],
            "translation_of": translated and translated.translation_of,
            "translation": record.translation,
            "behind": record.behind,
            "body": record.body,
            "html": record.html,
            "completeness": record.completeness,
            "missing": list(record.missing),
            "number": record.number,
            "published_at": record.published_at,
            "changed_at": record.changed_at,
            "archived_reason": record.archived_reason,
            "page_url": f"{record.url}/{record.language}",
        }
    )
