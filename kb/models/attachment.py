"""Pictures and documents that belong to a work."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.base import Base, Created, Key


class Attachment(Base):
    """A file of a work: its name for people, its content by hash in the storage."""

    __tablename__ = "attachment"
    __table_args__ = (UniqueConstraint("work_id", "name"),)

    id: Mapped[Key]
    work_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("work.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]  # bytes
    digest: Mapped[str] = mapped_column(String(64), index=True)  # SHA-256, also the key in the storage
    alt: Mapped[str | None] = mapped_column(Text())  # what a picture shows, for those who can't see it
    public_at: Mapped[dt.datetime | None]  # when a public text first named it; until then it is the writers' own
    created_at: Mapped[Created]
