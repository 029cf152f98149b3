"""The judged queries in `tests/search/judged/`; its README tells the format."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

FOLDER: Final = Path(__file__).parent.parent / "search" / "judged"
GROUPS: Final = (
    "same_language",
    "across_languages",
    "field_words",
    "typing_errors",
    "korean_spacing",
    "names",
    "traps",
)
COLUMNS: Final = ("query", "language", "works", "avoid", "meant", "split", "note")
Split = Literal["tune", "check"]
_WANTED: Final = 2  # the lowest grade of a work that must be found


@dataclass(frozen=True, slots=True)
class Judged:
    """One query with what is known about it.

    Attributes:
        works: path in the library → grade: 3 answers it, 2 fits, 1 touches it.
        avoid: works that must not be among the first five.
        meant: the words without their typing errors.
    """

    query: str
    language: str
    works: Mapping[str, int]
    avoid: frozenset[str]
    meant: str
    split: str
    note: str

    @property
    def wanted(self) -> frozenset[str]:
        """The works that must be found."""
        return frozenset(work for work, grade in self.works.items() if grade >= _WANTED) or frozenset(self.works)


def read_group(group: str, split: Split | None = None) -> list[Judged]:
    """The queries of a group, of one half or of both."""
    with (FOLDER / f"{group}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [_judged(row) for row in rows if split in (None, row["split"])]


def _judged(row: Mapping[str, str]) -> Judged:
    grades = dict(pair.rsplit(":", 1) for pair in row["works"].split())
    return Judged(
        row["query"],
        row["language"],
        {work: int(grade) for work, grade in grades.items()},
        frozenset(row["avoid"].split()),
        row["meant"],
        row["split"],
        row["note"],
    )
