"""Sentence vectors: reckoned from texts, so left out of backups and made again where they are missing."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.base import Base, LanguageTag

DERIVED = {"passing": True}  # tables that no backup holds


class Embedding(Base):
    """The vector of what one language version says first, as it is public."""

    __tablename__ = "embedding"
    __table_args__ = (Index("ix_embedding_model_digest", "model", "digest"), {"info": DERIVED})

    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("entry.id", ondelete="CASCADE"), primary_key=True)
    model: Mapped[str] = mapped_column(String(60))
    revision_id: Mapped[uuid.UUID]  # no foreign key: it only tells whether the text may have changed
    digest: Mapped[str] = mapped_column(String(32))  # of the text: the same text is never reckoned twice
    serial: Mapped[int] = mapped_column(unique=True)  # grows with every change: readers fetch what is new
    vector: Mapped[bytes] = mapped_column(LargeBinary())  # float16, little-endian


class LanguageMean(Base):
    """What all sentences of one language share, by the parallel sentences of the vocabularies."""

    __tablename__ = "language_mean"
    __table_args__ = ({"info": DERIVED},)

    model: Mapped[str] = mapped_column(String(60), primary_key=True)
    language: Mapped[LanguageTag] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(32))  # of the sentences
    passage: Mapped[bytes] = mapped_column(LargeBinary())  # float32, little-endian; of texts, and
    query: Mapped[bytes] = mapped_column(LargeBinary())  # of what is asked
