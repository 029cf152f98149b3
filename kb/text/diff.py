"""What differs between two texts, by words; between two headers, by fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any, Final

# words of letters and digits; each character of scripts without spaces and each other sign by itself
_WORD: Final = re.compile(
    r"[^\W\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]+|[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|\s+|[^\w\s]"
)
_LINES: Final = 5_000  # beyond these numbers the comparison, which takes the square of them, is left out
_WORDS: Final = 3_000


class Change(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Piece:
    """Some words, and what became of them."""

    change: Change
    text: str


@dataclass(frozen=True)
class Line:
    """One line of the text, of either side or of both.

    Attributes:
        pieces: its words.
        skipped: how many unchanged lines are left out in its place; it has no pieces then.
    """

    pieces: tuple[Piece, ...]
    skipped: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything in it was added or removed."""
        return any(piece.change is not Change.SAME for piece in self.pieces)


@dataclass(frozen=True)
class FieldChange:
    """A field of the header that differs, as words of text before and after."""

    name: str
    pieces: tuple[Piece, ...]


def diff_words(old: str, new: str) -> tuple[Piece, ...]:
    """The new text with what was removed, in one row of pieces."""
    if old == new:
        return (Piece(Change.SAME, new),) if new else ()
    before, after = _WORD.findall(old), _WORD.findall(new)
    if max(len(before), len(after)) > _WORDS:
        return tuple(piece for piece in (Piece(Change.REMOVED, old), Piece(Change.ADDED, new)) if piece.text)
    pieces: list[Piece] = []
    for tag, start, end, from_, to in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        removed, added = "".join(before[start:end]), "".join(after[from_:to])
        if tag == "equal":
            pieces.append(Piece(Change.SAME, added))
        else:
            pieces += [Piece(Change.REMOVED, removed)] if removed else []
            pieces += [Piece(Change.ADDED, added)] if added else []
    return tuple(_join(pieces))


def _join(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Take spaces between two changes into them: “~a~ ~b~” reads better as “~a b~”."""
    removed = added = ""
    for place, piece in enumerate(pieces):
        between = (
            piece.change is Change.SAME
            and piece.text.isspace()
            and 0 < place < len(pieces) - 1
            and bool(removed or added)
            and pieces[place + 1].change is not Change.SAME
        )
        if piece.change is Change.SAME and not between:
            yield from _flush(removed, added)
            removed = added = ""
            yield piece
        else:
            removed += piece.text if piece.change is not Change.ADDED else ""
            added += piece.text if piece.change is not Change.REMOVED else ""
    yield from _flush(removed, added)


def _flush(removed: str, added: str) -> Iterator[Piece]:
    if removed:
        yield Piece(Change.REMOVED, removed)
    if added:
        yield Piece(Change.ADDED, added)


def diff_texts(old: str, new: str, *, context: int | None = 2) -> list[Line]:
    """The lines of the new text with what was removed.

    Args:
        context: how many unchanged lines to keep around changed ones; None keeps all.
    """
    before, after = old.splitlines(), new.splitlines()
    lines: list[Line] = []
    if max(len(before), len(after)) > _LINES:
        lines = [Line(diff_words(old, new))] if old != new else [_same(line) for line in after]
    else:
        for tag, start, end, from_, to in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if tag == "equal":
                lines += [_same(line) for line in after[from_:to]]
            else:
                lines += _diff_block(before[start:end], after[from_:to])
    return lines if context is None else list(_fold(lines, context))


def _diff_block(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    """Lines that were exchanged: pairs are compared by words, what has no partner is new or gone."""
    pairs = min(len(before), len(after)) if len(before) == len(after) else 0
    if pairs:
        yield from (Line(diff_words(old, new)) for old, new in zip(before, after, strict=True))
        return
    if before and after:
        # unequal numbers: compare the block as one text, then cut it into lines again
        yield from _cut(diff_words("\n".join(before), "\n".join(after)))
        return
    yield from (Line((Piece(Change.REMOVED, line),)) for line in before)
    yield from (Line((Piece(Change.ADDED, line),)) for line in after)


def _cut(pieces: Sequence[Piece]) -> Iterator[Line]:
    row: list[Piece] = []
    for piece in pieces:
        first, *rest = piece.text.split("\n")
        if first:
            row.append(Piece(piece.change, first))
        for words in rest:
            yield Line(tuple(row))
            row = [Piece(piece.change, words)] if words else []
    if row:
        yield Line(tuple(row))


def _same(line: str) -> Line:
    return Line((Piece(Change.SAME, line),) if line else ())


def _fold(lines: Sequence[Line], context: int) -> Iterator[Line]:
    changed = [place for place, line in enumerate(lines) if line.changed]
    shown = {near for place in changed for near in range(place - context, place + context + 1)}
    skipped = 0
    for place, line in enumerate(lines):
        if place not in shown:
            skipped += 1
            continue
        if skipped:
            yield Line((), skipped)
            skipped = 0
        yield line
    if skipped:
        yield Line((), skipped)


def diff_headers(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[FieldChange]:
    """The fields that differ, in the order of the new header, then those that are gone."""
    return [
        FieldChange(name, diff_words(_words(old.get(name)), _words(new.get(name))))
        for name in dict.fromkeys([*new, *old])
        if old.get(name) != new.get(name)
    ]


def _words(value: Any) -> str:
    """A field's value as people read it: one line for each item of a list."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_words(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "\n".join(map(_words, value))
    return value if isinstance(value, str) else json.dumps(value)
