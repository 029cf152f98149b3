"""Whatever is typed is read; what is meant is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kb.search.analysis import segments
from kb.search.port import (
    FACETS,
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
from kb.search.querytext import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_LEAVES,
    MAX_WILDCARDS,
    MIN_PREFIX,
    Parsed,
    label_key,
    parse,
)
from tests.search.hostile import HIDDEN, HOSTILE

LABELS = {
    "country": {label_key(name): "CO" for name in ("CO", "Colombia", "콜롬비아")} | {label_key("South Korea"): "KR"},
    "city": {label_key("Medellín"): "medellin"},
    "key_feature": {label_key("Literacy"): "1.2"},
    "cluster": {label_key("Literacy"): "literacy"},
    "kind": {"case": "case"},
}


def terms(*words: str) -> tuple[Query, ...]:
    return tuple(Term(word) for word in words)


@pytest.mark.parametrize(
    ("typed", "tree"),
    [
        ("museum", Term("museum")),
        ("lifelong learning", And(terms("lifelong", "learning"))),
        ("one two three", AtLeast(2, terms("one", "two", "three"))),
        ("one two three four five six", AtLeast(3, terms("one", "two", "three", "four", "five", "six"))),
        ("one two three four five six seven", AtLeast(3, terms("one", "two", "three", "four", "five", "six", "seven"))),
        ("the future of the museum", And(terms("future", "museum"))),
        ("of the", And(terms("of", "the"))),
        ("museum museum", Term("museum")),
        ('"learning city"', Phrase("learning city")),
        ("“learning city”", Phrase("learning city")),
        ("«learning city» park", And((Term("park"), Phrase("learning city")))),
        ("「学習 都市」", Phrase("学習 都市")),
        ("a1 AND b1", And(terms("a1", "b1"))),
        ("a1 OR b1 c1", Or((Term("a1"), And(terms("b1", "c1"))))),
        ("a1 AND b1 OR c1", Or((And(terms("a1", "b1")), Term("c1")))),
        ("a1 AND (b1 OR c1)", And((Term("a1"), Or(terms("b1", "c1"))))),
        ("museum and park", And(terms("museum", "park"))),
        ("museum -war", And((Term("museum"), Not(Term("war"))))),
        ("museum NOT war", And((Term("museum"), Not(Term("war"))))),
        ("museum AND NOT war", And((Term("museum"), Not(Term("war"))))),
        ('-"the war"', Not(Phrase("the war"))),
        ("-(a1 OR b1)", Not(Or(terms("a1", "b1")))),
        ("NOT NOT museum", Term("museum")),
        ("life-long", Term("life-long")),
        ("learn*", Prefix("learn")),
        ("museom~", Fuzzy("museom", 2)),
        ("city~", Fuzzy("city", 1)),
        ("museum~1", Fuzzy("museum", 1)),
        ("title:museum", Term("museum", "title")),
        ('title:"learning city"', Phrase("learning city", "title")),
        ("title:(learning city)", And((Term("learning", "title"), Term("city", "title")))),
        ("TITLE:learn*", Prefix("learn", "title")),
        ("-title:museum", Not(Term("museum", "title"))),
        ("country:colombia", Value("country", frozenset({"CO"}))),
        ("country:co park", And((Term("park"), Value("country", frozenset({"CO"}))))),
        ('country:"south korea"', Value("country", frozenset({"KR"}))),
        ("country:콜롬비아", Value("country", frozenset({"CO"}))),
        ("city:medellin", Value("city", frozenset({"medellin"}))),
        ("city:yangcheon", Term("yangcheon", "names")),
        (
            "theme:literacy",
            Or((Value("key_feature", frozenset({"1.2"})), Value("cluster", frozenset({"literacy"})))),
        ),
        ("theme:water", Term("water", "topics")),
        ("stage:pilot", Value("stage", frozenset({"pilot"}))),
        ("year:2021", Years(2021, 2021)),
        ("year:2019-2021", Years(2019, 2021)),
        ("year:2019–2021", Years(2019, 2021)),
        ("year:2019..", Years(2019, None)),
        ("year:..2021", Years(None, 2021)),
        ("Ｔｉｔｌｅ：ｍｕｓｅｕｍ　ｐａｒｋ", And((Term("park"), Term("museum", "title")))),
        ("mu\u200fse\u00adum\0", Term("museum")),
        ("education,training/park", AtLeast(2, terms("education", "training", "park"))),
        ("what is a museum?", Term("museum")),
        ("*", Everything()),
        ("", Everything()),
        ('() "" - ~ : 🙂', Everything()),
    ],
)
def test_reads(typed: str, tree: Query) -> None:
    parsed = parse(typed, LABELS)
    assert parsed.tree == tree
    assert parsed.notes == ()


@pytest.mark.parametrize(
    ("typed", "tree", "note"),
    [
        ('"learning city', And(terms("learning", "city")), "quotation mark"),
        ("(museum", Term("museum"), "bracket"),
        ("museum) park", And(terms("museum", "park")), "bracket"),
        ("(" * 20 + "museum" + ")" * 20, Term("museum"), "nested deeper"),
        ("museum AND", And(terms("museum", "AND")), "joins nothing"),
        ("NOT AND museum", And((Term("museum"), Not(Term("AND")))), "joins nothing"),
        ("NOT", Term("NOT"), "joins nothing"),
        ("visibility:network", And(terms("visibility", "network")), "no field “visibility:”"),
        ("state:draft", And(terms("state", "draft")), "no field “state:”"),
        ("contact:kim", And(terms("contact", "kim")), "no field “contact:”"),
        ("country:atlantis", Term("atlantis"), "“atlantis” is not known"),
        ("kind:x", Term("x"), "not known"),
        ("year:soon", Term("soon"), "not known"),
        ("l*", Term("l"), "at least 2 letters"),
        ("le*rn", Term("lern"), "end of a word"),
        ("*learn", Term("learn"), "end of a word"),
        ("museum~9", Fuzzy("museum", 2), "At most 2"),
    ],
)
def test_reads_otherwise_and_says_so(typed: str, tree: Query, note: str) -> None:
    parsed = parse(typed, LABELS)
    assert parsed.tree == tree
    assert note in "\n".join(map(str, parsed.notes))


def test_bounds() -> None:
    many = parse(" ".join(f"w{number}" for number in range(50)))
    assert isinstance(many.tree, AtLeast) and len(many.tree.children) == MAX_LEAVES
    assert str(many.notes[0]) == "Only the first 32 search terms were read."
    phrase = parse('"' + "word " * 50 + '"').tree
    assert isinstance(phrase, Phrase) and len(phrase.text.split()) == MAX_LEAVES
    wild = parse("aa* bb* cc~ ccc~ dd* ee*")
    kinds = [type(child) for child in wild.tree.children]  # type: ignore[union-attr]  # it has
    assert kinds.count(Prefix) + kinds.count(Fuzzy) == MAX_WILDCARDS
    long = parse("word " * 100_000)
    assert long.tree == Term("word") and "first 1000 characters" in str(long.notes[0])


@pytest.mark.parametrize("typed", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_queries_are_read_within_bounds(typed: str) -> None:
    parsed = parse(typed, LABELS)
    within_bounds(parsed)


@given(st.text(max_size=200) | st.text(alphabet='ab가"()*~-:: ANDORT\u200f“＊', max_size=1_500))
def test_any_text_is_read_within_bounds(typed: str) -> None:
    within_bounds(parse(typed, LABELS))


def within_bounds(parsed: Parsed) -> None:
    """What the module promises of any query."""
    assert check(parsed.tree) <= MAX_LEAVES
    found = list(nodes(parsed.tree))
    assert sum(isinstance(node, Prefix | Fuzzy) for node in found) <= MAX_WILDCARDS
    assert sum(len(list(segments(node.text))) for node in found if isinstance(node, Phrase)) <= MAX_LEAVES
    for node in found:
        if isinstance(node, Prefix):
            assert len("".join(part.text for part in segments(node.text))) >= MIN_PREFIX
    assert depth(parsed.tree) <= 4 * MAX_DEPTH
    assert sum(len(getattr(node, "text", "")) for node in found) <= MAX_CHARACTERS
    assert all(str(note) for note in parsed.notes)


@pytest.mark.parametrize("typed", HIDDEN)
def test_nothing_hidden_can_be_asked_for(typed: str) -> None:
    parsed = parse(typed, LABELS)
    assert all(getattr(node, "field", None) in (None, "title", "names", "topics") for node in nodes(parsed.tree))
    assert not any(isinstance(node, Value) for node in nodes(parsed.tree))
    assert parsed.notes or not re.match(r"[A-Za-z]+:", typed)


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        ("a" * 1_001, "Only the first 1000 characters were read."),
        (" OR ".join(f"w{number}" for number in range(60)), "Only the first 32 search terms were read."),
        ('"' + "word " * 40 + '"', "Only the first 32 search terms were read."),
        ("ab* cd* ef* gh*", "Only 3 words may end in * or ~; “gh*” was taken as it stands."),
        ("a*", "“a*” needs at least 2 letters before the *."),
        ("museum~7", "At most 2 typing errors are looked for."),
        ("(" * 9 + "a" + ")" * 9, "Brackets nested deeper than 8 were left out."),
    ],
)
def test_what_was_left_out_is_told(typed: str, note: str) -> None:
    assert [str(one) for one in parse(typed).notes] == [note]


def nodes(tree: Query) -> Iterator[Query]:
    """A tree's nodes, from the top."""
    yield tree
    for child in (*getattr(tree, "children", ()), *filter(None, [getattr(tree, "child", None)])):
        yield from nodes(child)


