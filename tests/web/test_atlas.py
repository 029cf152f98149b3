"""The map's geometry."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.web import atlas

LONGITUDES = st.floats(-180, 180)
LATITUDES = st.floats(-90, 90)


def test_equal_earth_has_the_shape_that_its_paper_gives() -> None:
    """2.05458 times as wide as high, poles 0.59247 as long as the equator (Šavrič, Patterson, Jenny 2018)."""
    (equator, _), (pole, top) = atlas.project(180, 0), atlas.project(180, 90)
    assert equator / -top == pytest.approx(2.05458, rel=1e-3)
    assert pole / equator == pytest.approx(0.59247, rel=1e-3)


@given(LONGITUDES, LATITUDES)
def test_west_mirrors_east_and_south_mirrors_north(lon: float, lat: float) -> None:
    x, y = atlas.project(lon, lat)
    assert atlas.project(-lon, -lat) == (-x, -y)


@given(LATITUDES, st.floats(5, 20))
def test_areas_are_true(lat: float, step: float) -> None:
    """A band of latitude has the share of the map that it has of the sphere."""
    top, bottom = min(lat + step, 89), max(min(lat, 88), -89)

    def band() -> float:
        parts = 200
        edges = [bottom + (top - bottom) * part / parts for part in range(parts + 1)]
        points = [atlas.project(180, edge) for edge in edges]
        return sum((a[1] - b[1]) * (a[0] + b[0]) for a, b in pairwise(points))

    sphere = 2 * math.pi * (math.sin(math.radians(top)) - math.sin(math.radians(bottom))) * 180**2
    assert band() == pytest.approx(sphere, rel=0.02, abs=150)  # places are rounded to a tenth


@given(st.lists(st.tuples(st.floats(-480, 480), st.floats(-220, 180)), min_size=1, max_size=30))
def test_a_frame_leaves_out_only_what_lies_far_in_the_west_or_east(points: list[tuple[float, float]]) -> None:
    frame = atlas.frame_of(points)
    width = max(x for x, _ in points) - min(x for x, _ in points)
    for point in points:
        if point not in frame:
            others = [other for other in points if other in frame]
            assert min(abs(point[0] - other[0]) for other in others) > width / 8
    assert 1.85 < frame.width / frame.height < 2.85


def test_one_far_city_does_not_shrink_the_rest() -> None:
    near = [(float(x), 0.0) for x in range(100, 200, 10)]
    assert atlas.frame_of([*near, (-300.0, 0.0)]) == atlas.frame_of(near)


def test_nothing_is_the_whole_world() -> None:
    assert atlas.frame_of([]) == atlas.WORLD


def test_coasts_are_closed_shapes_on_the_globe() -> None:
    assert all(len(ring) > 2 for ring in atlas.COASTS)
    assert all(abs(lon) <= 180 and abs(lat) <= 90 for ring in atlas.COASTS for lon, lat in ring)
