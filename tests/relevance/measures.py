"""Measures of ranked lists (Manning, Raghavan, Schütze: Introduction to Information Retrieval, chapter 8)."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence


def recall(found: Sequence[str], wanted: Collection[str], depth: int) -> float:
    """Share of the wanted that stands among the first; of more wanted than places, the share of the places."""
    return len({*found[:depth]} & {*wanted}) / min(depth, len(wanted))


def reciprocal_rank(found: Sequence[str], wanted: Collection[str]) -> float:
    """One by the place of the first wanted one, 0 where there is none."""
    return next((1 / place for place, one in enumerate(found, 1) if one in wanted), 0.0)


def ndcg(found: Sequence[str], grades: Mapping[str, int], depth: int = 10) -> float:
    """Discounted gain of the first places by that of the best order there is; the gain is the grade."""
    best = sorted(grades.values(), reverse=True)[:depth]
    return _gain([grades.get(one, 0) for one in found[:depth]]) / _gain(best)


def _gain(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(place + 1) for place, grade in enumerate(grades, 1))
