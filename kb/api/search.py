"""Searching, and what could be typed next."""

from __future__ import annotations

from flask import request

from kb.api.answers import search_answer
from kb.api.operations import operation
from kb.api.parameters import SearchParameters, SuggestParameters, read_parameters
from kb.api.problems import say
from kb.api.schemas import Completion, SearchAnswer, SuggestAnswer
from kb.runtime import current_actor, interface_language, runtime, search_as_reader, session, vocabularies
from kb.services import search as searching
from kb.services import suggesting


@operation("/search", SearchAnswer, parameters=SearchParameters, refusals=(422, 503), passing={"took_ms"})
def search() -> SearchAnswer:
    """Search the library.

    A filter given several times means any of its values; different filters must all be met. One hit is one work: its
    language versions fold into one. Totals and counts are of what the reader may see.
    """
    return search_answer(search_as_reader(searching.read_query(request.args)), interface_language(), say)


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
