"""The header of a profile, a case and a research result, and of their translations.

The one definition for file, form, API and JSON Schema (public contract, section 5). Models are checked with the
vocabularies in hand: `Case.model_validate(data, context={"vocabularies": vocabularies})`; without them codes pass.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from kb.domain import identifiers
from kb.domain.errors import N_, Invalid
from kb.domain.mistakes import explain
from kb.domain.visibility import Visibility
from kb.domain.vocabularies import Vocabularies


class Kind(StrEnum):
    """What a work is."""

    CASE = "case"
    RESEARCH = "research"
    PROFILE = "profile"

    @property
    def folder(self) -> str:
        """Where works of this kind live, in addresses and in the library's folders."""
        return {Kind.CASE: "cases", Kind.RESEARCH: "research", Kind.PROFILE: "cities"}[self]


FOLDERS: Final = {kind.folder: kind for kind in Kind}

_PARTIAL_DATE: Final = r"^[1-9][0-9]{3}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?$"
_URL: Final = r"^https?://[^\s<>\"\\^`{|}]+$"
_EMAIL: Final = r"^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+$"
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufeff]")


def _error(message: str, **params: Any) -> PydanticCustomError:
    # pydantic wants `{name}` places in its own template; ours travels beside it
    return PydanticCustomError("kb", "{message}", {"message": message, "params": params})


def _check_plain(text: str) -> str:
    if _CONTROL.search(text):
        raise _error(N_("has characters that can't be seen; type it anew."))
    text = text.strip()
    if not text:
        raise _error(N_("must not be empty."))
    return text


def _check_line(text: str) -> str:
    text = _check_plain(text)
    if "\n" in text or "\t" in text:
        raise _error(N_("must be one line."))
    return text


def _check_slug(text: str) -> str:
    if not identifiers.is_slug(text):
        raise _error(
            N_("“%(text)s” is no name for an address: use small letters a-z, digits and hyphens."),
            text=text[:100],
        )
    return text


def _check_language(text: str) -> str:
    if not identifiers.is_language(text):
        raise _error(N_("“%(text)s” is no language tag: write it like ko, en or zh-Hans."), text=text[:100])
    return text


def _check_url(text: str) -> str:
    if not re.match(_URL, text) or "\n" in text:
        raise _error(N_("must be an address that begins with https:// or http://."))
    return text


def _check_email(text: str) -> str:
    if not re.match(_EMAIL, text) or "\n" in text:
        raise _error(N_("must be a mail address."))
    return text


def _check_partial_date(text: str) -> str:
    if not re.match(_PARTIAL_DATE, text) or "\n" in text:
        raise _error(N_("must be a year, a month or a day: 2024, 2024-05 or 2024-05-31."))
    if len(text) == 10:
        try:
            dt.date.fromisoformat(text)
        except ValueError as error:
            raise _error(N_("There is no such day.")) from error
    return text


def _date_as_text(value: object) -> object:
    # YAML reads an unquoted 2024 as a number and 2024-05-31 as a day
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.isoformat() if type(value) is dt.date else value


def _unique(values: list[Any]) -> list[Any]:
    if len({str(value) for value in values}) != len(values):
        raise _error(N_("names something twice."))
    return values


@dataclass(frozen=True)
class Code:
    """Marks a text that must be a code of the scheme, where vocabularies are at hand."""

    scheme: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, core_schema.str_schema(max_length=40))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "maxLength": 40, "x-scheme": self.scheme}

    def _check(self, code: str, info: core_schema.ValidationInfo) -> str:
        vocabularies: Vocabularies | None = (info.context or {}).get("vocabularies")
        if vocabularies is not None and code not in vocabularies[self.scheme]:
            raise _error(N_("“%(code)s” is not in the vocabulary “%(scheme)s”."), code=code[:100], scheme=self.scheme)
        return code


