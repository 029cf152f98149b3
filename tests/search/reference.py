"""What a tree matches and how well, reckoned document by document from what Whoosh's own readers tell of an index."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rapidfuzz.distance import OSA
from whoosh.searching import Searcher

from kb.search.port import (
    And,
    AtLeast,
    Best,
    Everything,
    Fuzzy,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Term,
    Value,
    Weighted,
    Years,
)
from kb.search.whoosh_schema import WEIGHTS

Scores = dict[int, float]


class Reference:
    """Evaluates trees of words that no stemmer changes; deleted documents take part, as in Whoosh's statistics."""

    def __init__(self, searcher: Searcher, languages: Iterable[str]) -> None:
        self._searcher = searcher
        self._reader = searcher.reader()
        self._stems = sorted({language.split("-")[0] for language in languages})

    def find(self, tree: Query) -> Scores:
        """Document → score."""
        match tree:
            case Everything():
                return dict.fromkeys(range(self._reader.doc_count_all()), 0.0)
            case Value():
                return {number: 0.0 for value in tree.values for number in self._postings(tree.facet, value)}
            case Years():
                years = [int(year) for year in self._terms("year")]
                wanted = [year for year in years if (tree.first or 0) <= year <= (tree.last or 9999)]
                return {number: 0.0 for year in wanted for number in self._postings("year", str(year))}
            case Not():
                return dict.fromkeys(self.find(Everything()).keys() - self.find(tree.child).keys(), 0.0)
            case Weighted():
                return {number: score * tree.weight for number, score in self.find(tree.child).items()}
            case And():
                return self._some(tree.children, len(tree.children))
            case Or():
                return self._some(tree.children, 1)
            case AtLeast():
                return self._some(tree.children, tree.minimum, lift=True)
            case Best():
                return _best(map(self.find, tree.children))
            case Term():
                return self._words(tree.field, lambda name, index: self._either(name, index, [tree.text]))
            case Phrase(loose=False):
                return self._in_fields(tree.field, lambda name: self._scored(name, "word", self._run(name, "", tree)))
            case Phrase():
                return self._in_fields(tree.field, lambda name: self._scored(name, "stem", self._loose(name, tree)))
            case Prefix():
                return self._flat(tree.field, lambda word: float(word.startswith(tree.text)))
            case Fuzzy():
                return self._flat(tree.field, lambda word: _nearness(tree, word))
        raise AssertionError(tree)

    def _some(self, children: Sequence[Query], minimum: int, lift: bool = False) -> Scores:
        found: dict[int, list[float]] = defaultdict(list)
        for child in children:
            for number, score in self.find(child).items():
                found[number].append(score)
        scores = {number: sum(some) for number, some in found.items() if len(some) >= minimum}
        if lift and minimum < len(children):
            full = {number for number in scores if len(found[number]) == len(children)}
            more = max((score for number, score in scores.items() if number not in full), default=0.0)
            scores |= {number: scores[number] + more for number in full}
        return scores

    def _words(self, field: str | None, counts: Callable[[str, str], dict[int, int]]) -> Scores:
        forms = [
            {
                number: score * weight
                for number, score in self._in_fields(
                    field, lambda name, index=index: self._scored(name, index, counts(name, index))
                ).items()
            }
            for index, weight in (("word", 1.0), ("stem", 0.8))
        ]
        return _best(forms)

    def _in_fields(self, field: str | None, scores: Callable[[str], Scores]) -> Scores:
        found: Scores = defaultdict(float)
        for name in [field] if field else WEIGHTS:
            for number, score in scores(name).items():
                found[number] += score * WEIGHTS[name]
        return found

    def _flat(self, field: str | None, worth: Callable[[str], float]) -> Scores:
        return _best(
            {number: worth(word) * WEIGHTS[name] for number in self._postings(f"{name}.word", word)}
            for name in ([field] if field else WEIGHTS)
            for word in self._terms(f"{name}.word")
            if worth(word)
        )

    def _either(self, name: str, index: str, words: Sequence[str]) -> dict[int, int]:
        marks = [""] if index == "word" else [f"{language}:" for language in self._stems]
        found: dict[int, int] = defaultdict(int)
        for mark in marks:
            for word in words:
                for number, positions in self._postings(f"{name}.{index}", mark + word).items():
                    found[number] += len(positions)
        return found

    def _loose(self, name: str, phrase: Phrase) -> dict[int, int]:
        return {
            number: count
            for language in self._stems
            for number, count in self._run(name, f"{language}:", phrase).items()
        }

    def _run(self, name: str, mark: str, phrase: Phrase) -> dict[int, int]:
        field = f"{name}.stem" if mark else f"{name}.word"
        places = [self._postings(field, mark + word) for word in phrase.text.split()]
        counts = {
            number: sum(
                all(start + at in there.get(number, ()) for at, there in enumerate(places))
                for start in places[0][number]
            )
            for number in places[0]
        }
        return {number: count for number, count in counts.items() if count}

    def _scored(self, name: str, index: str, counts: dict[int, int]) -> Scores:
        """BM25F as Whoosh's documentation has it, with its defaults."""
        field = f"{name}.{index}"
        rarity = math.log(self._reader.doc_count_all() / (len(counts) + 1)) + 1
        average = self._searcher.avg_field_length(field) or 1
        return {
            number: rarity * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * self._length(number, field) / average))
            for number, count in counts.items()
        }

    def _length(self, number: int, field: str) -> int:
        return int(self._reader.doc_field_length(number, field))

    def _terms(self, field: str) -> list[str]:
        return [term.decode() for term in self._reader.lexicon(field)]

    def _postings(self, field: str, term: str) -> dict[int, list[int]]:
        """Document → positions, of deleted documents too, which `reader.postings` would leave out."""
        found: dict[int, list[int]] = {}
        for reader, start in self._reader.leaf_readers():
            kind: Any = reader.schema[field]
            if (field, term.encode()) in reader._terms:
                matcher = reader._terms.matcher(field, term.encode(), kind.format)
                while matcher.is_active():
                    found[start + matcher.id()] = matcher.value_as("positions") if kind.scorable else []
                    matcher.next()
        return found


def _best(found: Iterable[Scores]) -> Scores:
    best: Scores = {}
    for scores in found:
        for number, score in scores.items():
            best[number] = max(score, best.get(number, 0.0))
    return best


def _nearness(fuzzy: Fuzzy, word: str) -> float:
    distance = OSA.distance(fuzzy.text, word)
    return 1 / (1 + distance) if distance <= fuzzy.distance and word[0] == fuzzy.text[0] else 0.0
