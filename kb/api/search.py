"""Searching, and what could be typed next."""

from __future__ import annotations

from flask import request
from markupsafe import Markup

from kb.api.operations import operation
from kb.api.parameters import SearchParameters, SuggestParameters, read_parameters
from kb.api.problems import say
from kb.api.schemas import Completion, Expansion, FacetOption, Hit, QueryEcho, SearchAnswer, SuggestAnswer
from kb.runtime import current_actor, interface_language, reader_languages, runtime, session, vocabularies
from kb.services import search as searching
from kb.services import suggesting


@operation("/search", SearchAnswer, parameters=SearchParameters, refusals=(422, 503), passing={"took_ms"})
def search() -> SearchAnswer:
    """Search the library.

    A filter given several times means any of its values; different filters must all be met. One hit is one work: its
    language versions fold into one. Totals and counts are of what the reader may see.
    """
    query = searching.read_query(request.args)
    locale = interface_language()
    found = searching.find(
        session(),
        runtime().engine,
        current_actor(),
        query,
        vocabularies=vocabularies(),
        words=runtime().words(session()),
        languages=reader_languages(),
        locale=locale,
    )
    return SearchAnswer(
        query=QueryEcho(
            q=found.query.q,
            notes=[say(note.message, note.params) for note in found.notes],
            expanded=[
                Expansion(term=one.term, added=list(one.added), by=one.by, concept=one.concept)
                for one in found.expanded
            ],
            did_you_mean=found.did_you_mean,
        ),
        total=found.total,
        page=found.query.page,
        per_page=found.query.per_page,
        took_ms=round(found.took_ms, 1),
        hits=[
            Hit.of(
                work.card,
                locale,
                score=round(work.score, 4),
                snippet=mark_matches(work.snippet),
                snippet_language=work.snippet_language,
                matched_by=list(work.matched_by),
            )
            for work in found.hits
        ],
        facets={
            facet: [
                FacetOption(value=one.value, label=one.label, count=one.count, selected=one.selected) for one in values
            ]
            for facet, values in found.facets.items()
        },
    )


def mark_matches(pieces: tuple[tuple[str, bool], ...]) -> str:
    """The pieces of a snippet as HTML, matches in `<mark>`, everything else escaped."""
    return str(Markup().join(Markup("<mark>{}</mark>").format(text) if match else text for text, match in pieces))


@operation("/suggest", SuggestAnswer, parameters=SuggestParameters)
def suggest() -> SuggestAnswer:
    """Suggest cities, entries and themes for what is being typed."""
    typed = read_parameters(SuggestParameters).q.replace("\0", " ")[: searching.QUERY_LENGTH]
    found = suggesting.suggest(
        session(),
        current_actor(),
        typed,
        completions=runtime().completions(session()),
        vocabularies=vocabularies(),
        locale=interface_language(),
    )
    return SuggestAnswer(
        suggestions=[Completion(text=one.text, kind=one.kind, url=one.url, language=one.language) for one in found]
    )
