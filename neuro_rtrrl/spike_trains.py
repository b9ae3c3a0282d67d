"""What one tells a population's spike trains by: their rate, irregularity and synchrony, with sampling errors.

Definitions: coefficient of variation of the intervals between spikes (Softky & Koch 1993); synchrony as the variance
of the population's mean over the mean variance of its neurons, of spike counts in bins (Golomb & Rinzel 1993, chi
squared).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

__all__ = ["Statistic", "TrainStatistics", "train_statistics"]

SEGMENTS = 10
BIN = 5e-3  # seconds, for synchrony


@dataclass(frozen=True)
class Statistic:
    """A number and its standard error, from equal segments of the run; NaN where there are too few spikes."""

    value: float
    error: float

    def agrees(self, other: Statistic, errors: float = 4.0) -> bool:
        """Whether two numbers are no further apart than so many standard errors of their difference."""
        if np.isnan(self.value) or np.isnan(other.value):
            return bool(np.isnan(self.value) and np.isnan(other.value))
        allowed = errors * float(np.hypot(np.nan_to_num(self.error), np.nan_to_num(other.error)))
        return abs(self.value - other.value) <= allowed


@dataclass(frozen=True)
class TrainStatistics:
    """Mean rate of a neuron (hertz), mean coefficient of variation, synchrony (0 asynchronous, 1 in unison)."""

    rate: Statistic
    variation: Statistic
    synchrony: Statistic

    def agrees(self, other: TrainStatistics) -> bool:
        """Whether all three agree within their sampling errors."""
        return all(getattr(self, name).agrees(getattr(other, name)) for name in vars(self))

    def as_dict(self) -> dict[str, dict[str, float]]:
        """Return name → value and error."""
        return {name: vars(each).copy() for name, each in vars(self).items()}


def train_statistics(
    steps: np.ndarray, neurons: np.ndarray, size: int, dt: float, length: int
) -> TrainStatistics:
    """Return the statistics of ``size`` spike trains.

    Parameters
    ----------
    steps, neurons : int arrays (spikes,)
        When, in steps of ``dt`` from 0, and who; in the order of time.
    size, length : int
        Number of neurons, and of steps.
    dt : float
        Seconds.
    """
    edges = np.linspace(0, length, SEGMENTS + 1)
    values = []
    for first, last in pairwise(edges):
        inside = slice(*np.searchsorted(steps, (first, last)))
        seconds = (last - first) * dt
        values.append(_of_segment(steps[inside] - first, neurons[inside], size, dt, seconds))
    whole = _of_segment(steps, neurons, size, dt, length * dt)
    return TrainStatistics(
        *(
            Statistic(value, _error(column))
            for value, column in zip(whole, zip(*values, strict=True), strict=True)
        )
    )


def _error(values: tuple[float, ...]) -> float:
    known = np.array([value for value in values if not np.isnan(value)])
    return float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else float("nan")


def _of_segment(
    steps: np.ndarray, neurons: np.ndarray, size: int, dt: float, seconds: float
) -> tuple[float, float, float]:
    return (
        len(steps) / size / seconds,
        _variation(steps, neurons),
        _synchrony(steps * dt, neurons, size, seconds),
    )


def _variation(steps: np.ndarray, neurons: np.ndarray) -> float:
    """Return the mean over neurons with three spikes or more."""
    order = np.lexsort((steps, neurons))
    intervals = np.diff(steps[order])
    same = np.diff(neurons[order]) == 0
    owner, intervals = neurons[order][1:][same], intervals[same]
    if not len(intervals):
        return float("nan")
    count = np.bincount(owner)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(owner, intervals) / count
        square = np.bincount(owner, intervals**2.0) / count
        variations = np.sqrt(np.maximum(square - mean**2, 0)) / mean
    known = variations[count >= 2]
    return float(known.mean()) if len(known) else float("nan")


def _synchrony(times: np.ndarray, neurons: np.ndarray, size: int, seconds: float) -> float:
    bins = max(1, int(seconds / BIN))
    place = np.minimum((times / seconds * bins).astype(int), bins - 1)
    counts = np.zeros((bins, size), np.int32)
    np.add.at(counts, (place, neurons), 1)
    single = counts.var(axis=0).mean()
    return float(counts.mean(axis=1).var() / single) if single > 0 else float("nan")
