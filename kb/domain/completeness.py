"""How much of what its kind asks for an entry tells: stub, partial or complete."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from kb.domain.kinds import Kind, Original


class Completeness(StrEnum):
    """Computed, never typed in."""

    STUB = "stub"
    PARTIAL = "partial"
    COMPLETE = "complete"


# What a reader needs to judge an entry of the kind; "text" is a body of some length
WANTED: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.CASE: (
        "sources", "key_features", "period", "stage", "target_groups", "organisations",
        "cost_band", "evidence", "results", "what-did-not-work", "contact", "text",
    ),
    Kind.RESEARCH: (
        "sources", "key_features", "type", "authors", "year", "question", "method", "findings", "limits", "text",
    ),
    Kind.PROFILE: (
        "sources", "country", "gnlc", "population", "area_km2", "lat", "website", "values",
        "challenges", "offers", "seeks", "contact", "text",
    ),
}  # fmt: skip
_WORDS_OF_A_TEXT: Final = 120
_WIDE: Final = re.compile("[\u2e80-\U0010ffff]")


def missing_fields(header: Original, plain: str, sections: frozenset[str]) -> tuple[str, ...]:
    """What the kind asks for and the entry does not tell, in the order in which it is asked.

    Args:
        header: the original's header.
        plain: its text without markup. Languages without spaces count two characters as a word.
        sections: codes of the sections that the text has.
    """

    def has(field: str) -> bool:
        if field == "text":
            wide = 0 if plain.isascii() else len(_WIDE.findall(plain))
            return len(plain.split()) + wide // 2 >= _WORDS_OF_A_TEXT
        if field == "what-did-not-work":
            return field in sections
        return getattr(header, field) not in (None, [], {})

    return tuple(field for field in WANTED[Kind(header.kind)] if not has(field))


def completeness(kind: Kind, missing: int) -> Completeness:
    """Complete when nothing is missing, a stub when half or more is."""
    if missing == 0:
        return Completeness.COMPLETE
    return Completeness.STUB if missing * 2 >= len(WANTED[kind]) else Completeness.PARTIAL
