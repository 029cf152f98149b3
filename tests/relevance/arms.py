"""The same search with parts of it switched off, to see what each of them is worth."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, cast
from unittest.mock import patch

from kb.domain.kinds import Kind
from kb.domain.languages import INTERFACE_LANGUAGES
from kb.domain.roles import ANYONE
from kb.runtime import Runtime
from kb.search import analysis, whoosh_match
from kb.search.analysis import Form
from kb.search.meaning import Meaning
from kb.search.port import Everything, Not, Page, Request, SearchEngine, Spellings
from kb.search.querytext import label_key
from kb.services.search import SearchQuery, find
from tests.relevance.judged import Judged

_DEPTH: Final = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader of the query's language was shown: paths of works in order, and what was suggested instead."""

    works: tuple[str, ...]
    did_you_mean: str

    def suggests(self, words: str) -> bool:
        """Whether the suggestion is these words, case and accents apart."""
        return bool(words) and label_key(self.did_you_mean) == label_key(words)


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of searching.

    Attributes:
        forms: whether words are found in other forms than typed.
        thesaurus: whether thesaurus, rings and place names widen the words.
        words: whether words are looked for at all.
        meaning: whether sentence vectors are.
    """

    name: str
    forms: bool = True
    thesaurus: bool = True
    words: bool = True
    meaning: bool = False


ARMS: Final = (
    Arm("words as typed", forms=False, thesaurus=False),
    Arm("+ analysis", thesaurus=False),
    Arm("+ thesaurus"),
    Arm("meaning alone", words=False, meaning=True),
    Arm("all together", meaning=True),
)


def available(arm: Arm, parts: Runtime) -> bool:
    """Whether what the arm needs is installed and ready."""
    if not arm.meaning:
        return True
    with parts.database.reading() as session:
        return parts.meaning(session) is not None


def ask(arm: Arm, parts: Runtime, judged: Judged) -> Answer:
    """Search as a signed-out reader of the query's language."""
    locale = judged.language if judged.language in INTERFACE_LANGUAGES else "en"
    engine = parts.engine if arm.words else cast(SearchEngine, _Wordless(parts.engine))
    with parts.database.reading() as session, _forms(arm.forms, parts.engine):
        meaning: Meaning | None = parts.meaning(session) if arm.meaning else None
        result = find(
            session, engine, ANYONE, SearchQuery(judged.query, across=arm.thesaurus, per_page=_DEPTH),
            vocabularies=parts.vocabularies(session), words=parts.words(session), meaning=meaning,
            languages=(judged.language,), locale=locale,
        )  # fmt: skip
    works = tuple(f"{Kind(hit.card.kind).folder}/{hit.card.slug}" for hit in result.hits)
    return Answer(works, result.did_you_mean or "")


class _Wordless:
    """The engine with nothing left of a query but its meaning."""

    def __init__(self, engine: SearchEngine) -> None:
        self._engine = engine

    def search(self, request: Request) -> Page:
        return self._engine.search(replace(request, tree=Not(Everything())))

    def spellings(self, words: Sequence[str], visibilities: frozenset[str]) -> Sequence[Spellings]:
        return self._engine.spellings(words, visibilities)


@contextmanager
def _forms(wanted: bool, engine: SearchEngine) -> Iterator[None]:
    if wanted:
        yield
        return
    engine.close()  # it keeps what words matched: neither side may see the other's
    with patch.object(whoosh_match, "query_forms", _only_as_typed(analysis.query_forms)):
        yield
    engine.close()


def _only_as_typed(query_forms: Callable[..., Any]) -> Callable[..., Any]:
    def first_forms(text: str, languages: Collection[str]) -> tuple[tuple[Form, ...], ...]:
        return tuple(tuple(form for form in forms if form.index == "word") for forms in query_forms(text, languages))

    return first_forms