Line = Annotated[str, Field(max_length=500), AfterValidator(_check_line)]
Title = Annotated[str, Field(max_length=200), AfterValidator(_check_line)]
Summary = Annotated[str, Field(max_length=300), AfterValidator(_check_line)]
Text = Annotated[str, Field(max_length=4000), AfterValidator(_check_plain)]
Slug = Annotated[
    str,
    AfterValidator(_check_slug),
    WithJsonSchema({"type": "string", "pattern": identifiers.SLUG_PATTERN, "maxLength": identifiers.SLUG_LENGTH}),
]
Language = Annotated[
    str,
    AfterValidator(_check_language),
    WithJsonSchema({"type": "string", "pattern": identifiers.LANGUAGE_PATTERN}),
]
Url = Annotated[str, Field(max_length=2000), AfterValidator(_check_url)]
Email = Annotated[str, Field(max_length=254), AfterValidator(_check_email)]
PartialDate = Annotated[
    str,
    BeforeValidator(_date_as_text),
    AfterValidator(_check_partial_date),
    WithJsonSchema({"type": "string", "pattern": _PARTIAL_DATE}),
]
Number = Annotated[int, Field(strict=True)] | Annotated[float, Field(strict=True, allow_inf_nan=False)]
Licence = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]{0,39}$")]
KeyFeature = Annotated[str, Code("key_features")]
Cluster = Annotated[str, Code("clusters")]
T = TypeVar("T")
Distinct = Annotated[list[T], Field(max_length=50), AfterValidator(_unique)]


class _Part(BaseModel):
    """Base of everything in a header: unknown keys are mistakes, numbers are not texts."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=4000)


class Source(_Part):
    """Where a statement comes from and when it was read."""

    title: Line
    url: Url | None = None
    accessed: dt.date | None = None


class Figure(_Part):
    """A number with its unit, day and source: never one without the others' place."""

    value: Number
    unit: Line
    as_of: PartialDate | None = None
    source: Line | None = None


class Period(_Part):
    """From when to when; an open end is a thing that goes on or of which the end is not known."""

    start: PartialDate | None = None
    end: PartialDate | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Period:
        if self.start and self.end and self.end < self.start[: len(self.end)]:
            raise _error(N_("The end lies before the start."))
        return self


class Cost(_Part):
    """What it cost, as the source gives it."""

    amount: Number
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    year: Annotated[int, Field(ge=1900, le=2100)] | None = None
    note: Line | None = None


class Evidence(_Part):
    """How well it is known that it works, on the scale of `evidence_levels`, and why this level."""

    level: Annotated[int, Field(ge=0, le=5, strict=True)]
    reason: Line | None = None
    links: Distinct[Url] = []


class Result(_Part):
    """One indicator: from where to where, in what unit, when, by which source."""

    indicator: Line
    baseline: Number | Line | None = None
    value: Number | Line
    unit: Line | None = None
    period: PartialDate | None = None
    source: Line | None = None


class Contact(_Part):
    """Whom to ask; shown to signed-in readers only."""

    unit: Line | None = None
    email: Email | None = None


class Membership(_Part):
    """The city's relation to the Global Network of Learning Cities."""

    status: Annotated[str, Code("gnlc_statuses")]
    joined: Annotated[int, Field(ge=2013, le=2100)] | None = None


class Value(_Part):
    """One of the city's own strategy words, mapped to the key features."""

    code: Slug
    labels: Annotated[dict[Language, Line], Field(min_length=1)]
    key_features: Distinct[KeyFeature] = []
    clusters: Distinct[Cluster] = []


class Translation(_Part):
    """Who translated a text and when; a machine's work says so."""

    by: Literal["machine", "person"]
    date: dt.date


class Header(_Part):
    """What every original carries."""

    kind: Kind
    title: Title
    summary: Summary
    city: Slug
    licence: Licence = "CC-BY-4.0"
    sources: Annotated[list[Source], Field(max_length=100)] = []
    confirmed: dt.date | None = None
    visibility: Visibility = Visibility.PUBLIC
    key_features: Distinct[KeyFeature] = []
    clusters: Distinct[Cluster] = []
    sdgs: Distinct[Annotated[int, Field(ge=1, le=17, strict=True)]] = []
    contact: Contact | None = None


class Profile(Header):
    """A city."""

    kind: Literal[Kind.PROFILE]
    name: Line
    names: dict[Language, Line] = {}
    aliases: Distinct[Line] = []
    country: Annotated[str, Code("countries")]
    region: Annotated[str, Code("regions")] | None = None
    city_type: Annotated[str, Code("city_types")] | None = None
    gnlc: Membership | None = None
    population: Figure | None = None
    area_km2: Figure | None = None
    figures: dict[Slug, Figure] = {}
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    website: Url | None = None
    languages: Distinct[Language] = []
    networks: Distinct[Line] = []
    awards: Distinct[Line] = []
    values: Annotated[list[Value], Field(max_length=20)] = []
    challenges: dict[KeyFeature, Annotated[int, Field(ge=1, le=5, strict=True)]] = {}
    offers: Distinct[KeyFeature] = []
    seeks: Distinct[KeyFeature] = []


