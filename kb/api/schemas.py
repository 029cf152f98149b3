"""What the API answers. A docstring under a field is its description in `/api/v1/openapi.json`."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, RootModel

from kb.domain.completeness import Completeness
from kb.domain.kinds import Case, Kind, Language, Membership, Profile, Research, Slug, Translation
from kb.models import City
from kb.services.library import Card


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class FieldProblem(_Answer):
    """What is wrong with one field or parameter."""

    field: str
    """The field, dotted where it lies in another one; empty where no single one is at fault."""
    detail: str
    """What is wrong, in the reader's language."""


class ProblemDocument(_Answer):
    """An error (RFC 9457)."""

    type: str
    """`about:blank`: the status says what kind of problem it is."""
    title: str
    """The status in words."""
    status: int
    """HTTP status."""
    detail: str
    """What happened, in the reader's language."""
    errors: list[FieldProblem] = []
    """One for each field or parameter that can't be used."""
    current: dict[str, Any] | None = None
    """With 412: the draft as it stands now, `etag` with it."""
    merged: dict[str, Any] | None = None
    """With 412: both changes in one, to go on from; marks stand around lines of `body` that both changed."""


class CityLabel(_Answer):
    """The city that an entry is about."""

    slug: Slug
    """Its name in addresses."""
    name: str
    """Its name in the language asked for, else as its profile has it."""
    country: str
    """ISO 3166-1, two letters."""


class EntryCard(_Answer):
    """A work in short, in the reader's best language."""

    slug: Slug
    """Its name in addresses."""
    kind: Kind
    """What it is."""
    language: Language
    """Language of title and summary."""
    languages: list[Language]
    """The languages in which it can be read."""
    title: str
    """Title."""
    summary: str
    """What it is about, in at most 300 characters."""
    city: CityLabel | None
    """The city; null for research on a whole country."""
    year: int | None
    """A case's last known year, a study's own, the year of a city's admission."""
    evidence: int | None
    """How well it is known that a case works, 0 to 5; null where nobody has judged it."""
    cost_band: int | None
    """What a case costs, 1 to 5."""
    completeness: Completeness
    """How much of what its kind asks for it tells."""
    url: str
    """Its page, relative to this site."""

    @classmethod
    def of(cls, card: Card, locale: str, **more: Any) -> Self:
        """The card with what else the class knows of it."""
        facts = card.header if isinstance(card.header, Case) else None
        city = card.city and CityLabel(
            slug=card.city.slug, name=name_city(card.city, locale), country=card.city.country
        )
        return cls(
            slug=card.slug,
            kind=card.kind,
            language=card.language,
            languages=[version.language for version in card.versions],
            title=card.title,
            summary=card.summary,
            city=city,
            year=card.year,
            evidence=facts.evidence.level if facts and facts.evidence else None,
            cost_band=facts.cost_band if facts else None,
            completeness=Completeness(card.completeness),
            url=card.url,
            **more,
        )


def name_city(city: City, locale: str) -> str:
    """The city's name in a language, else as its profile has it."""
    return str(city.names.get(locale) or city.name)


class Hit(EntryCard):
    """A work that was found."""

    score: float
    """0 to 1, 1 for the best."""
    snippet: str
    """Where it matches: HTML in which nothing but `<mark>` is markup."""
    snippet_language: Language
    """Language of the snippet."""
    matched_by: list[str]
    """What made it match: `words`, `thesaurus`, `place` …; empty for a search without words."""


class Expansion(_Answer):
    """What was searched besides a word."""

    term: str
    """The word as typed."""
    added: list[str]
    """What else was searched."""
    by: str
    """Who knows that it means the same."""
    concept: str
    """What `without` takes to search without it."""


class FacetOption(_Answer):
    """One value by which the hits can be narrowed."""

    value: str
    """What the filter takes."""
    label: str
    """The value in words."""
    count: int
    """How many works there are with it, whatever else is chosen in the same filter."""
    selected: bool
    """Whether it is chosen."""


class QueryEcho(_Answer):
    """The words, and what was made of them."""

    q: str
    """The words."""
    notes: list[str]
    """What could not be read as an instruction, and what was made of it."""
    expanded: list[Expansion]
    """What was searched besides."""
    did_you_mean: str | None
    """A spelling that finds more."""


class SearchAnswer(_Answer):
    """A page of hits."""

    query: QueryEcho
    """How the words were understood."""
    total: int
    """Works found, on all pages."""
    page: int
    """This page, from 1."""
    per_page: int
    """Hits a page."""
    took_ms: float
    """Milliseconds spent on it."""
    hits: list[Hit]
    """The works of this page, best first."""
    facets: dict[str, list[FacetOption]]
    """By filter, the values there are."""


class Completion(_Answer):
    """One way to go on typing."""

    text: str
    """What it says."""
    kind: str
    """What it leads to."""
    url: str
    """Where it leads, relative to this site."""
    language: str
    """Language of the text."""


