"""Files of the library: read strictly, written the same way each time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.domain.errors import Invalid, Problem
from kb.text import frontmatter
from kb.text.frontmatter import dump, parse


def problem_of(data: bytes) -> Problem:
    with pytest.raises(Invalid) as caught:
        parse(data)
    (problem,) = caught.value.problems
    assert "\n" not in str(problem)
    return problem


def header_of(text: str) -> dict[str, object]:
    return parse(f"---\n{text}\n---\n".encode()).header


def test_header_body_and_lines() -> None:
    text = parse(
        b"---\n# a comment\ntitle: City\nevidence:\n  level: 2\n  links: []\nsources:\n"
        b"  - title: Plan\n    url: https://a.example/\n  - {title: Report, accessed: 2026-11-23}\n---\n\n\nHello\n\n\n"
    )
    assert text.header == {
        "title": "City",
        "evidence": {"level": 2, "links": []},
        "sources": [
            {"title": "Plan", "url": "https://a.example/"},
            {"title": "Report", "accessed": dt.date(2026, 11, 23)},
        ],
    }
    assert text.body == "Hello\n"
    assert text.lines == {
        "title": 3,
        "evidence": 4,
        "evidence.level": 5,
        "evidence.links": 6,
        "sources": 7,
        "sources.0": 8,
        "sources.0.title": 8,
        "sources.0.url": 9,
        "sources.1": 10,
        "sources.1.title": 10,
        "sources.1.accessed": 10,
    }


@pytest.mark.parametrize(
    ("plain", "value"),
    [
        *((word, word) for word in ("NO", "no", "yes", "on", "off", "y", "True", "FALSE", "Null", "None")),
        *((word, word) for word in ("0755", "0o17", "0x1F", "1_000", "12:30", "1:30:00", "+5", ".5", "5.", "1e")),
        *((word, word) for word in ("2024-05", "2024-02-31", "0000-01-01", "2024-05-01T10:00:00", "<<")),
        ("true", True), ("false", False), ("null", None), ("~", None), ("", None),
        ("0", 0), ("-7", -7), ("9007199254740993", 9007199254740993), ("2.50", 2.5), ("-0.5", -0.5), ("1e3", 1000.0),
        ("2024-02-29", dt.date(2024, 2, 29)), ('"2024-02-29"', "2024-02-29"), ("'true'", "true"), ('"7"', "7"),
        ("한글 제목", "한글 제목"), ('"\\u00e9"', "é"),
    ],
)  # fmt: skip
def test_what_plain_words_mean(plain: str, value: object) -> None:
    read = header_of(f"a: {plain}")["a"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("data", "line", "field", "words"),
    [
        (b"", 1, "", "must begin"),
        (b"title: x\n", 1, "", "must begin"),
        (b"\n---\na: 1\n---\n", 1, "", "must begin"),
        (b"---\na: 1\n", 1, "", "does not end"),
        (b"---\n- a\n---\n", 1, "", "fields"),
        (b"---\njust words\n---\n", 1, "", "fields"),
        (b"---\na: 1\nb: 2\na: 3\n---\n", 4, "a", "second time"),
        (b"---\na:\n  - {b: 1, b: 2}\n---\n", 3, "a.0.b", "second time"),
        (b"---\na: &x 1\n---\n", 2, "a", "Anchors"),
        (b"---\na: 1\nb: *x\n---\n", 3, "b", "Anchors"),
        (b"---\n&x a: 1\n---\n", 2, "", "Anchors"),
        (b"---\na: !!str 1\n---\n", 2, "a", "Tags"),
        (b"---\na: !!python/object/apply:os.system [ls]\n---\n", 2, "a", "Tags"),
        (b"---\na:\n  - ! x\n---\n", 3, "a.0", "Tags"),
        (b"---\n1.3: 5\n---\n", 2, "", "name must be text"),
        (b"---\na:\n  [b, c]: 1\n---\n", 3, "a", "name must be text"),
        (b"---\na: .inf\n---\n", 2, "a", "number"),
        (b"---\na: -.INF\n---\n", 2, "a", "number"),
        (b"---\na: .nan\n---\n", 2, "a", "number"),
        (b"---\na: 1e999\n---\n", 2, "a", "number"),
        (b"---\na: " + b"9" * 9000 + b"\n---\n", 2, "a", "number"),
        (b"---\na: b: c\n---\n", 2, "", "not YAML"),
        (b"---\na: 1\nb: 'x\nc: 2\n---\n", 3, "", "not YAML"),
        (b"---\na: [1, 2\n---\n", 2, "", "not YAML"),
        (b"---\n\ta: 1\n---\n", 2, "", "not YAML"),
        (b"---\na: 1\n...\nb: 1\n---\n", 4, "", "not YAML"),
        (b"---\na: " + b"[" * 9 + b"]" * 9 + b"\n---\n", 2, "a.0.0.0.0.0.0.0", "nested"),
        (b"---\na: " + b"[" * 60_000 + b"\n---\n", 2, "a.0.0.0.0.0.0.0", "nested"),
        (b"---\n" + b"".join(b" " * n + b"a:\n" for n in range(9)) + b"---\n", 10, ".".join("a" * 8), "nested"),
        ("---\na: 1\ntitle: Málaga\n---\n".encode("latin-1"), 3, "", "E1"),
        (b"\xef\xbb\xbf---\ra: 1\r\r\xff", 4, "", "FF"),
        ("---\na: 1\n---\n".encode("utf-16"), 1, "", "UTF-8"),
        (b"---\na: 1\n---\nx\n\0\n", 5, "", "U+0000"),
        (b"---\na: \x1b[31m\n---\n", 2, "", "U+001B"),
        ("---\na: 1\n---\n\x85".encode(), 4, "", "U+0085"),
        (b"---\na: " + b"x" * frontmatter.HEADER_LIMIT + b"\n---\n", 1, "", "header is too large"),
        (b"---\na: 1\n---\n" + b"x\n" * (frontmatter.BODY_LIMIT // 2 + 1), 4, "", "too long"),
        (b"\xff" * (frontmatter.FILE_LIMIT + 1), None, "", "file is too large"),
    ],
)  # fmt: skip
def test_what_is_refused(data: bytes, line: int | None, field: str, words: str) -> None:
    problem = problem_of(data)
    assert (problem.line, problem.field) == (line, field)
    assert words in str(problem)


def test_depth_up_to_the_limit() -> None:
    assert header_of("a: " + "[" * 7 + "]" * 7) == {"a": [[[[[[[]]]]]]]}


def test_byte_order_mark_and_line_ends() -> None:
    unix = b"---\na: x\n---\n\nOne\ntwo\n"
    for written in (b"\xef\xbb\xbf" + unix, unix.replace(b"\n", b"\r\n"), unix.replace(b"\n", b"\r")):
        assert parse(written) == parse(unix)


def test_limits_are_inclusive() -> None:
    header = b"a: " + b"x" * (frontmatter.HEADER_LIMIT - 4) + b"\n"
    body = b"x" * (frontmatter.BODY_LIMIT - 1) + b"\n"
    assert parse(b"---\n" + header + b"---\n" + body).body == body.decode()


def test_an_empty_header_and_an_empty_body() -> None:
    assert parse(b"---\n---\n").header == {}
    assert parse(b"---\n---").body == ""
    assert dump({}, "\n \n") == "---\n---\n"


def test_the_first_line_keeps_its_indentation() -> None:
    assert parse(b"---\n---\n \n\n    code\n").body == "    code\n"


def test_how_it_is_written() -> None:
    header = {
        "title": "Learning: a city",
        "country": "NO",
        "name": "서울특별시 양천구",
        "period": {"start": "2015", "end": "2018-05"},
        "confirmed": dt.date(2026, 11, 23),
        "sources": [{"title": "Plan #1", "url": "https://a.example/?a=1#b", "pages": [1, 2.5]}, {"title": "x " * 100}],
        "key_features": ["1.2", "a"],
        "peer_reviewed": False,
        "question": "One\n\n  two",
        "method": "One\n\ntwo: #2",
        "notes": {},
        "links": [],
        "limits": None,
        "odd": " a\u2028\x85\ufeff\t",
        "matrix": [[1, [2]], []],
    }
    text = dump(header, "\nHello\n\n")
    assert text == (
        "---\n"
        'title: "Learning: a city"\n'
        'country: "NO"\n'
        "name: 서울특별시 양천구\n"
        "period:\n"
        '  start: "2015"\n'
        '  end: "2018-05"\n'
        "confirmed: 2026-11-23\n"
        "sources:\n"
        '  - title: "Plan #1"\n'
        "    url: https://a.example/?a=1#b\n"
        "    pages:\n"
        "      - 1\n"
        "      - 2.5\n"
        f'  - title: "{"x " * 100}"\n'
        "key_features:\n"
        '  - "1.2"\n'
        "  - a\n"
        "peer_reviewed: false\n"
        'question: "One\\n\\n  two"\n'
        "method: |-\n"
        "  One\n"
        "\n"
        "  two: #2\n"
        "notes: {}\n"
        "links: []\n"
        "limits: null\n"
        'odd: " a\\u2028\\u0085\\ufeff\\t"\n'
        "matrix:\n"
        "  - - 1\n"
        "    - - 2\n"
        "  - []\n"
        "---\n"
        "\n"
        "Hello\n"
    )
    assert parse(text.encode()).header == header


@pytest.mark.parametrize("value", [float("nan"), float("inf"), dt.datetime(2026, 1, 1), b"x", {1}, object()])
def test_what_can_not_be_written(value: object) -> None:
    with pytest.raises(TypeError):
        dump({"a": value}, "")


TRAPS = """no Yes ON y null ~ true .inf .nan 0x1 0o7 007 1:30 1e3 -1 +1 1_0 2024-01-01 - -a ? : a: #a a #b c {a} [a]
    *a &a !a %a @a `a |a >a ' " '' --- ... << = , a,b \\ /"""
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
lines = st.lists(words, max_size=4).map("\n".join)
traps = st.sampled_from(TRAPS.split())
scalars = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.dates() | words | lines | traps | st.tuples(traps, traps).map(" ".join)
)  # fmt: skip
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | traps
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)
headers = st.dictionaries(keys, values, max_size=6).filter(lambda header: depth_of(header) <= frontmatter.DEPTH_LIMIT)
bodies = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\n\t"),
    max_size=80,
)


def depth_of(value: object) -> int:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


@settings(deadline=None)  # other work shares the machine
@given(headers, bodies)
def test_what_is_written_is_read_the_same(header: dict[str, object], body: str) -> None:
    written = dump(header, body)
    read = parse(written.encode())
    assert repr(read.header) == repr(header)  # so that 1, 1.0 and True differ
    assert dump(read.header, read.body) == written
    assert read.body.strip() == body.strip()


@settings(deadline=None)  # other work shares the machine
@given(headers)
def test_other_readers_of_yaml_understand_it_too(header: dict[str, object]) -> None:
    written = dump(header, "").removeprefix("---\n").removesuffix("---\n")
    read = yaml.safe_load(written) or {}
    texts = {key for key, value in header.items() if isinstance(value, str)}
    assert {key: read[key] for key in texts} == {key: header[key] for key in texts}


@settings(deadline=None)  # other work shares the machine
@given(
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: f"---\n{text}\n---\n{text}".encode(errors="replace"))
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        text = parse(data)
    except Invalid as error:
        assert all(problem.line is None or problem.line >= 1 for problem in error.problems)
    else:
        assert parse(dump(text.header, text.body).encode()).header == text.header
