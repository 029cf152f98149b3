"""Works, their language versions and the revisions of these; cities as the library knows them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb.domain.kinds import Kind
from kb.domain.visibility import Visibility
from kb.domain.workflow import OPEN_STATES, Action, State, after
from kb.models.base import Base, Created, Key, LanguageTag, Slug


def _one_of(column: str, values: type[Kind] | type[State] | type[Visibility]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value.value) for value in values)})", name=column)


class City(Base):
    """A city as lists and filters need it: copied from the public header of its profile, never edited by itself."""

    __tablename__ = "city"

    slug: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(500))
    names: Mapped[dict[str, Any]]  # language tag → name
    aliases: Mapped[list[str]]
    country: Mapped[str] = mapped_column(String(2), index=True)
    region: Mapped[str | None] = mapped_column(String(40), index=True)
    gnlc_status: Mapped[str | None] = mapped_column(String(40))
    joined: Mapped[int | None]
    population: Mapped[float | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]


class Work(Base):
    """One thing told of, in any number of languages. Its facts are those of the public original."""

    __tablename__ = "work"
    __table_args__ = (
        UniqueConstraint("kind", "slug"),
        _one_of("kind", Kind),
        _one_of("visibility", Visibility),
        Index("ix_work_city_kind", "city_slug", "kind"),
    )

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(20))
    slug: Mapped[Slug]
    # no foreign key: a city's profile may arrive after its cases, and a draft profile makes no city yet.
    # Set from the first draft on, for it says who may read and write the drafts
    city_slug: Mapped[str | None] = mapped_column(String(80))
    original_language: Mapped[LanguageTag]
    visibility: Mapped[str] = mapped_column(String(20))
    completeness: Mapped[str] = mapped_column(String(20))
    header: Mapped[dict[str, Any]]  # the original's public header, whole; empty until first published
    published_at: Mapped[dt.datetime | None] = mapped_column(index=True)  # when first public
    changed_at: Mapped[dt.datetime | None] = mapped_column(index=True)  # when last changed in public
    archived_at: Mapped[dt.datetime | None]
    archive_reason: Mapped[str | None] = mapped_column(Text())
    forward: Mapped[str | None] = mapped_column(String(200))  # address of the entry to read instead of an archived one
    created_at: Mapped[Created]

    entries: Mapped[list[Entry]] = relationship(
        back_populates="work", cascade="all, delete-orphan", order_by="Entry.language"
    )


class WorkConcept(Base):
    """A theme of a public work, for counts and lists; broader concepts are there too, not direct."""

    __tablename__ = "work_concept"
    __table_args__ = (Index("ix_work_concept_concept", "scheme", "code"),)

    work_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("work.id", ondelete="CASCADE"), primary_key=True)
    scheme: Mapped[str] = mapped_column(String(60), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    direct: Mapped[bool]


class Entry(Base):
    """One language version of a work."""

    __tablename__ = "entry"
    __table_args__ = (UniqueConstraint("work_id", "language"),)

    id: Mapped[Key]
    work_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("work.id", ondelete="CASCADE"), index=True)
    language: Mapped[LanguageTag]
    # title and summary of the public revision, for lists; empty until first published
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[Created]

    work: Mapped[Work] = relationship(back_populates="entries")
    revisions: Mapped[list[Revision]] = relationship(
        back_populates="entry", cascade="all, delete-orphan", order_by="Revision.number"
    )


class Revision(Base):
    """The text of an entry at one moment, with the HTML made when it was saved."""

    __tablename__ = "revision"
    __table_args__ = (
        UniqueConstraint("entry_id", "number"),
        _one_of("state", State),
        Index(
            "uq_revision_published",
            "entry_id",
            unique=True,
            sqlite_where=text("state = 'published'"),
            postgresql_where=text("state = 'published'"),
        ),
        Index(
            "uq_revision_open",
            "entry_id",
            unique=True,
            sqlite_where=text(f"state IN {tuple(map(str, OPEN_STATES))}"),
            postgresql_where=text(f"state IN {tuple(map(str, OPEN_STATES))}"),
        ),
    )

    id: Mapped[Key]
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("entry.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]  # from 1 within the entry
    state: Mapped[str] = mapped_column(String(20))
    header: Mapped[dict[str, Any]]  # as the file has it, checked by kb.domain.kinds
    body: Mapped[str] = mapped_column(Text())  # Markdown
    html: Mapped[str] = mapped_column(Text())  # sanitised
    plain: Mapped[str] = mapped_column(Text())  # for the index and for snippets
    headings: Mapped[list[Any]]  # [level, id, text] each, for the table of contents
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of header and body: tells “unchanged”
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    # of a translation: the revision of the original that it says in another language
    translated_from_id: Mapped[uuid.UUID | None] = mapped_column(
        # deferred: a restored table may bring the translation before its original
        ForeignKey("revision.id", ondelete="SET NULL", deferrable=True, initially="DEFERRED"),
        index=True,
    )
    created_at: Mapped[Created]
    published_at: Mapped[dt.datetime | None]

    entry: Mapped[Entry] = relationship(back_populates="revisions")

    def move(self, action: Action) -> None:
        """Take a step of the table.

        Raises:
            InvalidTransition: not from this state.
        """
        self.state = after(State(self.state), action).value