class SuggestAnswer(_Answer):
    """Ways to go on typing."""

    suggestions: list[Completion]
    """Best first."""


class ListedEntry(EntryCard):
    """A work in a list."""

    changed_at: dt.datetime
    """When a text of it last became public, UTC."""


class EntriesAnswer(_Answer):
    """A page of works, by kind and slug."""

    total: int
    """Works on all pages."""
    page: int
    """This page, from 1."""
    per_page: int
    """Works a page."""
    entries: list[ListedEntry]
    """The works of this page."""


class VersionLink(_Answer):
    """One language version of a work."""

    language: Language
    """Its language."""
    title: str
    """Its title."""
    summary: str
    """Its summary."""
    original: bool
    """Whether the work was written in this language."""
    url: str
    """Its page, relative to this site."""


class EntryText(_Answer):
    """What comes with the header. Names keep clear of the headers' own (`languages`, `url`)."""

    slug: Slug
    """The work's name in addresses."""
    language: Language
    """Language of title, summary and text."""
    versions: list[VersionLink]
    """Every language in which it can be read."""
    translation_of: Language | None
    """Language of the original; null for the original itself."""
    translation: Translation | None
    """Who translated it and when, where the translation says so."""
    behind: int
    """By how many revisions the translation lags behind the original."""
    body: str
    """The text as Markdown."""
    html: str
    """The text as safe HTML; links are relative to this site."""
    completeness: Completeness
    """How much of what its kind asks for the work tells."""
    missing: list[str]
    """What the kind asks for and the original does not tell."""
    number: int
    """Number of the revision, from 1."""
    published_at: dt.datetime
    """When the work first became public, UTC."""
    changed_at: dt.datetime
    """When this text became public, UTC."""
    archived_reason: str | None
    """Why the work is kept but no longer searched; null where it is not archived."""
    page_url: str
    """Its page in this language, relative to this site."""


class CaseEntry(EntryText, Case):
    """A policy case study: its header, its text and what is known of them."""

    model_config = ConfigDict(extra="ignore")


class ResearchEntry(EntryText, Research):
    """A research result: its header, its text and what is known of them."""

    model_config = ConfigDict(extra="ignore")


class ProfileEntry(EntryText, Profile):
    """A city: its header, its text and what is known of them."""

    model_config = ConfigDict(extra="ignore")


class Entry(RootModel[Annotated[CaseEntry | ResearchEntry | ProfileEntry, Field(discriminator="kind")]]):
    """A work in one language. A translation brings its own words and the facts of its original."""


class CityCard(_Answer):
    """A city in short."""

    slug: Slug
    """Its name in addresses."""
    name: str
    """Its name in the language asked for, else as its profile has it."""
    country: str
    """ISO 3166-1, two letters."""
    region: str | None
    """Code of the vocabulary `regions`."""
    gnlc: Membership | None
    """Relation to the Global Network of Learning Cities, and the year of admission."""
    population: int | None
    """Inhabitants; source and date are in the profile."""
    lat: float | None
    """Degrees north."""
    lon: float | None
    """Degrees east."""
    url: str
    """Its page, relative to this site."""


class CitiesAnswer(_Answer):
    """Cities by name, all on one page."""

    total: int
    """How many."""
    cities: list[CityCard]
    """The cities."""


class CityAnswer(CityCard):
    """A city and what the library has of it; its profile is the entry of kind `profile` and the same slug."""

    names: dict[str, str]
    """Its name by language."""
    aliases: list[str]
    """Other names."""
    works: list[EntryCard]
    """Its cases, then its research results, by title."""


class VocabularyCard(_Answer):
    """A vocabulary in short."""

    name: str
    """Its name."""
    concepts: int
    """How many concepts it has."""
    languages: list[Language]
    """The languages in which it has labels."""
    url: str
    """Where to read it whole."""


class VocabulariesAnswer(_Answer):
    """The vocabularies by name."""

    vocabularies: list[VocabularyCard]
    """The vocabularies."""


class ConceptItem(_Answer):
    """One concept."""

    code: str
    """What headers and filters write."""
    parent: str | None
    """Code of the broader concept."""
    label: str
    """Label in the language asked for."""
    labels: dict[str, str]
    """Label by language."""
    extra: dict[str, str]
    """The vocabulary's other columns; several values are parted by `|`."""


class VocabularyAnswer(_Answer):
    """A vocabulary: its concepts in their order."""

    name: str
    """Its name."""
    concepts: list[ConceptItem]
    """The concepts."""


class JsonSchema(RootModel[dict[str, Any]]):
    """A JSON Schema of 2020-12; `x-scheme` names the vocabulary that a code is from."""


class OpenApiDocument(RootModel[dict[str, Any]]):
    """An OpenAPI 3.1 document."""
