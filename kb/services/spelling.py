"""“Did you mean”: the query with words that are spelt as the texts which the reader may see spell them.

A word is put right when no text has it in any form and it is no word of the thesaurus; or when next to none has it, the
search found too little, and another spelling is much more common. Words that were typed with the keyboard set to the
other script (vudtodgkrtmq for 평생학습) are put right too. Operators, fields and what is asked for by the letter
(quotation marks apart) stay as typed.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.domain.roles import Actor
from kb.domain.visibility import Sight, sight_of
from kb.models import City, Entry, Revision, Work
from kb.models.queries import public_texts
from kb.search import hangul
from kb.search.analysis import Segment, clean, fold, primary, segments, strip_particle
from kb.search.expansion import Thesaurus
from kb.search.lexicon import FUNCTION_WORDS
from kb.search.port import SearchEngine, Spelling
from kb.search.querytext import MAX_CHARACTERS

ENOUGH: Final = 5  # works found from which rare words are believed

_WORDS: Final = 8  # of a query that are looked at
_MORE_COMMON: Final = 50  # times that another spelling must be, to stand for a word that some text has
_ERROR: Final = 30  # times more common a spelling must be to stand before one with an error less
_NAMED: Final = 20  # documents that one counts for which has the word in a title or name
_SCANNED: Final = 60_000  # characters of a text in which a word's written form is looked for
# What is no plain word: operators, fields with their values, words with a wildcard or a tilde, excluded words.
_KEPT: Final = re.compile(r'\b(?:AND|OR|NOT)\b|[^\W\d_]{2,20}:(?:"[^"]*"|\([^)]*\)|\S+)|(?<!\S)(?:\S*[*~]|-)\S*')


def did_you_mean(
    session: Session, engine: SearchEngine, actor: Actor, query: str, total: int, thesaurus: Thesaurus
) -> str | None:
    """The query as it was probably meant; None where it is fine as it is.

    Args:
        query: as typed.
        total: works that it found.

    Raises:
        Unavailable: the index is missing or broken.
    """
    text = clean(query[:MAX_CHARACTERS])
    words = [_Word.of(found) for found in _plain_words(text) if not thesaurus.find([found])][:_WORDS]
    if not words:
        return None
    sight = sight_of(actor)
    visibilities = frozenset(value.value for value in sight.visibilities)
    asked = list(dict.fromkeys(form for word in words for form in word.forms))
    known = dict(zip(asked, engine.spellings(asked, visibilities), strict=True))
    pieces: list[str] = []
    at = 0
    for word in words:
        own = known[word.text]
        if own.documents and total >= ENOUGH:
            continue
        right: str | None = None
        if not own.documents and any(known[other].documents for other in word.switched):
            right = next(other for other in word.switched if known[other].documents)
        elif near := [one for form in word.spelt for one in known[form].near]:
            best = min(near, key=_unlikeliness)
            if best.documents >= _MORE_COMMON * own.documents:
                right = _written(session, sight, best)
        if right:
            pieces += [text[at : word.start], right]
            at = word.end
    return "".join([*pieces, text[at:]]) if pieces else None


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a query.

    Attributes:
        switched: what it would be with the keyboard set to the other script.
        spelt: what spellings are looked for: itself; of a Korean word also without a particle.
    """

    text: str
    start: int
    end: int
    switched: tuple[str, ...]
    spelt: tuple[str, ...]

    @classmethod
    def of(cls, found: Segment) -> _Word:
        text = found.text
        korean = hangul.has_hangul(text)
        other = hangul.to_keys(text) if korean else hangul.from_keys(text) if text.isascii() else None
        switched = (other,) if other and len(other) > 1 and (other.isascii() or not korean) else ()
        bare = strip_particle(text) if korean else text
        return cls(text, found.start, found.end, switched, tuple(dict.fromkeys([text, bare])))

    @property
    def forms(self) -> tuple[str, ...]:
        """All that the engine is asked about."""
        return (*self.spelt, *self.switched)


def _plain_words(text: str) -> Iterator[Segment]:
    kept = [found.span() for found in _KEPT.finditer(text)]
    for found in segments(text):
        inside = any(start <= found.start < end for start, end in kept)
        spelt = found.script in ("word", "hangul") and not any(char.isdigit() for char in found.text)
        if spelt and not inside and len(found.text) > 1 and fold(found.text) not in FUNCTION_WORDS:
            yield found


def _unlikeliness(spelling: Spelling) -> tuple[float, str]:
    return spelling.errors - math.log(spelling.documents + _NAMED * spelling.named, _ERROR), spelling.word


def _written(session: Session, sight: Sight, spelling: Spelling) -> str | None:
    """A spelling as texts write it, in small letters where some do; None where its texts are not to be seen now."""
    rows = session.execute(
        public_texts(sight)
        .where(Entry.id.in_([UUID(example) for example in spelling.examples]))
        .with_only_columns(Entry.language, Entry.title, Entry.summary, Revision.plain, Work.city_slug)
    ).all()
    if not rows:
        return None
    cities = session.execute(select(City.name, City.names, City.aliases).where(City.slug.in_([row[4] for row in rows])))
    names = [("", name) for first, others, aliases in cities for name in (first, *others.values(), *aliases)]
    texts = [(language, text) for language, *told, _ in rows for text in told]
    for told_in in (names, texts):
        forms = Counter(
            found.text
            for language, text in told_in
            for found in segments(clean(text[:_SCANNED]))
            if fold(found.text, primary(language)) == spelling.word
        )
        if forms:
            return next((form for form in forms if form == form.lower()), forms.most_common(1)[0][0])
    return spelling.word
