"""The answer to a search, the same for the API and for `kb search --json`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from markupsafe import Markup

from kb.api.schemas import Expansion, FacetOption, Hit, QueryEcho, SearchAnswer
from kb.services.search import SearchResult


def search_answer(found: SearchResult, locale: str, say: Callable[[str, Mapping[str, object]], str]) -> SearchAnswer:
    """What was found, as the public contract has it.

    Args:
        say: puts a sentence of the house, and what goes into its places, into the reader's language.
    """
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
