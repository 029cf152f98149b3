"""The pages about the library itself: about, help, privacy, credits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.base import Base


class Page(Base):
    """One page in one language."""

    __tablename__ = "page"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    language: Mapped[str] = mapped_column(String(35), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text())  # Markdown
    html: Mapped[str] = mapped_column(Text())  # sanitised
    headings: Mapped[list[Any]]  # [level, id, text] each
