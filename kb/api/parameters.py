"""What the addresses and query strings of the API may say. A docstring under a field is its description."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, TypeVar, get_origin

from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from kb.domain.errors import Invalid, Problem
from kb.domain.kinds import Kind, Language, Slug
from kb.domain.mistakes import explain
from kb.search.port import Sort
from kb.services.search import DEEPEST, PER_PAGE

M = TypeVar("M", bound=BaseModel)
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Year = Annotated[int, Field(ge=1900, le=2100)]
Page = Annotated[int, Field(ge=1, le=DEEPEST)]
PerPage = Annotated[int, Field(ge=1, le=100)]


def _read_day(text: str) -> dt.date:
    # pydantic would take a number for the seconds since 1970
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise PydanticCustomError("date_parsing", "not a day") from error


Day = Annotated[dt.date, BeforeValidator(_read_day), WithJsonSchema({"type": "string", "format": "date"})]


class _Parameters(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Localised(_Parameters):
    """What every address with words in it takes."""

    locale: str | None = None
    """Language of labels, names and messages: `en` or `ko`; else the one that the browser names."""


class SearchParameters(Localised):
    """Parameters of a search. They are described here and read by `kb.services.search.read_query`, as on the page."""

    q: str = ""
    """Words, `"phrase"`, `AND` `OR` `-without` `( )`, `word*`, `word~`, `title:` `city:` `theme:`. Any text will do."""
    kind: list[Kind] = []
    """Kind of entry."""
    city: list[str] = []
    """A city's slug."""
    country: list[str] = []
    """ISO 3166-1, two letters."""
    region: list[str] = []
    """Code of the vocabulary `regions`."""
    key_feature: list[str] = []
    """Code of the vocabulary `key_features`; includes narrower ones."""
    cluster: list[str] = []
    """Code of the vocabulary `clusters`."""
    sdg: list[str] = []
    """Sustainable Development Goal, 1 to 17."""
    language: list[str] = []
    """Language of a text, as a BCP 47 tag."""
    stage: list[str] = []
    """Code of the vocabulary `stages`."""
    target_group: list[str] = []
    """Code of the vocabulary `target_groups`."""
    evidence: list[str] = []
    """Evidence level, 0 to 5."""
    cost_band: list[str] = []
    """Cost band, 1 to 5."""
    year: list[str] = []
    """One year."""
    completeness: list[str] = []
    """`stub`, `partial` or `complete`."""
    year_from: Year | None = None
    """First year."""
    year_to: Year | None = None
    """Last year."""
    across: bool = True
    """Whether what says the same in another language is found too."""
    without: list[str] = []
    """`concept` of an expansion that must not widen the search."""
    sort: Sort | None = None
    """Order: `relevance` with words and `newest` without, if not said."""
    page: Page = 1
    """From 1; at most 10,000 hits deep."""
    per_page: PerPage = PER_PAGE
    """Hits a page."""


class SuggestParameters(Localised):
    """Parameters of suggestions."""

    q: str = ""
    """What has been typed so far."""


class EntriesParameters(Localised):
    """Parameters of the list of entries."""

    kind: list[Kind] = []
    """Kind of entry."""
    city: list[Slug] = []
    """A city's slug."""
    language: list[Language] = []
    """Only works that can be read in one of these languages, and shown in it."""
    updated_since: Day | None = None
    """Only works of which a text became public on this day (UTC) or later."""
    page: Page = 1
    """From 1."""
    per_page: PerPage = 50
    """Works a page."""


class CitiesParameters(Localised):
    """Parameters of the list of cities."""

    country: list[Country] = []
    """ISO 3166-1, two letters."""
    region: list[str] = []
    """Code of the vocabulary `regions`."""
    gnlc: list[str] = []
    """Relation to the Global Network of Learning Cities: code of the vocabulary `gnlc_statuses`."""


SchemaName = Literal["case", "research", "profile", "translation"]


class PathParameters(_Parameters):
    """The places in addresses."""

    kind: Kind
    """Kind of entry."""
    slug: Slug
    """The work's or the city's name in addresses."""
    language: Language
    """BCP 47 tag of a language version."""
    number: Annotated[int, Field(ge=1, le=1_000_000)]
    """Number of a revision, from 1."""
    scheme: Annotated[str, Field(min_length=1, max_length=60)]
    """Name of a vocabulary."""
    schema_: Annotated[SchemaName, Field(alias="schema")]
    """What a header belongs to."""


def read_parameters(model: type[M]) -> M:
    """The query string as the model; of a single value given several times the last counts, empty ones don't.

    Raises:
        Invalid: one problem for each parameter that can't be used.
    """
    data: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if values := [value.strip() for value in request.args.getlist(name) if value.strip()]:
            data[name] = list(dict.fromkeys(values)) if get_origin(field.annotation) is list else values[-1]
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = {problem.field.split(".")[0]: problem for problem in explain(error).problems}
        named = [Problem(problem.message, problem.params, name) for name, problem in problems.items()]
        raise Invalid(named) from error
