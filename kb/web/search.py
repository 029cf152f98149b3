"""The search page: every state of it is an address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from kb.domain.errors import N_
from kb.runtime import interface_language, search_as_reader, session, vocabularies
from kb.search.port import Sort
from kb.services import search as searching
from kb.services.holdings import city_names
from kb.services.search import FacetValue, SearchQuery, SearchResult
from kb.web.catalogues import translate as _

bp = Blueprint("search", __name__)
# in the order in which the page shows them; a year is asked for as a range
FACETS = {
    "kind": N_("Kind"),
    "key_feature": N_("Theme"),
    "country": N_("Country"),
    "region": N_("Region"),
    "target_group": N_("For whom"),
    "evidence": N_("Evidence"),
    "stage": N_("Stage"),
    "cost_band": N_("Cost"),
    "language": N_("Language"),
    "cluster": N_("Cluster"),
    "sdg": N_("Sustainable Development Goal"),
    "city": N_("City"),
    "completeness": N_("Completeness"),
}
OPEN = frozenset({"kind", "key_feature", "country"})
SHOWN, LONGEST = 8, 60  # values of a facet: at once, and at all; what comes behind is found by words
SORTS = {
    Sort.RELEVANCE: N_("Best match"),
    Sort.NEWEST: N_("Newest"),
    Sort.TITLE: N_("Title"),
    Sort.EVIDENCE: N_("Evidence"),
}
REASONS = {
    "words": N_("in the text"),
    "thesaurus": N_("by thesaurus"),
    "place": N_("by the name of the place"),
    "meaning": N_("close in meaning"),
}


@dataclass(frozen=True)
class Chip:
    """A choice that was made, and the address without it."""

    text: str
    url: str


def search_url(query: SearchQuery) -> str:
    """The address of a search, defaults left out."""
    pairs = query.parameters()
    return "/search" + (f"?{urlencode(pairs)}" if pairs else "")


def _chips(query: SearchQuery, result: SearchResult) -> Iterator[Chip]:
    """Each filter in use, labelled even where no work has its value any more."""
    counted = {(facet, one.value): one.label for facet, values in result.facets.items() for one in values}
    cities = city_names(session(), query.filters.get("city", ()))
    for facet, values in query.filters.items():
        for value in values:
            label = counted.get((facet, value)) or searching.label_value(
                facet, value, interface_language(), vocabularies(), cities
            )
            name = _(FACETS[facet]) if facet in FACETS else _("Year")
            yield Chip(f"{name}: {label}", search_url(query.toggle(facet, value)))
    if query.year_from is not None:
        yield Chip(_("from %(year)s", year=query.year_from), search_url(replace(query, year_from=None, page=1)))
    if query.year_to is not None:
        yield Chip(_("until %(year)s", year=query.year_to), search_url(replace(query, year_to=None, page=1)))
    if not query.across:
        yield Chip(_("only my words"), search_url(replace(query, across=True, page=1)))


def _split(facet: str, result: SearchResult) -> tuple[list[FacetValue], list[FacetValue]]:
    """The values to show at once and those behind “more”: of the themes the broad ones come first."""
    values = list(result.facets[facet])
    if facet == "key_feature":
        return [one for one in values if one.value.count(".") < 2], [one for one in values if one.value.count(".") > 1]
    return values[:SHOWN], values[SHOWN:LONGEST] + [one for one in values[LONGEST:] if one.selected]


def _pages(page: int, last: int) -> list[int | None]:
    """Numbers of the pages to offer: the ends and those around the present one, None for a gap."""
    near = [number for number in range(1, last + 1) if number in {1, last} or abs(number - page) <= 2]
    offered: list[int | None] = []
    for number in near:
        if offered and offered[-1] is not None and number - offered[-1] > 1:
            offered.append(None)
        offered.append(number)
    return offered


@bp.get("/search")
def show() -> Response:
    """Results, facets and what can be done with them."""
    query = searching.read_query(request.args)
    result = search_as_reader(query)
    page = render_template(
        "search/show.html",
        query=query,
        result=result,
        chips=list(_chips(query, result)),
        facets={facet: (name, *_split(facet, result)) for facet, name in FACETS.items() if result.facets.get(facet)},
        open_facets=OPEN,
        sorts={
            order: (name, search_url(replace(query, sort=order, page=1)))
            for order, name in SORTS.items()
            if query.q.strip() or order is not Sort.RELEVANCE
        },
        reasons=REASONS,
        pages=[(number, search_url(replace(query, page=number or 1))) for number in _pages(query.page, result.pages)],
        previous=search_url(replace(query, page=query.page - 1)) if query.page > 1 else None,
        following=search_url(replace(query, page=query.page + 1)) if query.page < result.pages else None,
        own_words=search_url(replace(query, across=False, page=1)),
        without={
            one.concept: search_url(replace(query, without=(*query.without, one.concept), page=1))
            for one in result.expanded
        },
        without_filters=search_url(SearchQuery(q=query.q)),
        meant=search_url(replace(query, q=result.did_you_mean, page=1)) if result.did_you_mean else None,
    )
    response = make_response(page)
    if request.headers.get("HX-Request"):
        response.headers["HX-Push-Url"] = search_url(query)  # a form sends empty fields too; addresses stay short
    return response
