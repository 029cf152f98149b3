"""What people type → a bounded query tree, and notes on what could not be read. Never fails.

    words            entries with all come first; of one or two all are needed, of three to six at least half, of more
                     at least a third (words like “the” are not counted)
    "a phrase"       these words in this order; needed
    A AND B   A OR B   NOT A   -A   ( )
    word*   word~    words that begin so; close spellings (`word~2`: two errors)
    field:word       field:"a phrase", field:(several words); for facets one of their values: country:colombia
    year:2021        year:2019-2023, year:2019-

Operators are capitals, so that “and” stays a word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from kb.domain.errors import N_
from kb.search.analysis import clean, fold, segments
from kb.search.lexicon import FUNCTION_WORDS
from kb.search.port import And, AtLeast, Everything, Fuzzy, Not, Or, Phrase, Prefix, Query, Term, Value, Years

MAX_CHARACTERS: Final = 1_000
MAX_LEAVES: Final = 32
MAX_WILDCARDS: Final = 3
MIN_PREFIX: Final = 2
MAX_DISTANCE: Final = 2
MAX_DEPTH: Final = 8

# Field as typed → the text field that is searched, and the facets whose values it may name instead.
FIELDS: Final[Mapping[str, tuple[str | None, tuple[str, ...]]]] = {
    "title": ("title", ()),
    "city": ("names", ("city",)),
    "theme": ("topics", ("key_feature", "cluster", "sdg")),
    "country": (None, ("country",)),
    "region": (None, ("region",)),
    "language": (None, ("language",)),
    "kind": (None, ("kind",)),
    "stage": (None, ("stage",)),
    "year": (None, ()),
}
# Facet → its values by every name that people may type for them, folded by `label_key`; codes too.
Labels = Mapping[str, Mapping[str, str]]

_SAME: Final = str.maketrans({**dict.fromkeys("“”„‟«»「」『』〝〞", '"'), **dict.fromkeys("‐‑‒–—−", "-")})
_BETWEEN: Final = str.maketrans(dict.fromkeys(",;/|\\!?、。،؛؟・", " "))
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<NOT>-(?=[^\s\-]))|(?P<open>\()|(?P<close>\))|(?P<field>[^\W\d_]{2,20}:(?=[^\s:]))"""
    r"""|"(?P<phrase>[^"]*)"|(?P<stray>")|(?P<word>[^\s"()]+))"""
)
_OPERATORS: Final = ("AND", "OR", "NOT")
_CLOSE: Final = re.compile(r"^(?P<word>.*\w)~(?P<distance>\d{0,3})$")
_RANGE: Final = re.compile(r"^(?:(\d{4})|(\d{4})(?:-|\.\.)(\d{4})?|\.\.(\d{4}))$")


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence on what was read otherwise than typed: message with `%(name)s` places, and what goes there."""

    message: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % dict(self.params) if self.params else self.message


@dataclass(frozen=True, slots=True)
class Parsed:
    """A query as read."""

    tree: Query
    notes: tuple[Note, ...]


class _Token(NamedTuple):
    kind: str
    text: str = ""


_END: Final = _Token("end")


def label_key(label: str) -> str:
    """How a label is looked up: its folded words joined by a space."""
    return " ".join(fold(found.text) for found in segments(clean(label)))


def parse(text: str, labels: Labels | None = None) -> Parsed:
    """Read a query.

    Args:
        text: anything.
        labels: names of facet values; a facet without an entry takes values as typed.
    """
    reader = _Reader(text, labels or {})
    tree = reader.read()
    return Parsed(tree, tuple(reader.notes))


class _Reader:
    """Recursive descent over tokens; whatever doesn't fit becomes a word or is left out, with a note."""

    def __init__(self, text: str, labels: Labels) -> None:
        self.notes: list[Note] = []
        self._labels = labels
        self._leaves = self._wildcards = self._at = 0
        if len(text) > MAX_CHARACTERS:
            self._note(N_("Only the first %(count)s characters were read."), count=MAX_CHARACTERS)
        plain = clean(text[:MAX_CHARACTERS])[:MAX_CHARACTERS].translate(_SAME).translate(_BETWEEN)
        tokens = [
            _Token(found.lastgroup, found[found.lastgroup])
            if found["word"] not in _OPERATORS
            else _Token(found["word"], found["word"])
            for found in _TOKEN.finditer(plain)
            if found.lastgroup
        ]
        self._tokens = list(self._flatten(tokens))

    def _flatten(self, tokens: list[_Token]) -> Iterator[_Token]:
        """The tokens without brackets that are nested too deep."""
        depth = 0
        for token in tokens:
            if token.kind == "close":
                depth = max(depth - 1, 0)
            if token.kind in ("open", "close") and depth >= MAX_DEPTH:
                self._note(N_("Brackets nested deeper than %(count)s were left out."), count=MAX_DEPTH)
            else:
                yield token
            if token.kind == "open":
                depth += 1

    def read(self) -> Query:
        """The whole query; `Everything` where nothing is asked for."""
        found: list[Query] = []
        while self._peek() != _END:  # again after a bracket that closes nothing
            if tree := self._either(None):
                found.append(tree)
            if self._peek().kind == "close":
                self._next()
                self._note(N_("A bracket without its partner was left out."))
        return _all(found) or Everything()

    def _note(self, message: str, **params: object) -> None:
        note = Note(message, params)
        if note not in self.notes:
            self.notes.append(note)

    def _peek(self, ahead: int = 0) -> _Token:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else _END

    def _next(self) -> _Token:
        token = self._peek()
        self._at += 1
        return token

    def _either(self, name: str | None) -> Query | None:
        """A OR B."""
        found = [self._both(name)]
        while self._peek().kind == "OR":
            self._join(found[-1])
            found.append(self._both(name))
        trees = [tree for tree in found if tree]
        return Or(tuple(trees)) if len(trees) > 1 else trees[0] if trees else None

    def _both(self, name: str | None) -> Query | None:
        """A AND B."""
        found = [self._sequence(name)]
        while self._peek().kind == "AND":
            self._join(found[-1])
            found.append(self._sequence(name))
        return _all([tree for tree in found if tree])

    def _join(self, before: Query | None) -> None:
        """Step over an operator if it stands between something, else make it a word."""
        if self._leaves > MAX_LEAVES or (before and self._peek(1).kind not in ("AND", "OR", "close", "end")):
            self._next()
        else:
            self._make_word()

    def _make_word(self) -> None:
        operator = self._peek().text
        self._tokens[self._at] = _Token("word", operator)
        self._note(N_("“%(word)s” joins nothing here; it was taken as a word."), word=operator)

    def _sequence(self, name: str | None) -> Query | None:
        """Words, some of which are needed, with what must and must not be there besides."""
        words: list[Query] = []
        needed: list[Query] = []
        while self._peek().kind not in ("AND", "OR", "close", "end"):
            excluded = False
            while self._peek().kind == "NOT" and self._peek(1).kind not in ("close", "end"):
                self._next()
                excluded = not excluded
            if self._peek().kind in _OPERATORS:
                self._make_word()
            bare = self._peek().kind in ("word", "field")
            tree = self._unit(name)
            if tree and excluded:
                needed.append(Not(tree))
            elif tree and bare and isinstance(tree, Term | Prefix | Fuzzy) and not tree.field:
                words.append(tree)
            elif tree:
                needed.append(tree)
        return _all([*_some(words), *needed])

    def _unit(self, name: str | None) -> Query | None:
        token = self._next()
        match token.kind:
            case "open":
                return self._group(name)
            case "phrase":
                return self._field(name, token.text, quoted=True) if name else self._phrase(token.text, None)
            case "stray":
                self._note(N_("A quotation mark without its partner was left out."))
            case "field":
                return self._named(token.text[:-1])
            case "word":
                return self._field(name, token.text, quoted=False) if name else self._word(token.text, None)
        return None

    def _group(self, name: str | None) -> Query | None:
        tree = self._either(name)
        if self._peek().kind == "close":
            self._next()
        else:
            self._note(N_("A bracket without its partner was left out."))
        return tree

    def _named(self, name: str) -> Query | None:
        """What stands after `name:`."""
        known = fold(name)
        if known not in FIELDS:
            self._note(N_("There is no field “%(field)s:”; it was taken as a word."), field=name)
            return self._word(name, None)
        if self._peek().kind in ("phrase", "word", "open"):
            return self._unit(known)
        return self._word(name, None)

    def _field(self, name: str, text: str, *, quoted: bool) -> Query | None:
        """One value or word of a field."""
        if name == "year" and (found := _RANGE.match(text.strip())):
            year, first, last, until = (int(part) if part else None for part in found.groups())
            return self._leaf(Years(year or first, year or last or until))
        inner, facets = FIELDS[name]
        key = label_key(text)
        values: list[Query] = []
        for facet in facets:
            value = self._labels[facet].get(key) if facet in self._labels else text.strip() if not inner else None
            if value:
                values.append(Value(facet, frozenset({value})))
        if values:
            read = [value for value in values if self._leaf(value)]
            return Or(tuple(read)) if len(read) > 1 else read[0] if read else None
        if inner:
            return self._phrase(text, inner) if quoted else self._word(text, inner)
        self._note(N_("“%(text)s” is not known under “%(field)s:”; it was taken as words."), text=text, field=name)
        return self._phrase(text, None) if quoted else self._word(text, None)

    def _phrase(self, text: str, inner: str | None) -> Query | None:
        words = [found.text for found in segments(text)]
        room = MAX_LEAVES - self._leaves
        if len(words) > room:
            self._note(N_("Only the first %(count)s search terms were read."), count=MAX_LEAVES)
        self._leaves += min(len(words), room)
        return Phrase(" ".join(words[:room]), inner) if words[:room] else None

    def _word(self, text: str, inner: str | None) -> Query | None:
        if not any(segments(text)):
            return None
        if close := _CLOSE.match(text):
            return self._fuzzy(close["word"], close["distance"], inner)
        word = text.rstrip("*")
        if "*" in word:
            self._note(N_("A * may only stand at the end of a word; “%(word)s” was taken without it."), word=text)
            word = word.replace("*", "")
        elif word != text and self._wildcard(text):
            if sum(len(found.text) for found in segments(word)) >= MIN_PREFIX:
                return self._leaf(Prefix(word, inner))
            self._note(N_("“%(word)s” needs at least %(count)s letters before the *."), word=text, count=MIN_PREFIX)
        return self._leaf(Term(word, inner))

    def _fuzzy(self, word: str, typed: str, inner: str | None) -> Query | None:
        letters = len(fold(word))
        distance = int(typed) if typed else min(letters // 3, MAX_DISTANCE)
        if distance > MAX_DISTANCE:
            self._note(N_("At most %(count)s typing errors are looked for."), count=MAX_DISTANCE)
        distance = min(distance, MAX_DISTANCE, letters - 2)
        if distance < 1 or not self._wildcard(f"{word}~"):
            return self._leaf(Term(word, inner))
        return self._leaf(Fuzzy(word, distance, inner))

    def _wildcard(self, text: str) -> bool:
        self._wildcards += 1
        if self._wildcards > MAX_WILDCARDS:
            self._note(
                N_("Only %(count)s words may end in * or ~; “%(word)s” was taken as it stands."),
                count=MAX_WILDCARDS,
                word=text,
            )
        return self._wildcards <= MAX_WILDCARDS

    def _leaf(self, leaf: Query) -> Query | None:
        self._leaves += 1
        if self._leaves > MAX_LEAVES:
            self._note(N_("Only the first %(count)s search terms were read."), count=MAX_LEAVES)
            return None
        return leaf


def _some(words: list[Query]) -> list[Query]:
    """The rule of how many words are needed; function words only matter where there are no others."""
    every = list(dict.fromkeys(words))
    telling = [word for word in every if not (isinstance(word, Term) and fold(word.text) in FUNCTION_WORDS)] or every
    many = len(telling)
    if many <= 2:
        return telling
    return [AtLeast(math.ceil(many / 2) if many <= 6 else math.ceil(many / 3), tuple(telling))]


def _all(trees: list[Query]) -> Query | None:
    if not trees:
        return None
    return trees[0] if len(trees) == 1 else And(tuple(trees))
