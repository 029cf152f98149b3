"""What happened (audit) and what is still to be done about it (outbox)."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.base import Base, Created, Key


class AuditEvent(Base):
    """Who did what to what. Written with the change itself, never edited."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_object", "object_type", "object_id"), Index("ix_audit_event_at", "at"))

    id: Mapped[Key]
    at: Mapped[Created]
    actor_id: Mapped[uuid.UUID | None]  # no foreign key: the log outlives the person
    actor_name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(String(45))  # the network's; None: the command line or the worker
    action: Mapped[str] = mapped_column(String(60))
    object_type: Mapped[str] = mapped_column(String(60))
    object_id: Mapped[str] = mapped_column(String(200))
    detail: Mapped[dict[str, Any]]


class OutboxRow(Base):
    """Work for the background worker, written in the transaction of the change that asks for it."""

    __tablename__ = "outbox"
    # numbers are never used again, so that “the last one applied” stays true after rows are removed
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  # read by SQLAlchemy

    number: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(60))  # "index"
    object_id: Mapped[uuid.UUID]  # of the work
    created_at: Mapped[Created]


class Mark(Base):
    """A fact about this installation: the database's own id, the digest of the library that was loaded last."""

    __tablename__ = "mark"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))
