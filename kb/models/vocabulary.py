"""Controlled vocabularies and the word lists of the search, as rows."""

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


class WordList(Base):
    """A word list of the search (thesaurus, synonym rings): the CSV text as it came."""

    __tablename__ = "word_list"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    text: Mapped[str] = mapped_column(Text())
