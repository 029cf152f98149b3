"""What a search engine takes and gives; services know this module and never an engine.

A `Document` is one language version of a work. Engines match documents and answer with works: the versions of a work
fold into one hit, and totals and facets count works. What a reader may not see takes no part in anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

FACETS: Final = (
    "kind",
    "city",
    "country",
    "region",
    "key_feature",
    "cluster",
    "sdg",
    "language",
    "stage",
    "target_group",
    "evidence",
    "cost_band",
    "year",
    "completeness",
)
TEXT_FIELDS: Final = ("title", "summary", "body", "names", "topics")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One language version of a published work, as an engine keeps it.

    Attributes:
        id: of the entry; the key by which it is replaced and deleted.
        work: of the work whose versions fold into one hit.
        names: names of its places in every script, as running text.
        topics: labels of its themes in every language, as running text.
        key_features: codes with all broader ones.
        evidence: level 0-5, None where nobody said; `cost_band` likewise 1-5.
        visibility: who may read it; readers ask with a set of these words.
        published: proleptic ordinal of the day (`date.toordinal`).
        original: whether the work was written in this language.
    """

    id: str
    work: str
    kind: str
    slug: str
    language: str
    title: str
    summary: str = ""
    body: str = ""
    names: str = ""
    topics: str = ""
    city: str = ""
    country: str = ""
    region: str = ""
    key_features: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    sdgs: tuple[str, ...] = ()
    stage: str = ""
    target_groups: tuple[str, ...] = ()
    evidence: int | None = None
    cost_band: int | None = None
    year: int | None = None
    completeness: str = ""
    visibility: str = "public"
    published: int = 1
    original: bool = True

    def values(self, facet: str) -> tuple[str, ...]:
        """Its values under a facet of `FACETS`, as filters name them."""
        found = getattr(self, _MANY.get(facet, facet))
        if isinstance(found, tuple):
            return found
        return () if found in (None, "") else (str(found),)

    def digest(self) -> str:
        """32 hexadecimal digits that change with anything in the document; `ids()` gives the same."""
        text = json.dumps([getattr(self, name) for name in _DIGESTED], ensure_ascii=False)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


_DIGESTED: Final = tuple(found.name for found in fields(Document))
_MANY: Final = {
    "key_feature": "key_features",
    "cluster": "clusters",
    "sdg": "sdgs",
    "target_group": "target_groups",
}


# The query tree. Words stand in it as typed; an engine widens each to the forms of its languages (kb.search.analysis).


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches all; scores nothing."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word in any of its forms; in one of `TEXT_FIELDS`, or in all for None."""

    text: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words one after another; as written, or in any of their forms where `loose`."""

    text: str
    field: str | None = None
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Prefix:
    """Words that begin so."""

    text: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Words of the same first letter at most so many typing errors away."""

    text: str
    distance: int = 1
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """Documents that have any of the values under a facet; scores nothing."""

    facet: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Years:
    """Documents of these years, both ends included, None for open; scores nothing."""

    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class And:
    """All children; scores add up."""

    children: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any child; scores add up."""

    children: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """So many children; scores add up, and what has all of them stands before what has not."""

    minimum: int
    children: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Best:
    """Any child; the best score of them counts: a word and what else says the same."""

    children: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What the child does not match; scores nothing."""

    child: Query


@dataclass(frozen=True, slots=True)
class Weighted:
    """The child with its score times `weight`; `by` names who added it (`thesaurus`, `place`)."""

    child: Query
    weight: float
    by: str


Query = Everything | Term | Phrase | Prefix | Fuzzy | Value | Years | And | Or | AtLeast | Best | Not | Weighted
Leaf = Term | Phrase | Prefix | Fuzzy


def leaves(tree: Query) -> Iterator[Leaf]:
    """The leaves of text that a match may rest on, added ones too, left to right; nothing from below a `Not`."""
    match tree:
        case Term() | Phrase() | Prefix() | Fuzzy():
            yield tree
        case And() | Or() | AtLeast() | Best():
            for child in tree.children:
                yield from leaves(child)
        case Weighted():
            yield from leaves(tree.child)
        case _:
            pass


