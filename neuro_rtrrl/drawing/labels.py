"""Where to write a projection's name: on its curve, and on nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from neuro_rtrrl.drawing.layout import Point, text_width

__all__ = ["Box", "place_labels", "point_on"]


@dataclass(frozen=True)
class Box:
    """A rectangle by its centre and size."""

    x: float
    y: float
    width: float
    height: float

    def overlap(self, other: Box) -> float:
        """Return the area that both cover."""
        wide = (self.width + other.width) / 2 - abs(self.x - other.x)
        high = (self.height + other.height) / 2 - abs(self.y - other.y)
        return max(wide, 0.0) * max(high, 0.0)

    def count(self, points: np.ndarray) -> int:
        """Return how many of the points, shape (n, 2), lie inside."""
        apart = np.abs(points - (self.x, self.y))
        return int(np.count_nonzero((apart < (self.width / 2, self.height / 2)).all(axis=1)))


def point_on(curve: list[Point], place: float) -> Point:
    """Return the point at ``place`` in [0, 1] along a chain of cubic Bézier curves."""
    pieces = (len(curve) - 1) // 3
    piece = min(int(place * pieces), pieces - 1)
    t = place * pieces - piece
    a, b, c, d = curve[3 * piece : 3 * piece + 4]
    weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    return tuple(sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1))  # type: ignore[return-value]


def place_labels(
    curves: Mapping[str, list[Point]],
    labels: Mapping[str, str],
    obstacles: Iterable[Box],
    loops: Iterable[str],
    size: float,
    others: Iterable[list[Point]] = (),
) -> dict[str, Point]:
    """Choose for each label the place along its curve that covers the least of anything else.

    Boxes and other labels weigh most, curves (``others`` are those without a label) less, distance from the
    middle of the curve least.
    """
    taken, loops = list(obstacles), set(loops)
    samples = {name: [point_on(curve, step / 48) for step in range(49)] for name, curve in curves.items()}
    soft = [point_on(curve, step / 48) for curve in others for step in range(49)]
    points = np.array([point for each in (*samples.values(), soft) for point in each]).reshape(-1, 2)
    chosen: dict[str, Point] = {}
    # the loops have one good place, above; short curves have less choice than long ones
    for name in sorted(curves, key=lambda each: (each not in loops, _length(samples[each]))):
        lines = labels[name].split("\n")
        width = max(text_width(line, size) for line in lines) + 0.06
        height = size / 72 * 1.35 * len(lines)
        best: tuple[float, Point, Box] | None = None
        for x, y, cost in _candidates(curves[name], name in loops, (height - size / 72 * 1.35) / 2):
            box = Box(x, y, width, height)
            cost += 60 * sum(box.overlap(other) for other in taken)
            cost += 0.08 * box.count(points)  # its own curve's too: beside it reads better than on it
            if best is None or cost < best[0]:
                best = cost, (x, y), box
        assert best is not None
        chosen[name] = best[1]
        taken.append(Box(*best[1], best[2].width, best[2].height + 0.06))  # air between labels
    return chosen


def _candidates(curve: list[Point], loop: bool, taller: float) -> Iterable[tuple[float, float, float]]:
    if loop:
        x, y = point_on(curve, 0.5)
        for step in range(6):
            yield x, y + 0.1 + taller + 0.12 * step, 0.2 * step
        return
    for step in range(25, 76, 2):
        place = step / 100
        x, y = point_on(curve, place)
        away = abs(place - 0.5)
        for shift in (0.1, -0.12, 0.16, -0.18, 0.22, -0.24):  # above the curve rather than below it
            yield (
                x,
                y + (shift + taller if shift > 0 else shift - taller),
                1.2 * away * away + 0.6 * abs(shift + 0.01),
            )


def _length(points: list[Point]) -> float:
    return sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in itertools.pairwise(points))
