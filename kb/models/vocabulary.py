"""Controlled vocabularies as rows, and the files beside them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.base import Base


class ConceptRow(Base):
    """One concept of a scheme."""

    __tablename__ = "concept"

    scheme: Mapped[str] = mapped_column(String(60), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    position: Mapped[int]  # order within the scheme
    parent: Mapped[str | None] = mapped_column(String(40))
    labels: Mapped[dict[str, Any]]  # language tag → label
    extra: Mapped[dict[str, Any]]  # the scheme's other columns


class VocabularyFile(Base):
    """A file of the vocabularies that is no scheme: word lists of the search, licences. Kept as it came."""

    __tablename__ = "vocabulary_file"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)  # with its ending: thesaurus.csv
    text: Mapped[str] = mapped_column(Text())
