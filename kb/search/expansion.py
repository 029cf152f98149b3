"""Thesaurus, synonym rings and place names → a wider tree: the same in other words and languages, at less weight.

A query's words are matched to labels, longest first, in all languages at once. Every word of a matched label then
stands for itself or for any other label of the concept, so that the rules of how many words are needed keep their
meaning. Phrases, fields and what is excluded stay as typed.

Rings are made by hand and speak for their words: a word in a ring means what the ring says, and of the thesaurus only
a concept that means the same adds its labels too; no concept adds a label that some ring owns. A ring's column
`ambiguous` names labels that are also other words (시장 is mayor and market): they neither lead to the ring nor are
added by it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby, islice, zip_longest
from typing import Final

from kb.search.analysis import Segment, clean, fold, is_spaced, primary, segments, spaced_words, stem, strip_particle
from kb.search.lexicon import FUNCTION_WORDS, PARTICLES
from kb.search.port import And, AtLeast, Best, Or, Phrase, Query, Term, Weighted

SAME: Final = 0.5  # weight of another label of the concept
NARROWER: Final = 0.25  # of a narrower concept's label
THESAURUS: Final = "thesaurus"
PLACE: Final = "place"

_WORDS: Final = 6  # of the longest label that is looked for
_CONCEPTS: Final = 3  # that some words may stand for
_LABELS: Final = 16  # that a concept may add, and
_NARROWER: Final = 4  # narrower concepts
_ADDED: Final = 64  # labels that a query may grow by
_SHARED: Final = 2  # languages whose preferred label a concept shares with a ring of the same meaning
_INNER: Final = 3  # characters at least of a label that is found inside a word, and
_OUTER: Final = 12  # at most
_OTHER_COLUMNS: Final = frozenset({"id", "ring", "broader", "related", "group", "group_en", "by_hand", "ambiguous"})
_BRACKET: Final = re.compile(r"\s*\([^)]*\)")

# A label as it is looked up: its language and the stems of its words; "" and its characters where these aren't spaced.
Key = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Expansion:
    """What one concept added for some words of the query; `languages` has the tag of each label, "" where unknown."""

    term: str
    added: tuple[str, ...]
    languages: tuple[str, ...]
    concept: str
    by: str


@dataclass(frozen=True, slots=True)
class _Concept:
    """A concept's labels by language tag, preferred first; "" for a name of no language."""

    id: str
    labels: Mapping[str, tuple[str, ...]]
    by: str = THESAURUS
    narrower: tuple[str, ...] = ()


