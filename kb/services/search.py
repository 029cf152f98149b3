"""Searching: from what a reader asks to what is shown, the same for page, API and terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from kb.domain.errors import N_, Invalid, Problem
from kb.domain.languages import language_name
from kb.domain.roles import Actor
from kb.domain.visibility import sight_of
from kb.domain.vocabularies import Vocabularies
from kb.models import Entry, Revision, Work
from kb.models.queries import public_texts
from kb.search.detection import detect
from kb.search.meaning import Meaning, what_is_meant
from kb.search.port import FACETS, Leaf, Request, SearchEngine, Sort, leaves
from kb.search.querytext import Note, parse
from kb.search.snippets import snippet
from kb.services.holdings import CityName, city_names
from kb.services.library import Card, cards_of
from kb.services.spelling import did_you_mean
from kb.services.words import SCHEME_OF_FACET, Words

QUERY_LENGTH: Final = 1000
DEEPEST: Final = 10_000
PER_PAGE: Final = 10
_WORDS_ALONE: Final = Note(N_("Only words and the thesaurus were searched: nearness in meaning is not ready here."))
PARAMETERS: Final = (
    "q", *FACETS, "year_from", "year_to", "across", "without", "sort", "page", "per_page", "locale",
)  # fmt: skip


@dataclass(frozen=True)
class SearchQuery:
    """What is asked: the parameters of the contract, section 6, checked.

    Attributes:
        without: ids of thesaurus concepts that must not widen the search.
        sort: as asked, None for the default (relevance with words, newest without).
    """

    q: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    year_from: int | None = None
    year_to: int | None = None
    across: bool = True
    without: tuple[str, ...] = ()
    sort: Sort | None = None
    page: int = 1
    per_page: int = PER_PAGE

    @property
    def order(self) -> Sort:
        """The order in which hits come."""
        return self.sort or (Sort.RELEVANCE if self.q.strip() else Sort.NEWEST)

    def parameters(self) -> list[tuple[str, str]]:
        """The query as parameters of an address, defaults left out."""
        pairs = [("q", self.q)] if self.q else []
        pairs += [(facet, value) for facet in FACETS for value in self.filters.get(facet, ())]
        pairs += [(name, str(year)) for name in ("year_from", "year_to") if (year := getattr(self, name)) is not None]
        pairs += [] if self.across else [("across", "false")]
        pairs += [("without", concept) for concept in self.without]
        pairs += [("sort", self.sort.value)] if self.sort else []
        pairs += [("per_page", str(self.per_page))] if self.per_page != PER_PAGE else []
        pairs += [("page", str(self.page))] if self.page != 1 else []
        return pairs

    def toggle(self, facet: str, value: str) -> SearchQuery:
        """The query with this choice made or taken back, from the first page."""
        chosen = self.filters.get(facet, ())
        chosen = tuple(other for other in chosen if other != value) if value in chosen else (*chosen, value)
        return replace(self, filters={**self.filters, facet: chosen}, page=1)


class Parameters(Protocol):
    """Parameters of an address, each any number of times (werkzeug's MultiDict, a parsed command line)."""

    def getlist(self, key: str, /) -> list[str]:
        """All values of one."""


def read_query(parameters: Parameters) -> SearchQuery:
    """Check the parameters of a search.

    Raises:
        Invalid: each parameter that can't be used, by name. What can't be read in `q` is no error.
    """
    problems: list[Problem] = []

    def last(name: str) -> str:
        return next((value.strip() for value in reversed(parameters.getlist(name)) if value.strip()), "")

    def number(name: str, low: int, high: int) -> int | None:
        text = last(name)
        if not text:
            return None
        if not (text.isascii() and text.isdigit()) or not low <= int(text[:12]) <= high:
            problems.append(
                Problem(N_("must be a whole number from %(low)s to %(high)s."), {"low": low, "high": high}, name)
            )
            return None
        return int(text)

    def choice(name: str, allowed: Sequence[str]) -> str:
        text = last(name)
        if text and text not in allowed:
            problems.append(Problem(N_("must be one of %(expected)s."), {"expected": ", ".join(allowed)}, name))
            return ""
        return text

    filters = {}
    for facet in FACETS:
        values = tuple(dict.fromkeys(value.strip()[:80] for value in parameters.getlist(facet) if value.strip()))
        if values:
            filters[facet] = values[:50]
    sort = choice("sort", [order.value for order in Sort])
    per_page = number("per_page", 1, 100) or PER_PAGE
    page = number("page", 1, DEEPEST) or 1
    if (page - 1) * per_page >= DEEPEST:
        problems.append(
            Problem(N_("Only the first %(deepest)s results can be paged through."), {"deepest": DEEPEST}, "page")
        )
    query = SearchQuery(
        q=last("q").replace("\0", " "),
        filters=filters,
        year_from=number("year_from", 1900, 2100),
        year_to=number("year_to", 1900, 2100),
        across=choice("across", ["true", "false"]) != "false",
        without=tuple(dict.fromkeys(value[:40] for value in parameters.getlist("without") if value.strip()))[:50],
        sort=Sort(sort) if sort else None,
        page=page,
        per_page=per_page,
    )
    if problems:
        raise Invalid(problems)
    return query


@dataclass(frozen=True)
class Expanded:
    """What the thesaurus added to a word: shown always, and taken away by `without=<concept>`.

    Attributes:
        languages: the tag of each label added, empty where it isn't known.
    """

    term: str
    added: tuple[str, ...]
    languages: tuple[str, ...]
    by: str
    concept: str


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet with its number of works."""

    value: str
    label: str
    count: int
    selected: bool


@dataclass(frozen=True)
class FoundWork:
    """One hit, ready to be shown.

    Attributes:
        snippet: pieces of the text, each with whether it is a match; the edge escapes and marks them.
        snippet_language: of the version that the snippet is from.
    """

    card: Card
    score: float
    snippet: tuple[tuple[str, bool], ...]
    snippet_language: str
    matched_by: tuple[str, ...]


@dataclass(frozen=True)
class SearchResult:
    """A page of hits with all that the contract's section 6 tells of it."""

    query: SearchQuery
    notes: tuple[Note, ...]
    expanded: tuple[Expanded, ...]
    did_you_mean: str | None
    total: int
    took_ms: float
    hits: tuple[FoundWork, ...]
    facets: Mapping[str, tuple[FacetValue, ...]]

    @property
    def pages(self) -> int:
        """How many pages there are to turn."""
        return -(-min(self.total, DEEPEST) // self.query.per_page)


def label_value(facet: str, value: str, locale: str, vocabularies: Vocabularies, cities: Mapping[str, CityName]) -> str:
    """A facet's value in the reader's words."""
    if facet == "city":
        city = cities.get(value)
        return city.in_language(locale) if city else value
    if facet == "language":
        return language_name(value, locale)
    scheme = SCHEME_OF_FACET.get(facet)
    return vocabularies.label(scheme, value, locale) if scheme else value


def find(
    session: Session,
    engine: SearchEngine,
    actor: Actor,
    query: SearchQuery,
    *,
    vocabularies: Vocabularies,
    words: Words,
    languages: Sequence[str],
    locale: str,
    meaning: Meaning | None = None,
) -> SearchResult:
    """Search as this actor: rights are part of the query, and every hit is loaded through them once more.

    Args:
        languages: that the reader reads, best first.
        meaning: the second arm; without it words and thesaurus alone are asked.

    Raises:
        Unavailable: the index is missing or broken.
    """
    started = time.perf_counter()
    parsed = parse(query.q, words.labels)
    tree, added = words.thesaurus.expand(parsed.tree, without=query.without) if query.across else (parsed.tree, ())
    meant = what_is_meant(query.q, tree) if query.across else None
    notes = parsed.notes if meaning or not meant else (*parsed.notes, _WORDS_ALONE)
    page = engine.search(
        Request(
            tree=tree,
            visibilities=frozenset(value.value for value in sight_of(actor).visibilities),
            filters={facet: frozenset(values) for facet, values in query.filters.items() if values},
            year_from=query.year_from,
            year_to=query.year_to,
            languages=tuple(languages),
            sort=query.order,
            offset=(query.page - 1) * query.per_page,
            limit=query.per_page,
            facets=FACETS,
            near=meaning.near(meant[0], detect(meant[0], languages), meant[1]) if meaning and meant else None,
        )
    )
    cards = {card.id: card for card in cards_of(session, actor, [UUID(hit.work) for hit in page.hits], languages)}
    texts = _texts(session, actor, list(cards))
    sought = tuple(leaves(tree))
    hits = []
    for hit in page.hits:
        if card := cards.get(UUID(hit.work)):
            shown, parts = _snippet(card, hit.matched, texts.get(card.id, {}), sought)
            hits.append(FoundWork(card, hit.score, parts, shown, hit.matched_by))
    # meaning finds something for every slip of the pen: that is no sign that all is well
    by_words = sum("words" in hit.matched_by for hit in page.hits)
    by_words = page.total if by_words == len(page.hits) else by_words
    cities = city_names(session, page.facets["city"])
    return SearchResult(
        query=query,
        notes=notes,
        expanded=tuple(Expanded(found.term, found.added, found.languages, found.by, found.concept) for found in added),
        did_you_mean=did_you_mean(session, engine, actor, query.q, by_words, words.thesaurus)
        if query.q and query.page == 1
        else None,
        total=page.total,
        took_ms=round((time.perf_counter() - started) * 1000, 1),
        hits=tuple(hits),
        facets={
            facet: _facet_values(facet, page.facets[facet], query, locale, vocabularies, cities) for facet in FACETS
        },
    )


def _texts(session: Session, actor: Actor, works: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    """Work → language → plain text, of the few works shown."""
    found: dict[UUID, dict[str, str]] = {}
    rows = (
        public_texts(sight_of(actor))
        .where(Work.id.in_(works))
        .with_only_columns(Work.id, Entry.language, Revision.plain)
    )
    for work, language, plain in session.execute(rows):
        found.setdefault(work, {})[language] = plain
    return found


def _snippet(
    card: Card, matched: Sequence[str], texts: Mapping[str, str], sought: Sequence[Leaf]
) -> tuple[str, tuple[tuple[str, bool], ...]]:
    """The best bit of the shown version, else of one that matched, else the summary; with its language."""
    summaries = {version.language: version.summary for version in card.versions}
    for language in dict.fromkeys([card.language, *matched]):
        if sought and language in texts:
            for text in (summaries[language], texts[language]):
                parts = tuple(snippet(text, sought, language))
                if any(marked for _, marked in parts):
                    return language, parts
    return card.language, ((card.summary, False),)


def _facet_values(
    facet: str,
    counts: Mapping[str, int],
    query: SearchQuery,
    locale: str,
    vocabularies: Vocabularies,
    cities: Mapping[str, CityName],
) -> tuple[FacetValue, ...]:
    """Values with their counts; chosen ones stay when nothing is left under them."""
    chosen = query.filters.get(facet, ())
    values = [
        FacetValue(
            value, label_value(facet, value, locale, vocabularies, cities), counts.get(value, 0), value in chosen
        )
        for value in {**counts, **dict.fromkeys(chosen, 0)}
    ]
    if facet == "year":
        return tuple(sorted(values, key=lambda value: value.value, reverse=True))
    if facet in {"evidence", "cost_band", "sdg"}:
        return tuple(sorted(values, key=lambda value: (len(value.value), value.value)))
    if facet == "key_feature":
        return tuple(sorted(values, key=lambda value: value.value))
    return tuple(sorted(values, key=lambda value: (-value.count, value.label)))
