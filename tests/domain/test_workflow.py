"""The table of steps: what can happen to a revision, whatever is tried."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.domain.workflow import OPEN_STATES, STEPS, WRITABLE_STATES, Action, InvalidTransition, State, after, can_take


@given(st.lists(st.sampled_from(Action), max_size=12))
def test_whatever_is_tried_a_text_becomes_public_only_from_review(actions: list[Action]) -> None:
    state, way = State.DRAFT, [State.DRAFT]
    for action in actions:
        if not can_take(state, action):
            with pytest.raises(InvalidTransition) as raised:
                after(state, action)
            assert (raised.value.state, raised.value.action, raised.value.status) == (state, action, 409)
            assert str(raised.value)
            continue
        state = after(state, action)
        way.append(state)
    for before, then in pairwise(way):
        if then is State.PUBLISHED:
            assert before is State.IN_REVIEW
        if before is State.PUBLISHED:
            assert then is State.SUPERSEDED
        assert before not in (State.SUPERSEDED, State.WITHDRAWN)  # nothing leads out of them


def test_every_state_is_reached_and_every_action_used() -> None:
    assert {state for state, _ in STEPS} | set(STEPS.values()) == set(State)
    assert {action for _, action in STEPS} == set(Action)
    assert set(WRITABLE_STATES) < set(OPEN_STATES)
    for state in OPEN_STATES:
        assert can_take(state, Action.WITHDRAW)


def test_a_second_public_text_is_no_step_of_the_first() -> None:
    assert [state for (_, action), state in STEPS.items() if action is Action.PUBLISH] == [State.PUBLISHED]
    assert not can_take(State.PUBLISHED, Action.PUBLISH)
    assert not can_take(State.DRAFT, Action.PUBLISH)