class Case(Header):
    """A policy case study."""

    kind: Literal[Kind.CASE]
    period: Period | None = None
    stage: Annotated[str, Code("stages")] | None = None
    partners: Distinct[Slug] = []
    organisations: Distinct[Line] = []
    target_groups: Distinct[Annotated[str, Code("target_groups")]] = []
    settings: Distinct[Annotated[str, Code("settings")]] = []
    cost_band: Annotated[int, Field(ge=1, le=5, strict=True)] | None = None
    cost: Cost | None = None
    evidence: Evidence | None = None
    results: Annotated[list[Result], Field(max_length=100)] = []
    offers: Distinct[Annotated[str, Code("offers")]] = []
    inspired_by: Distinct[Slug] = []


class Research(Header):
    """A research result. One on a whole country has no city of its own."""

    kind: Literal[Kind.RESEARCH]
    city: Slug | None = None  # type: ignore[assignment]  # the one kind that may do without
    type: Annotated[str, Code("research_types")] | None = None
    authors: Distinct[Line] = []
    year: Annotated[int, Field(ge=1900, le=2100, strict=True)] | None = None
    question: Text | None = None
    method: Text | None = None
    findings: Distinct[Text] = []
    limits: Text | None = None
    cities: Distinct[Slug] = []
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S{1,200}$")] | None = None
    url: Url | None = None
    peer_reviewed: bool | None = None
    supports: Distinct[Slug] = []
    contradicts: Distinct[Slug] = []


class TranslationHeader(_Part):
    """What a translation carries: its own words. Facts stay with the original."""

    kind: Kind
    title: Title
    summary: Summary
    translation_of: Language
    translation: Translation | None = None
    name: Line | None = None
    question: Text | None = None
    method: Text | None = None
    findings: Distinct[Text] = []
    limits: Text | None = None

    @model_validator(mode="after")
    def _of_its_kind(self) -> TranslationHeader:
        allowed = {Kind.PROFILE: {"name"}, Kind.RESEARCH: {"question", "method", "findings", "limits"}}
        for field in ("name", "question", "method", "findings", "limits"):
            if getattr(self, field) and field not in allowed.get(self.kind, set()):
                raise _error(N_("A translation can't carry “%(field)s”: facts stay with the original."), field=field)
        return self


Original = Profile | Case | Research
AnyHeader = Original | TranslationHeader
MODELS: Final[Mapping[Kind, type[Profile] | type[Case] | type[Research]]] = {
    Kind.PROFILE: Profile,
    Kind.CASE: Case,
    Kind.RESEARCH: Research,
}


def check_header(
    data: Mapping[str, object],
    kind: Kind,
    *,
    vocabularies: Vocabularies,
    lines: Mapping[str, int] | None = None,
) -> AnyHeader:
    """Check a header for a kind, as an original or a translation.

    Raises:
        Invalid: one problem for each mistake, with its field and, where `lines` knows it, the line.
    """
    model: type[AnyHeader] = TranslationHeader if "translation_of" in data else MODELS[kind]
    if data.get("kind") != kind.value:
        raise Invalid.of(
            N_("must be “%(kind)s” in this folder."),
            field="kind",
            line=(lines or {}).get("kind", 1),
            kind=kind.value,
        )
    try:
        return model.model_validate(dict(data), context={"vocabularies": vocabularies})
    except ValidationError as error:
        raise explain(error, lines) from error


def read_header(kind: Kind, stored: Mapping[str, object]) -> AnyHeader:
    """A header that was checked before, as its model; its codes are taken as they are."""
    model: type[AnyHeader] = TranslationHeader if "translation_of" in stored else MODELS[kind]
    return model.model_validate(stored)


def dump_header(header: AnyHeader) -> dict[str, Any]:
    """The header as plain data in the order of the contract, without what is empty or the default."""
    data = header.model_dump(mode="python", exclude_none=True, exclude_defaults=True)
    plain: dict[str, Any] = _plain({"kind": header.kind, **data})
    if not isinstance(header, TranslationHeader):
        plain["licence"] = header.licence  # a licence is never left to be guessed
        order = ["kind", "title", "summary", *(("city",) if "city" in plain else ()), "licence"]
        plain = {key: plain[key] for key in order} | {k: v for k, v in plain.items() if k not in order}
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: found for key, item in value.items() if (found := _plain(item)) not in ({}, [])}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value