class Thesaurus:
    """All concepts, looked up by their labels. Immutable but for what it remembers: threads share it.

    Of a label only the first word is stemmed at the start, the others when somebody asks for a word like the first:
    most labels are never asked for, and a process begins quickly.
    """

    def __init__(self, concepts: Iterable[_Concept], rings: Iterable[_Concept]) -> None:
        """Index the concepts; use `from_rows`."""
        rings = list(rings)
        self._concepts = {concept.id: concept for concept in (*rings, *concepts)}
        self._order = {name: at for at, name in enumerate(self._concepts)}
        firsts: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for concept in self._concepts.values():
            for tag, labels in concept.labels.items():
                language = "" if concept.by == PLACE else tag
                for label in labels:
                    firsts[_first_word(label, language)].append(concept.id)
        self._begun: defaultdict[tuple[str, str], list[str]] = defaultdict(list)  # first stem → concepts
        for (language, word), found in firsts.items():
            self._begun[language, stem(word, language)] += found
        self._keys: dict[tuple[str, str], Mapping[Key, list[str]]] = {}
        self._languages = sorted({language for language, _ in self._begun} - {""})
        self._ruled: defaultdict[Key, set[str]] = defaultdict(set)  # key of a ring's label → rings
        for ring in rings:
            for language, label in _labels(ring):
                self._ruled[_label_key(label, language)].add(ring.id)

    @classmethod
    def from_rows(
        cls,
        thesaurus: Iterable[Mapping[str, str]],
        rings: Iterable[Mapping[str, str]],
        places: Iterable[tuple[str, Mapping[str, Iterable[str]]]] = (),
    ) -> Thesaurus:
        """Read the tables of the library.

        Args:
            thesaurus: rows with `id`, `broader` and a column of labels for each language, parted by `|`.
            rings: rows with `ring`, columns of labels, optionally `ambiguous`.
            places: a key and the names of each place by language, "" for those of no language.
        """
        rows = list(thesaurus)
        below: dict[str, list[str]] = {}
        for row in rows:
            for above in _parts(row.get("broader")):
                below.setdefault(above, []).append(row["id"])
        concepts = [_Concept(row["id"], _row_labels(row), narrower=tuple(below.get(row["id"], ()))) for row in rows]
        named = [
            _Concept(
                f"place:{key}",
                {tag: tuple(dict.fromkeys(_BRACKET.sub("", name) for name in names)) for tag, names in by_tag.items()},
                PLACE,
            )
            for key, by_tag in places
        ]
        return cls([*concepts, *named], [_Concept(f"ring:{row['ring']}", _row_labels(row)) for row in rings])

    def expand(
        self, tree: Query, languages: Collection[str] = (), without: Collection[str] = ()
    ) -> tuple[Query, tuple[Expansion, ...]]:
        """Widen a tree.

        Args:
            tree: as `querytext.parse` gives it.
            languages: whose labels are added, those of the index; none for all.
            without: concepts that the reader has switched off.

        Returns:
            The wider tree and what was added, in the order of the query.
        """
        widening = _Widening(self, {primary(language) for language in languages}, frozenset(without))
        return widening.widen(tree), tuple(widening.expansions)

    def find(self, words: Sequence[Segment]) -> list[_Concept]:
        """The concepts of which the words are a label, rings first."""
        found: dict[str, None] = {}
        for key in self._query_keys(words):
            found.update(dict.fromkeys(self._named(key)))
        return sorted((self._concepts[name] for name in found), key=lambda concept: not _is_ring(concept.id))

    def _named(self, key: Key) -> Sequence[str]:
        """The concepts that have such a label, rings first."""
        language, words = key
        first = language, words[0] if words else ""
        if first not in self._begun:
            return ()
        if first not in self._keys:
            keys: dict[Key, dict[str, None]] = {}
            for name in sorted(set(self._begun[first]), key=self._order.__getitem__):
                concept = self._concepts[name]
                for tag, label in _labels(concept):
                    if language in ("", tag):
                        keys.setdefault(_label_key(label, "" if concept.by == PLACE else tag), {})[name] = None
            self._keys[first] = {whole: list(found) for whole, found in keys.items()}
        return self._keys[first].get(key, ())

    def _query_keys(self, words: Sequence[Segment]) -> Iterator[Key]:
        texts = [word.text for word in words]
        if any(word.script != "word" for word in words):
            joined = "".join(map(fold, texts))
            yield from {("", (joined,)), ("", (strip_particle(joined),))}
            return
        yield "", tuple(map(fold, texts))
        for language in self._languages:
            yield language, tuple(stem(text, language) for text in texts)

    def also(
        self, concepts: Sequence[_Concept], words: Sequence[Segment], languages: Collection[str]
    ) -> Iterator[tuple[_Concept, str, str, float]]:
        """What concepts add for some words, in some languages or all: the concept, a label, its tag and weight."""
        typed = set(self._query_keys(words))
        rings = [concept for concept in concepts if _is_ring(concept.id)]
        for concept in concepts[:_CONCEPTS]:
            sources = [(self._concepts[name], NARROWER) for name in concept.narrower[:_NARROWER]]
            if (
                concept in rings
                or concept.by == PLACE
                or not rings
                or any(self._agree(concept, ring) for ring in rings)
            ):
                sources.insert(0, (concept, SAME))
            for source, weight in sources:
                place = source.by == PLACE
                labels = (
                    (label, tag)
                    for tag, label in _labels(source, preferred=source is not concept)
                    if (not languages or place or primary(tag) in languages)
                    and (key := _label_key(label, "" if place else tag)) not in typed
                    and (_is_ring(concept.id) or key not in self._ruled)
                )
                for label, tag in islice(labels, _LABELS):
                    yield concept, label, tag, weight

    def _agree(self, concept: _Concept, ring: _Concept) -> bool:
        """Whether a concept means the same as a ring: their preferred labels agree in some languages."""
        preferred = [_label_key(label, language) for language, label in _labels(concept, preferred=True)]
        return sum(ring.id in self._ruled.get(key, ()) for key in preferred) >= _SHARED


