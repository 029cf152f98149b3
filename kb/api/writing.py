"""What the writing API takes and answers. A docstring under a field is its description."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, RootModel

from kb.domain.kinds import Case, Kind, Language, Profile, Research, Slug, TranslationHeader
from kb.domain.workflow import State


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class _Taken(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


Body = Annotated[str, Field(max_length=524_288)]


class _Place(_Taken):
    """Where a text belongs."""

    slug: Slug
    """The work's name in addresses."""
    language: Language
    """Language of the text, as a BCP 47 tag."""
    body: Body
    """The text as Markdown; at most 512 KiB."""


class _Said(_Taken):
    """A text without its place, which the address names; where the place is said all the same, it must agree."""

    slug: Slug | None = None
    """As in the address."""
    language: Language | None = None
    """As in the address."""
    body: Body
    """The text as Markdown; at most 512 KiB."""


class NewCase(_Place, Case):
    """A policy case study."""


class NewResearch(_Place, Research):
    """A research result."""


class NewProfile(_Place, Profile):
    """A city."""


class NewTranslation(_Place, TranslationHeader):
    """A translation: its own words; facts stay with the original."""


class NewEntry(RootModel[NewCase | NewResearch | NewProfile | NewTranslation]):
    """A text that is to become a draft: the header's fields, its place and its body side by side."""


class CaseText(_Said, Case):
    """A policy case study."""


class ResearchText(_Said, Research):
    """A research result."""


class ProfileText(_Said, Profile):
    """A city."""


class TranslationText(_Said, TranslationHeader):
    """A translation: its own words; facts stay with the original."""


class ChangedText(RootModel[CaseText | ResearchText | ProfileText | TranslationText]):
    """A draft as it shall be: all of the header's fields and the body, not only what changes."""


class Reason(_Taken):
    """Why."""

    reason: Annotated[str, Field(max_length=4000)]
    """In a sentence or some; those whom it concerns read it."""


class Archiving(Reason):
    """Why, and what to read instead."""

    forward: Annotated[str, Field(max_length=200)] | None = None
    """Page of another entry, like `/cases/another`."""


class Upload(_Taken):
    """A file with its words."""

    file: Annotated[str, Field(json_schema_extra={"contentMediaType": "application/octet-stream"})]
    """A picture (PNG, JPEG, WebP) or a document (PDF, DOCX, XLSX, CSV)."""
    alt: Annotated[str, Field(max_length=500)] | None = None
    """What a picture shows, for those who can't see it; needed with a picture."""


class AttachmentAnswer(_Model):
    """A file beside a work."""

    name: str
    """What the text calls it by: `![words](name)`."""
    url: str
    """Where it is, relative to this site."""
    media_type: str
    """What it is."""
    size: int
    """Bytes."""
    alt: str | None
    """What a picture shows."""


class _DraftFacts(_Model):
    """What comes with the header."""

    slug: Slug
    """The work's name in addresses."""
    language: Language
    """Language of the text."""
    number: int
    """Number of the revision, from 1."""
    state: State
    """Where the revision stands."""
    body: str
    """The text as Markdown."""
    html: str
    """The text as safe HTML; links are relative to this site."""


class CaseDraft(_DraftFacts, Case):
    """A policy case study."""

    model_config = ConfigDict(extra="ignore")


class ResearchDraft(_DraftFacts, Research):
    """A research result."""

    model_config = ConfigDict(extra="ignore")


class ProfileDraft(_DraftFacts, Profile):
    """A city."""

    model_config = ConfigDict(extra="ignore")


class TranslationDraft(_DraftFacts, TranslationHeader):
    """A translation."""

    model_config = ConfigDict(extra="ignore")


class Draft(RootModel[CaseDraft | ResearchDraft | ProfileDraft | TranslationDraft]):
    """A revision with its header and text."""

    @classmethod
    def of(cls, kind: Kind, facts: Mapping[str, Any], header: Mapping[str, Any]) -> Draft:
        """The revision from its header as it is stored and what else is known of it."""
        models: dict[Kind, type[CaseDraft | ResearchDraft | ProfileDraft]] = {
            Kind.CASE: CaseDraft,
            Kind.RESEARCH: ResearchDraft,
            Kind.PROFILE: ProfileDraft,
        }
        model = TranslationDraft if "translation_of" in header else models[kind]
        return cls(model.model_validate({**header, **facts}))


class Standing(_Model):
    """Where a revision stands after a step."""

    kind: Kind
    """Kind of entry."""
    slug: Slug
    """The work's name in addresses."""
    language: Language
    """Language of the text."""
    number: int
    """Number of the revision, from 1."""
    state: State
    """Where it stands now."""


class Archived(_Model):
    """An archived work."""

    kind: Kind
    """Kind of entry."""
    slug: Slug
    """The work's name in addresses."""
    archived_at: dt.datetime
    """When it was archived, UTC."""
    archived_reason: str
    """Why."""
    forward: str | None
    """What to read instead."""


class StepItem(_Model):
    """What happened to a revision."""

    action: str
    """What was done."""
    at: dt.datetime
    """When, UTC."""
    by: str | None
    """Who did it."""
    reason: str | None
    """Why, where that was said."""


class RevisionItem(_Model):
    """A revision in short."""

    number: int
    """Number, from 1."""
    state: State
    """Where it stands."""
    author: str | None
    """Who began it; null where nobody is known, or for those who are not signed in."""
    created_at: dt.datetime
    """When it was begun, UTC."""
    published_at: dt.datetime | None
    """When it became public, UTC."""
    steps: list[StepItem]
    """What happened to it; for the writers of its city."""
    url: str | None
    """Where its text can be read, relative to this site; null where it is not for the caller."""


class RevisionsAnswer(_Model):
    """The revisions that the caller may know of, newest first."""

    revisions: list[RevisionItem]
    """The revisions."""
