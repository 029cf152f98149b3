"""Bringing two changes of one text together: lines of the body, fields of the header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from merge3 import Merge3

_MARKS: Final = ("<<<<<<<", "=======", ">>>>>>>")
_MARKED: Final = re.compile(r"^(?:<{7} |={7}$|>{7} )", re.MULTILINE)
_LINES: Final = 5_000  # texts of more are not compared line by line: it takes the square of their number


@dataclass(frozen=True)
class Merged:
    """Two texts in one.

    Attributes:
        header: each field as the one side has it that changed it; as mine where both did.
        body: with marks around the lines that both sides changed.
        fields: names of the fields that both sides changed, each in its own way.
        clashing: whether the body has such marks.
    """

    header: Mapping[str, Any]
    body: str
    fields: tuple[str, ...]
    clashing: bool


def merge(
    base: tuple[Mapping[str, Any], str],
    mine: tuple[Mapping[str, Any], str],
    theirs: tuple[Mapping[str, Any], str],
    names: tuple[str, str] = ("mine", "theirs"),
) -> Merged:
    """Merge two changes of a header and a body that began with the same.

    Args:
        names: what the marks in the body call the two sides.
    """
    header, fields = _merge_headers(base[0], mine[0], theirs[0])
    body, clashing = _merge_bodies(base[1], mine[1], theirs[1], names)
    return Merged(header, body, fields, clashing)


def has_marks(body: str) -> bool:
    """Whether marks of a merge still stand in the text."""
    return len({found[0] for found in _MARKED.findall(body)}) == len(_MARKS)


def _merge_headers(
    base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    merged: dict[str, Any] = {}
    clashing = []
    for name in dict.fromkeys([*theirs, *mine]):
        started, one, other = base.get(name), mine.get(name), theirs.get(name)
        if one not in (started, other) and other != started:
            clashing.append(name)
        value = other if one == started else one
        if value is not None:
            merged[name] = value
    return merged, tuple(clashing)


def _merge_bodies(base: str, mine: str, theirs: str, names: tuple[str, str]) -> tuple[str, bool]:
    base, mine, theirs = (text if text.endswith("\n") or not text else f"{text}\n" for text in (base, mine, theirs))
    if theirs in (mine, base):
        return mine, False
    if mine == base:
        return theirs, False
    if max(text.count("\n") for text in (base, mine, theirs)) > _LINES:
        start, middle, end = _MARKS
        return f"{start} {names[0]}\n{mine}{middle}\n{theirs}{end} {names[1]}\n", True
    start_, mine_, theirs_ = (text.splitlines(keepends=True) for text in (base, mine, theirs))
    merger = Merge3(start_, mine_, theirs_)
    clashing = any(region[0] == "conflict" for region in merger.merge_regions())
    start, middle, end = _MARKS
    lines = merger.merge_lines(name_a=names[0], name_b=names[1], start_marker=start, mid_marker=middle, end_marker=end)
    return "".join(lines), clashing