class Sort(StrEnum):
    """Orders of hits. Ties: by score, then newest, then a fixed order that survives a rebuild."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    TITLE = "title"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near texts are to what is meant, whatever words they have for it.

    Attributes:
        ids: of entries; the same tuple as long as the vectors are the same.
        scores: cosine of each with the query, languages levelled (`kb.search.meaning`).
        language: primary language of the query.
        within: what a text must match besides; None for nothing.
    """

    ids: tuple[str, ...]
    scores: NDArray[np.float32]
    language: str
    within: Query | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One search.

    Attributes:
        tree: what must match.
        visibilities: what the reader may see; nothing else takes part.
        filters: facet → values: any of one facet, all facets.
        year_from: first year, `year_to` last; a document without a year is outside of any range.
        languages: the reader's, best first: decides which version of a work is shown.
        facets: those to count; a facet's own filter does not narrow its own counts.
        near: the arm of meaning; works that it alone finds are hits too.
    """

    tree: Query
    visibilities: frozenset[str]
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    year_from: int | None = None
    year_to: int | None = None
    languages: tuple[str, ...] = ()
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 10
    facets: tuple[str, ...] = ()
    near: Nearness | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One work.

    Attributes:
        id: of the version to show: the reader's best among those that pass the filters.
        score: 0-1, 1 for the best of all hits; 1 for all where the tree scores nothing.
        languages: of all versions that pass the filters, sorted.
        matched: languages of the versions that the tree matches, best score first.
        matched_by: `words`, `meaning` and who else (see `Weighted.by`), sorted; empty where the tree has no words.
    """

    id: str
    work: str
    kind: str
    slug: str
    language: str
    score: float
    languages: tuple[str, ...]
    matched: tuple[str, ...]
    matched_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a search found.

    Attributes:
        total: works that match, on all pages.
        facets: facet → value → works; values without any are left out.
        generation: state of the index that answered.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, Mapping[str, int]]
    generation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """A word of the texts that is spelt like one that was asked for.

    Attributes:
        word: as indexed: without case and accents.
        errors: typing errors between the two; of Korean words by the letters of their syllables.
        documents: how many have it; named: how many in a title or in the name of a place.
        examples: ids of some of them, those first that have it in a title or name.
    """

    word: str
    errors: int
    documents: int
    named: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spellings:
    """How a word is spelt in the texts.

    Attributes:
        documents: how many have the word in any of its forms.
        near: other spellings, closest first, of equals the more frequent; none where the word itself is not rare.
    """

    documents: int
    near: tuple[Spelling, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How an index stands.

    Attributes:
        documents: how many it holds (versions, not works).
        position: last outbox number that it has applied.
        analysis: the analysers in use; another value means that the index must be rebuilt.
    """

    engine: str
    documents: int
    position: int
    generation: str
    analysis: str


class SearchEngine(Protocol):
    """One index. Safe to share between threads; several processes may hold the same one.

    Every method raises `kb.domain.errors.Unavailable`, and nothing else, where the index is missing, broken or made by
    another version: only `rebuild` mends that.
    """

    def search(self, request: Request) -> Page:
        """Find works."""

    def spellings(self, words: Sequence[str], visibilities: frozenset[str]) -> Sequence[Spellings]:
        """For each word how the texts spell it; what the reader may not see takes no part."""

    def update(self, documents: Iterable[Document], deletes: Iterable[str], position: int) -> None:
        """Add or replace documents, delete ids (unknown ones too), note the outbox position: all in one commit.

        Of documents with the same id the last one counts.
        """

    def position(self) -> int:
        """The outbox position of the last commit."""

    def rebuild(
        self,
        documents: Iterable[Document],
        position: int,
        progress: Callable[[int], object] | None = None,
    ) -> None:
        """Build anew from all documents beside the present index, then put it in its place in one step.

        `documents` is read once, in batches, and no id repeats; `progress` gets the number done after each. The old
        index answers until the end, and stays when building fails.
        """

    def tidy(self) -> bool:
        """Make quick to read again what many updates have left in pieces; whether there was anything to do.

        Takes seconds, and keeps neither readers nor writers from their work.
        """

    def ids(self) -> Mapping[str, str]:
        """Every document's id → `Document.digest()`."""

    def status(self) -> Status:
        """How the index stands."""

    def close(self) -> None:
        """Let go of files and memory; the next call opens them again."""
