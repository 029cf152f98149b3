"""Other spellings of a word among the words of an index that a reader may see.

Looked through are all words of titles, summaries, names and themes, and those of the texts that begin with the same
character; Korean is compared by the letters of its syllables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from kb.search import hangul
from kb.search.analysis import clean, fold, segments
from kb.search.port import Request, Spelling, Spellings, Term
from kb.search.whoosh_columns import Ints, Mask, Segment
from kb.search.whoosh_search import search
from kb.search.whoosh_snapshot import Snapshot

RARE: Final = 2  # documents up to which a word may be a typing error

_NAMING: Final = ("title", "names")
_SHORT: Final = (*_NAMING, "summary", "topics")  # fields whose words are all looked through
_LONG: Final = ("body",)
_CANDIDATES: Final = 12  # closest words that are counted
_EXAMPLES: Final = 3
# Letters from which one error is allowed, and from which two are. A Korean syllable has two letters or more.
_ONE, _TWO, _KOREAN_TWO = 4, 6, 9
_LONGEST: Final = 40

# The words of a segment's field that begin so, with the same taken apart to letters; a segment never changes.
_words: WeakKeyDictionary[Segment, dict[tuple[str, str], tuple[list[str], list[str]]]] = WeakKeyDictionary()


def find_spellings(snapshot: Snapshot, words: Sequence[str], visibilities: frozenset[str]) -> list[Spellings]:
    """See `kb.search.port.SearchEngine.spellings`."""
    visible: Mask = snapshot.live & snapshot.having("visibility", visibilities)
    return [_spellings(snapshot, fold(clean(word)), visible, visibilities) for word in words]


def allowed_errors(word: str) -> int:
    """How many typing errors a folded word may have; none in short words and scripts that are written otherwise."""
    parts = list(segments(word))
    letters = len(hangul.letters(word))
    if len(parts) != 1 or parts[0].script not in ("word", "hangul") or not _ONE <= letters <= _LONGEST:
        return 0
    return 1 + (letters >= (_KOREAN_TWO if parts[0].script == "hangul" else _TWO))


def _spellings(snapshot: Snapshot, word: str, visible: Mask, visibilities: frozenset[str]) -> Spellings:
    documents = len(_documents(snapshot, word, visible))
    if documents <= RARE:
        documents = max(documents, search(snapshot, Request(tree=Term(word), visibilities=visibilities, limit=0)).total)
    if documents > RARE or not (most := allowed_errors(word)):
        return Spellings(documents=documents, near=())
    found = _near(snapshot, word, most)
    near = []
    for other in sorted(found, key=lambda other: (found[other], other[0] != word[0], other))[: 4 * _CANDIDATES]:
        if len(ids := _documents(snapshot, other, visible)):
            near.append(
                Spelling(
                    word=other,
                    errors=found[other],
                    documents=len(ids),
                    named=len(_documents(snapshot, other, visible, _NAMING)),
                    examples=tuple(snapshot.text("id", int(one)) for one in ids[:_EXAMPLES]),
                )
            )
        if len(near) == _CANDIDATES:
            break
    return Spellings(
        documents=documents, near=tuple(sorted(near, key=lambda one: (one.errors, -one.documents, one.word)))
    )


def _near(snapshot: Snapshot, word: str, most: int) -> dict[str, int]:
    """Words at most so many errors away with how many they are; not the word itself."""
    sought = hangul.letters(word)
    wanted = [(name, "") for name in _SHORT] + [(name, word[0]) for name in _LONG]
    found: dict[str, int] = {}
    for segment in snapshot.segments:
        for name, start in wanted:
            others, letters = _words_of(segment, f"{name}.word", start)
            if not others:
                continue
            errors = cdist([sought], letters, scorer=OSA.distance, score_cutoff=most, dtype=np.uint8)[0]
            for at in np.flatnonzero(errors <= most).tolist():
                found[others[at]] = int(errors[at])
    found.pop(word, None)
    return found


def _words_of(segment: Segment, field: str, start: str) -> tuple[list[str], list[str]]:
    kept = _words.setdefault(segment, {})
    if (field, start) not in kept:
        others = segment.terms.texts(segment.terms.beginning(field, start))
        kept[field, start] = others, [hangul.letters(other) for other in others]
    return kept[field, start]


def _documents(snapshot: Snapshot, word: str, visible: Mask, fields: Sequence[str] = (*_SHORT, *_LONG)) -> Ints:
    """The visible documents that have exactly this word in the fields, in the order of the fields."""
    posted = [snapshot.postings(f"{name}.word", word).documents for name in fields]
    every = np.concatenate(posted)
    every = every[visible[every]]
    _, first = np.unique(every, return_index=True)
    return every[np.sort(first)]
