"""What happens to a revision between writers and reviewers: its steps and the remarks in its margin."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb.domain.workflow import Action
from kb.models.base import Base, Created, Key
from kb.models.person import Person
from kb.models.work import Revision


class Review(Base):
    """The review of a revision that was submitted: since when it waits, who holds it, when it shall be public."""

    __tablename__ = "review"

    revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("revision.id", ondelete="CASCADE"), primary_key=True)
    submitted_at: Mapped[dt.datetime] = mapped_column(index=True)
    holder_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    publish_at: Mapped[dt.datetime | None] = mapped_column(index=True)  # the worker does it then …
    publish_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    # … in the name of this person; None for the command line

    revision: Mapped[Revision] = relationship()
    holder: Mapped[Person | None] = relationship(foreign_keys=holder_id)


class RevisionStep(Base):
    """One step of a revision: who took it when and, where that must be said, why."""

    __tablename__ = "revision_step"
    __table_args__ = (
        CheckConstraint(f"action IN ({', '.join(repr(action.value) for action in Action)})", name="action"),
        CheckConstraint("action <> 'request_changes' OR reason IS NOT NULL", name="reason"),
        Index("ix_revision_step_revision_at", "revision_id", "at"),
    )

    id: Mapped[Key]
    revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("revision.id", ondelete="CASCADE"))
    at: Mapped[Created]
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    person_name: Mapped[str] = mapped_column(String(200))  # as it was then
    action: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(Text())


class Remark(Base):
    """A remark on a passage of a revision, or an answer to one."""

    __tablename__ = "remark"

    id: Mapped[Key]
    revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("revision.id", ondelete="CASCADE"), index=True)
    answers_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("remark.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    person_name: Mapped[str] = mapped_column(String(200))
    passage: Mapped[str] = mapped_column(Text())  # words of the text, empty for a remark on the whole
    text: Mapped[str] = mapped_column(Text())
    created_at: Mapped[Created]
    settled_at: Mapped[dt.datetime | None]
