"""The API, `/api/v1` (public contract, sections 5, 6 and 8).

A view returns a pydantic model; `operations` makes the answer of it and keeps the table that `openapi` is made from.
Under `/api/` every error is a problem document (`problems`).
"""

from __future__ import annotations

from flask import Blueprint

from kb.api import cities, definitions, drafts, entries, problems, revisions, search, vocabularies
from kb.api.operations import bp

__all__ = [
    "blueprints",
    "bp",
    "cities",
    "definitions",
    "drafts",
    "entries",
    "problems",
    "revisions",
    "search",
    "vocabularies",
]


def blueprints() -> tuple[Blueprint, ...]:
    """All of them."""
    return (bp,)
