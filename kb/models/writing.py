"""What writers leave behind on the way to a text: saves, what is typed but not saved, keys of requests."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.base import Base, Created, Key


class SavedText(Base):
    """Each accepted save of an open revision: the common start of a three-way merge, and who wrote in it."""

    __tablename__ = "saved_text"
    __table_args__ = (Index("ix_saved_text_revision_digest", "revision_id", "digest"),)

    id: Mapped[Key]
    revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("revision.id", ondelete="CASCADE"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    header: Mapped[dict[str, Any]]
    body: Mapped[str] = mapped_column(Text())
    saved_at: Mapped[Created]


class Autosave(Base):
    """What a person has typed in an entry's form and not yet saved, as it was typed: it need not be right."""

    __tablename__ = "autosave"
    __table_args__ = (UniqueConstraint("person_id", "entry_id"),)

    id: Mapped[Key]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("entry.id", ondelete="CASCADE"), index=True)
    base: Mapped[str] = mapped_column(String(64))  # digest of the text that the typing began with
    fields: Mapped[dict[str, Any]]  # name of the form's field → its values
    saved_at: Mapped[dt.datetime]


class RequestKey(Base):
    """A request that must be carried out once, however often it is sent (`Idempotency-Key`)."""

    __tablename__ = "request_key"

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))  # SHA-256 of what was asked: a key stands for one thing only
    revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("revision.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Created]
