"""The world as SVG, made here: no tiles, no other host.

The projection is Equal Earth (Šavrič, Patterson, Jenny 2018, https://doi.org/10.1080/13658816.2018.1504949): areas are
true, so that no continent looks larger than it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from kb.web.coasts import COASTS

_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796
_M = math.sqrt(3) / 2
_UNIT = 180.0  # SVG units to one of the projection's, which make the world about 975 wide
NORTH, SOUTH = 78.0, -56.0
Point = tuple[float, float]


@lru_cache(maxsize=4096)
def project(lon: float, lat: float) -> Point:
    """Degrees to SVG units; the origin is where the equator meets Greenwich, y grows southwards."""
    theta = math.asin(_M * math.sin(math.radians(lat)))
    square = theta * theta
    slope = _A1 + 3 * _A2 * square + square**3 * (7 * _A3 + 9 * _A4 * square)
    x = math.radians(lon) * math.cos(theta) / (_M * slope)
    y = theta * (_A1 + _A2 * square + square**3 * (_A3 + _A4 * square))
    return round(x * _UNIT, 1), round(-y * _UNIT, 1)


@dataclass(frozen=True)
class Frame:
    """The part of the map that is shown, in SVG units."""

    x: float
    y: float
    width: float
    height: float

    @property
    def view_box(self) -> str:
        """As the SVG attribute wants it."""
        return f"{self.x:g} {self.y:g} {self.width:g} {self.height:g}"

    def __contains__(self, point: Point) -> bool:
        return 0 <= point[0] - self.x <= self.width and 0 <= point[1] - self.y <= self.height

    @property
    def scale(self) -> float:
        """How much smaller than the world the frame is: 1 for the world, so that dots can keep their size."""
        return self.width / WORLD.width


WORLD = Frame(
    project(-180, 0)[0], project(0, NORTH)[1], 2 * project(180, 0)[0], project(0, SOUTH)[1] - project(0, NORTH)[1]
)


def frame_of(points: Sequence[Point]) -> Frame:
    """The frame that holds the points with a margin, 1.9 to 2.8 times as wide as high; the world without points.

    A point in the west or east that lies more than a quarter of the width away from all others is left out: one city
    shall not make a hundred too small to tell apart.
    """
    if not points:
        return WORLD
    kept = sorted(points)
    gap = (kept[-1][0] - kept[0][0]) / 4
    while len(kept) > 2 and kept[1][0] - kept[0][0] > gap:
        kept.pop(0)
    while len(kept) > 2 and kept[-1][0] - kept[-2][0] > gap:
        kept.pop()
    xs, ys = [x for x, _ in kept], [y for _, y in kept]
    width, height = (max(xs) - min(xs)) * 1.1 + 24, (max(ys) - min(ys)) * 1.1 + 24
    proportion = min(max(width / height, 1.9), 2.8)
    width = max(width, height * proportion)
    if width >= WORLD.width:
        return WORLD
    middle_x, middle_y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    height = width / proportion
    return Frame(round(middle_x - width / 2, 1), round(middle_y - height / 2, 1), round(width, 1), round(height, 1))


def _path(points: Iterable[Point]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


@lru_cache(maxsize=1)
def land_path() -> str:
    """All coasts as one path, to be filled by the even-odd rule; long sides follow the projection's curves."""
    rings = []
    for ring in COASTS:
        points: list[Point] = []
        for (lon, lat), (next_lon, next_lat) in pairwise((*ring, ring[0])):
            parts = max(1, int(abs(next_lat - lat) // 8))
            points += [
                project(lon + (next_lon - lon) * part / parts, lat + (next_lat - lat) * part / parts)
                for part in range(parts)
            ]
        rings.append(_path(points) + "z")
    return "".join(rings)


@lru_cache(maxsize=1)
def grid_path() -> str:
    """Meridians and parallels every 30 degrees within the shown latitudes."""
    meridians = ([project(lon, lat) for lat in range(int(SOUTH), int(NORTH) + 1, 2)] for lon in range(-180, 181, 30))
    parallels = ([project(-180, lat), project(180, lat)] for lat in range(-30, 61, 30))
    return "".join(_path(line) for line in (*meridians, *parallels))


def dots_path(places: Iterable[tuple[float, float]]) -> str:
    """Longitude-latitude pairs as points of one path: strokes of no length with round caps."""
    return "".join(f"M{x:.0f} {y:.0f}h0" for x, y in (project(lon, lat) for lon, lat in places))
