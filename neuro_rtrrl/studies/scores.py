"""The scores of one seed, from the episodes of its run.

The paper reports the best of its evaluations, each ten episodes apart from training; a run that learns online has no
such pauses, so what is taken here is the best window of training itself, beside two scores that no maximum flatters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np

__all__ = [
    "BINS",
    "MEANINGS",
    "Scores",
    "known_median",
    "learning_curve",
    "median_reached",
    "reached",
    "score",
]

BINS = 60

MEANINGS = {
    "best": "highest mean return of a window of {window} consecutive episodes (windows side by side from the first "
    "episode on; the whole run where it has fewer episodes)",
    "final": "mean return of the episodes that end in the last tenth of the run",
    "reached": "decisions until the mean return of the last {window} episodes first reaches the row's criterion, "
    "which stands beside it",
    "best_evaluation": "highest mean return of an evaluation ({episodes} first episodes after every {every:,} "
    "decisions, weights and running statistics frozen, actions sampled)",
    "area": "area under the learning curve divided by its length: the mean over all decisions of the return of the "
    "episode that each belongs to",
}


@dataclass(frozen=True)
class Scores:
    """What one seed reached; NaN where no episode ended."""

    best: float
    final: float
    area: float
    episodes: int

    def as_dict(self) -> dict[str, Any]:
        """Return the scores for JSON: what is NaN becomes null."""
        return {key: _plain(value) for key, value in asdict(self).items()}


def score(
    total: np.ndarray, end: np.ndarray, decisions: int, window: int, length: np.ndarray | None = None
) -> Scores:
    """Score one seed.

    Parameters
    ----------
    total, end : array (E,)
        Return of each finished episode and the decision (from 0) in which it ended, in the order of the run.
    decisions : int
        Length of the run.
    window : int
        Episodes in a window.
    length : array (E,), optional
        Decisions of each episode, where they do not follow one another.
    """
    total, end = np.asarray(total, np.float64), np.asarray(end, np.int64)
    if not len(total):
        return Scores(math.nan, math.nan, math.nan, 0)
    whole = len(total) // window
    windows = total[: whole * window].reshape(whole, window).mean(axis=1) if whole else total.mean()
    last = total[end * 10 // decisions >= 9]
    lengths = np.diff(end, prepend=-1) if length is None else length
    return Scores(
        best=float(np.max(windows)),
        final=float(last.mean()) if len(last) else math.nan,
        area=float(np.average(total, weights=lengths)),
        episodes=len(total),
    )


def reached(total: np.ndarray, end: np.ndarray, window: int, criterion: float) -> tuple[int, int] | None:
    """Return after how many decisions, and episodes, the mean of the last ``window`` returns reaches ``criterion``.

    None where it never does.
    """
    total = np.asarray(total, np.float64)
    if len(total) < window:
        return None
    sums = np.concatenate([[0.0], np.cumsum(total)])
    good = np.flatnonzero((sums[window:] - sums[:-window]) / window >= criterion)
    if not len(good):
        return None
    last = int(good[0]) + window - 1
    return int(end[last]) + 1, last + 1


def learning_curve(total: np.ndarray, end: np.ndarray, decisions: int) -> list[float | None]:
    """Return the mean return of the episodes that end in each of 60 equal parts of a run; None where none does."""
    place = np.asarray(end, np.int64) * BINS // decisions
    number = np.bincount(place, minlength=BINS)
    summed = np.bincount(place, weights=np.asarray(total, np.float64), minlength=BINS)
    return [float(total / count) if count else None for total, count in zip(summed, number, strict=True)]


def known_median(values: Sequence[float | None]) -> float | None:
    """Return the median of the values that there are, None of none."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def median_reached(values: Sequence[float | None]) -> float | None:
    """Return the median where None stands for never, and is later than anything; None is then never, too."""
    known = median(math.inf if value is None else value for value in values) if values else math.inf
    return known if math.isfinite(known) else None


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
