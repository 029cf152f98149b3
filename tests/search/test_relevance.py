"""The judged queries are well formed, and the words arm finds what it found when they were first measured."""

from __future__ import annotations

import statistics
from collections import Counter

import pytest
from babel import Locale

from config import ROOT
from kb.runtime import Runtime
from tests.relevance.arms import ARMS, ask
from tests.relevance.judged import GROUPS, read_group
from tests.relevance.measures import ndcg, recall, reciprocal_rank

_WORDS = next(arm for arm in ARMS if arm.name == "+ thesaurus")

_ALL = ARMS[-1]


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_of_judged_queries_is_well_formed(group: str) -> None:
    judged = read_group(group)
    assert len(judged) >= 60
    assert max(Counter((one.query.casefold(), one.language) for one in judged).values()) == 1
    halves = Counter(one.split for one in judged)
    assert set(halves) == {"tune", "check"}
    assert abs(halves["tune"] - halves["check"]) <= 1
    for one in judged:
        assert one.query == one.query.strip() != ""
        Locale.parse(one.language)  # raises where there is no such language
        assert one.works or one.avoid, one
        assert set(one.works.values()) <= {1, 2, 3}
        assert len(one.works) <= 10
        assert not one.avoid & set(one.works)
        for work in (*one.works, *one.avoid):
            assert (ROOT / "content" / work).is_dir(), work
        assert bool(one.meant) == (group == "typing_errors")


def _languages(work: str) -> set[str]:
    return {path.stem.split("-")[0] for path in (ROOT / "content" / work).glob("*.md")}


def test_wanted_works_exist_in_the_language_of_the_query_or_in_others_only() -> None:
    for one in read_group("same_language"):
        assert any(one.language in _languages(work) for work in one.wanted), one
    for one in read_group("across_languages"):
        assert not any(one.language in _languages(work) for work in one.wanted), one


def test_the_measures_are_those_of_the_textbook() -> None:
    found = ["x", "b", "y", "a"]
    assert recall(found, {"a", "b"}, 2) == 0.5
    assert recall(found, {"a", "b"}, 1) == 0
    assert recall(["a"], {"a", "b"}, 1) == 1
    assert reciprocal_rank(found, {"a", "b"}) == 0.5
    assert reciprocal_rank(found, {"z"}) == 0
    assert ndcg(["a", "b"], {"a": 3, "b": 1}) == 1
    assert ndcg(["b", "a"], {"a": 3, "b": 1}) == pytest.approx((1 + 3 / 1.58496) / (3 + 1 / 1.58496), abs=1e-4)
    assert ndcg([], {"a": 3}) == 0


# Five points under what was reached on the half for tuning: a fall through one of these is a loss, not chance.
@pytest.mark.parametrize(
    ("group", "floor"), [("same_language", 0.83), ("korean_spacing", 0.92), ("names", 0.51), ("field_words", 0.35)]
)
def test_the_words_arm_finds_what_it_found(parts: Runtime, group: str, floor: float) -> None:
    found = [recall(ask(_WORDS, parts, one).works, one.wanted, 5) for one in read_group(group, "tune")]
    assert statistics.fmean(found) >= floor


# Likewise both arms together.
@pytest.mark.parametrize(
    ("group", "floor"),
    [("same_language", 0.93), ("across_languages", 0.85), ("korean_spacing", 0.94), ("typing_errors", 0.85)],
)
def test_both_arms_find_what_they_found(embedded: Runtime, group: str, floor: float) -> None:
    judged = read_group(group, "tune")
    found = [bool(set(ask(_ALL, embedded, one).works[:5]) & set(one.wanted)) for one in judged]
    assert statistics.fmean(found) >= floor


def test_words_with_two_meanings_lead_the_words_arm_astray_once_at_most(parts: Runtime) -> None:
    asked = read_group("traps", "tune")
    false = [work for one in asked for work in ask(_WORDS, parts, one).works[:5] if work in one.avoid]
    assert len(false) <= 1