def depth(tree: Query) -> int:
    """How many nodes stand below one another."""
    below = (*getattr(tree, "children", ()), *filter(None, [getattr(tree, "child", None)]))
    return 1 + max(map(depth, below), default=0)


def check(tree: Query) -> int:
    """A tree stays within its bounds and asks for nothing hidden; how many leaves it has."""
    match tree:
        case Everything():
            return 0
        case Term() | Phrase() | Prefix() | Fuzzy():
            assert tree.text.strip() and tree.field in (None, "title", "names", "topics")
            assert not isinstance(tree, Fuzzy) or 1 <= tree.distance <= 2
            return 1
        case Value():
            assert tree.facet in FACETS
            return 1
        case Years():
            return 1
        case Not():
            return check(tree.child)
        case And() | Or() | AtLeast():
            assert len(tree.children) > 1
            assert not isinstance(tree, AtLeast) or 0 < tree.minimum < len(tree.children)
            return sum(map(check, tree.children))
        case Best() | Weighted():
            raise AssertionError("nobody types these")


_PIECES = st.sampled_from(
    [
        "a1",
        "the",
        "AND",
        "OR",
        "NOT",
        "-",
        "(",
        ")",
        '"',
        "title:",
        "year:",
        "2019",
        "city:",
        "*",
        "~",
        "~2",
        "x*",
        ":",
        "“",
        "가",
        " ",
    ]
)


@given(
    st.text(max_size=200) | st.lists(_PIECES, max_size=60).map(" ".join) | st.lists(_PIECES, max_size=60).map("".join)
)
@example("NOT)")
def test_any_text_is_read(typed: str) -> None:
    assert check(parse(typed, LABELS).tree) <= MAX_LEAVES
