"""Joining the arms: what is added, what stays in, what decides."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.search.fusion import FLOOR, MOST, OUTLIER, Fused, fuse

N = 200


def _fuse(
    words: dict[int, float], near: dict[int, float], *, hidden: tuple[int, ...] = (), within: set[int] | None = None,
    languages: dict[int, int] | None = None, own: int = 0,
) -> Fused:  # fmt: skip
    mask = np.zeros(N, np.bool_)
    score = np.zeros(N, np.float32)
    mask[[*words]], score[[*words]] = True, [*words.values()]
    cosines = np.random.default_rng(1).normal(0, 0.02, N).astype(np.float32)
    cosines[[*near]] = [*near.values()]
    visible = np.ones(N, np.bool_)
    visible[[*hidden]] = False
    allowed = np.ones(N, np.bool_) if within is None else np.isin(np.arange(N), [*within])
    tags = np.zeros(N, np.int32)
    for document, language in (languages or {}).items():
        tags[document] = language
    return fuse(mask, score, cosines, allowed, visible, tags, tags == own)


def test_what_is_near_joins_what_the_words_found() -> None:
    found = _fuse({3: 2.0, 4: 1.0}, {3: 0.5, 9: 0.6})
    assert set(np.flatnonzero(found.mask)) == {3, 4, 9}
    assert set(np.flatnonzero(found.meant)) == {3, 9}
    assert (found.score[found.mask] > 0).all()
    assert (found.score[~found.mask] == 0).all()
    assert found.score[3] > found.score[4]


def test_nothing_is_near_when_all_are_alike_or_far() -> None:
    assert not _fuse({}, {}).mask.any()
    assert not _fuse({}, {5: FLOOR - 0.01}).mask.any()
    assert set(np.flatnonzero(_fuse({7: 1.0}, {}).mask)) == {7}


def test_meaning_adds_only_what_may_be_added() -> None:
    found = _fuse({1: 1.0}, {5: 0.6, 6: 0.6}, within={6})
    assert set(np.flatnonzero(found.mask)) == {1, 6}


def test_hidden_documents_neither_come_in_nor_shape_the_scale() -> None:
    found = _fuse({1: 1.0}, {5: 0.6, 8: 0.5}, hidden=(5,))
    assert not found.meant[5]
    other = _fuse({1: 1.0}, {5: -0.9, 8: 0.5}, hidden=(5,))
    assert np.array_equal(found.score, other.score)


def test_a_match_counts_by_the_best_of_its_language() -> None:
    near = {1: 0.4, 2: 0.4, 3: 0.4}
    found = _fuse({1: 40.0, 2: 4.0, 3: 20.0}, near, languages={2: 1}, own=5)
    assert found.score[1] == found.score[2] > found.score[3]


def test_the_own_language_comes_first_among_equals() -> None:
    found = _fuse({}, {1: 0.5, 2: 0.5}, languages={1: 1, 2: 2}, own=2)
    assert found.score[2] > found.score[1]


def test_a_text_without_a_vector_is_found_by_its_words() -> None:
    found = _fuse({1: 1.0, 2: 1.0}, {1: float("nan"), 2: 0.4})
    assert set(np.flatnonzero(found.mask)) == {1, 2}
    nothing = fuse(
        np.ones(2, np.bool_), np.ones(2, np.float32), np.full(2, np.nan, np.float32), np.ones(2, np.bool_),
        np.ones(2, np.bool_), np.zeros(2, np.int32), np.zeros(2, np.bool_),
    )  # fmt: skip
    assert nothing.mask.all()
    assert not nothing.meant.any()


@given(st.dictionaries(st.integers(0, N - 1), st.floats(0.125, 50, width=32), max_size=30),
       st.dictionaries(st.integers(0, N - 1), st.floats(-1, 1, width=32), max_size=150))  # fmt: skip
@settings(max_examples=60)
def test_words_always_stay_and_meaning_is_bounded(words: dict[int, float], near: dict[int, float]) -> None:
    found = _fuse(words, near)
    assert found.mask[[*words]].all()
    assert found.meant.sum() <= MOST
    assert np.array_equal(found.mask, found.meant | np.isin(np.arange(N), [*words]))
    assert np.isfinite(found.score).all()
    assert OUTLIER > 0