class _Widening:
    """One tree being widened."""

    def __init__(self, thesaurus: Thesaurus, languages: Collection[str], without: Collection[str]) -> None:
        self._thesaurus = thesaurus
        self._languages = languages
        self._without = without
        self._room = _ADDED
        self.expansions: list[Expansion] = []

    def widen(self, tree: Query) -> Query:
        match tree:
            case Term():
                return self._sequence([tree])[0]
            case And() | AtLeast():
                return replace(tree, children=tuple(self._sequence(tree.children)))
            case Or():
                return Or(tuple(self.widen(child) for child in tree.children))
        return tree

    def _sequence(self, children: Sequence[Query]) -> list[Query]:
        """The children, runs of neighbouring words looked up together."""
        widened: list[Query] = []
        for free, run in groupby(children, key=lambda child: isinstance(child, Term) and child.field is None):
            if free:
                widened += self._terms([child for child in run if isinstance(child, Term)])
            else:
                widened += [child if isinstance(child, Term) else self.widen(child) for child in run]
        return widened

    def _terms(self, terms: Sequence[Term]) -> list[Query]:
        parts = [list(segments(clean(term.text))) for term in terms]
        widened: list[Query] = []
        while len(widened) < len(terms):
            at = len(widened)
            for length in range(min(_WORDS, len(terms) - at), 0, -1):
                words = [word for part in parts[at : at + length] for word in part]
                if concepts := self._thesaurus.find(words):
                    added = self._add(words, concepts, length)
                    widened += [Best((term, *added)) if added else term for term in terms[at : at + length]]
                    break
            else:
                widened.append(self._compound(terms[at], parts[at]))
        return widened

    def _add(self, words: Sequence[Segment], concepts: Sequence[_Concept], count: int) -> list[Query]:
        """The labels to stand beside each of the words; the weight is shared among the words, which are `count`."""
        leaves: dict[Query, Weighted] = {}
        labels: dict[str, tuple[_Concept, dict[str, str]]] = {}
        for concept, label, tag, weight in self._thesaurus.also(concepts, words, self._languages):
            leaf = _leaf(label)
            if concept.id in self._without or leaf in leaves or not self._room:
                continue
            self._room -= 1
            leaves[leaf] = Weighted(leaf, weight / count, concept.by)
            labels.setdefault(concept.id, (concept, {}))[1][label] = tag
        term = " ".join(word.text for word in words)
        self.expansions += [
            Expansion(term, tuple(found), tuple(found.values()), one.id, one.by) for one, found in labels.values()
        ]
        return list(leaves.values())

    def _compound(self, term: Term, parts: Sequence[Segment]) -> Query:
        """A word without spaces in which labels stand: itself, or all of its parts, each widened."""
        if len(parts) != 1 or parts[0].script == "word":
            return term
        run, script = fold(parts[0].text), parts[0].script
        needed: list[Query] = []
        rest = ""
        at = 0
        while at < len(run):
            for end in range(min(len(run), at + _OUTER), at + _INNER - 1, -1):
                piece = [Segment(run[at:end], script, at, end)]
                if concepts := self._thesaurus.find(piece):
                    needed += [*_rest(rest), Best((Term(run[at:end]), *self._add(piece, concepts, 1)))]
                    rest, at = "", end
                    break
            else:
                rest, at = rest + run[at], at + 1
        return Best((term, And((*needed, *_rest(rest))))) if needed else term


def _rest(text: str) -> list[Query]:
    return [Term(text)] if len(text) > 1 and text not in PARTICLES else []


def _leaf(label: str) -> Query:
    words = list(segments(label))
    return Term(label) if len(words) == 1 and words[0].script == "word" else Phrase(label, loose=True)


def _is_ring(concept: str) -> bool:
    return concept.startswith("ring:")


def _parts(cell: str | None) -> list[str]:
    return [part for part in map(str.strip, (cell or "").split("|")) if part]


def _row_labels(row: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    labels = {column: _parts(cell) for column, cell in row.items() if cell and column not in _OTHER_COLUMNS}
    doubtful = _parts(row.get("ambiguous"))
    return {column: tuple(label for label in parts if label not in doubtful) for column, parts in labels.items()}


def _labels(concept: _Concept, *, preferred: bool = False) -> Iterator[tuple[str, str]]:
    """Language and label: the preferred ones of all languages first, then the second ones, and so on."""
    for rank in zip_longest(*concept.labels.values()):
        yield from ((language, label) for language, label in zip(concept.labels, rank, strict=True) if label)
        if preferred:
            return


@lru_cache(1 << 14)
def _label_key(label: str, language: str) -> Key:
    words = spaced_words(label)
    if words is None:
        return ("", (_joined(label),))
    return (language, tuple(stem(word, language) for word in words if word not in FUNCTION_WORDS))


def _first_word(label: str, language: str) -> tuple[str, str]:
    """What `_label_key` begins with, the word not stemmed yet."""
    word = label.partition(" ")[0]
    if word.isalpha() and word not in FUNCTION_WORDS and (label.isascii() or is_spaced(label)):
        return language, word  # most labels, and much faster
    words = spaced_words(label)
    if words is None:
        return "", _joined(label)
    return language, next((word for word in words if word not in FUNCTION_WORDS), "")


def _joined(label: str) -> str:
    return "".join(fold(word.text) for word in segments(clean(label)))
