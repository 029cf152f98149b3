"""Differences by words, and merges: what one may rely on, for any two texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kb.text.diff import Change, Piece, diff_headers, diff_texts, diff_words
from kb.text.merge import has_marks, merge

WORDS = st.lists(st.sampled_from(["the", "city", "learns", "도시", "学", " ", "\n", ".", "a-b"]), max_size=30).map(
    "".join
)
TEXTS = st.lists(st.sampled_from(["one", "two", "three", ""]), max_size=12).map(
    lambda lines: "".join(f"{line}\n" for line in lines)
)


def side(pieces: tuple[Piece, ...], without: Change) -> str:
    return "".join(piece.text for piece in pieces if piece.change is not without)


@given(WORDS, WORDS)
def test_both_texts_can_be_read_from_their_difference(old: str, new: str) -> None:
    pieces = diff_words(old, new)
    assert side(pieces, Change.ADDED) == old
    assert side(pieces, Change.REMOVED) == new
    assert all(piece.text for piece in pieces)


@given(WORDS, WORDS)
def test_nothing_is_lost_line_by_line_either(old: str, new: str) -> None:
    lines = diff_texts(old, new, context=None)
    added = "".join(side(line.pieces, Change.REMOVED) for line in lines)
    removed = "".join(side(line.pieces, Change.ADDED) for line in lines)
    assert added == new.replace("\n", "")
    assert removed == old.replace("\n", "")


def test_a_changed_word_is_found_in_its_sentence() -> None:
    assert diff_words("The city learns.", "The town learns.") == (
        Piece(Change.SAME, "The "), Piece(Change.REMOVED, "city"), Piece(Change.ADDED, "town"),
        Piece(Change.SAME, " learns."),
    )  # fmt: skip
    assert Piece(Change.ADDED, "习") in diff_words("学城", "学习城")


def test_what_is_far_from_a_change_is_left_out() -> None:
    old = "".join(f"line {number}\n" for number in range(50))
    lines = diff_texts(old, old.replace("line 20\n", "line twenty\n"))
    assert [line.skipped for line in lines if line.skipped] == [18, 27]
    assert sum(line.changed for line in lines) == 1
    assert diff_texts(old, old) == [diff_texts(old, old)[0]]
    assert diff_texts(old, old)[0].skipped == 50


def test_texts_that_would_take_minutes_are_shown_whole() -> None:
    one = "\n".join(f"{number % 7} a" for number in range(40_000))
    two = "\n".join(f"{number % 5} b" for number in range(40_000))
    assert diff_words(one, two) == (Piece(Change.REMOVED, one), Piece(Change.ADDED, two))
    assert len(diff_texts(one, two)) == 1
    assert diff_texts(one, one)[0].skipped == 40_000
    merged = merge(({}, "x\n"), ({}, one), ({}, two))
    assert merged.clashing
    assert has_marks(merged.body)


def test_fields_that_differ_are_named() -> None:
    changes = diff_headers(
        {"title": "A", "sdgs": [4], "period": {"start": "2020"}, "stage": "pilot"},
        {"title": "A", "sdgs": [4, 11], "period": {"start": "2021"}, "cost_band": 2},
    )
    assert [change.name for change in changes] == ["sdgs", "period", "cost_band", "stage"]
    assert side(changes[1].pieces, Change.REMOVED) == "start: 2021"


@given(TEXTS, TEXTS)
def test_one_sided_changes_are_taken_whole(base: str, changed: str) -> None:
    assert merge(({}, base), ({}, changed), ({}, base)).body == changed
    assert merge(({}, base), ({}, base), ({}, changed)).body == changed
    assert merge(({}, base), ({}, changed), ({}, changed)).body == changed


@given(TEXTS, TEXTS, TEXTS)
def test_no_line_of_either_side_is_lost(base: str, mine: str, theirs: str) -> None:
    merged = merge(({}, base), ({}, mine), ({}, theirs))
    assert merged.clashing == has_marks(merged.body)
    kept = set(merged.body.splitlines())
    new = (set(mine.splitlines()) | set(theirs.splitlines())) - set(base.splitlines())
    assert new <= kept


def test_a_header_is_merged_field_by_field() -> None:
    base = {"title": "A", "stage": "pilot", "sdgs": [4], "contact": {"unit": "U"}}
    mine = {"title": "B", "stage": "running", "sdgs": [4]}
    theirs = {"title": "A", "stage": "ended", "sdgs": [4, 5], "contact": {"unit": "U"}}
    merged = merge((base, ""), (mine, ""), (theirs, ""))
    assert merged.header == {"title": "B", "stage": "running", "sdgs": [4, 5]}
    assert merged.fields == ("stage",)
    assert not merged.clashing
