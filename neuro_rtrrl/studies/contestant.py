"""A job whose row is a baseline: another learner on the row's task, scored as the circuit would be."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from neuro_rtrrl.graph import Circuit

__all__ = ["LaneEpisodes", "run_contestant"]


class LaneEpisodes:
    """The episodes of several lanes that run side by side, in the order in which they end.

    Decisions are counted over all lanes together: decision ``t`` of lane ``i`` of L is number ``t*L + i``.
    """

    def __init__(self) -> None:
        self._ticks = 0
        self._open: list[
            tuple[float, int]
        ] = []  # of each lane: what the running episode has earned, and its ticks
        self._ended: list[tuple[int, float, int]] = []

    def add(self, reward: np.ndarray, ended: np.ndarray) -> None:
        """Take in the next ticks; arrays are (lanes, n)."""
        lanes, count = reward.shape
        self._open = self._open or [(0.0, 0)] * lanes
        for lane in range(lanes):
            (earned, lasted), last = self._open[lane], -1
            for tick in np.flatnonzero(ended[lane]).tolist():
                total = earned + float(reward[lane, last + 1 : tick + 1].sum(dtype=np.float64))
                self._ended.append(((self._ticks + tick) * lanes + lane, total, lasted + tick - last))
                earned, lasted, last = 0.0, 0, tick
            rest = float(reward[lane, last + 1 :].sum(dtype=np.float64))
            self._open[lane] = earned + rest, lasted + count - 1 - last
        self._ticks += count

    @property
    def made(self) -> int:
        """Decisions so far, of all lanes together."""
        return self._ticks * len(self._open)

    def columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return return, last decision and length of every episode that has ended, by last decision."""
        ended = sorted(self._ended)
        end, total, length = zip(*ended, strict=True) if ended else ((), (), ())
        return np.array(total, np.float64), np.array(end, np.int64), np.array(length, np.int64)


class Stand(NamedTuple):
    """Where it stands, as :class:`~neuro_rtrrl.progress.Progress` says it."""

    done: int
    total: int
    rate: float
    recent_return: float | None


def run_contestant(
    circuit: Circuit,
    baseline: str,
    seed: int,
    decisions: int,
    settings: Mapping[str, float],
    progress: Callable[[Any], None] | None = None,
) -> tuple[LaneEpisodes, float]:
    """Train a baseline on a circuit's task; return its episodes and the seconds that it took."""
    from neuro_rtrrl.baselines import run_baseline
    from neuro_rtrrl.programs import make_environment

    began = time.perf_counter()
    environment, episodes = make_environment(circuit), LaneEpisodes()
    assert environment is not None, "a study's circuits have one"

    def take(reward: np.ndarray, ended: np.ndarray) -> None:
        episodes.add(np.asarray(reward), np.asarray(ended))
        if progress is not None:
            number = int(np.sum(ended))
            recent = float(np.sum(reward)) / number if number else None
            rate = episodes.made / (time.perf_counter() - began)
            progress(Stand(min(episodes.made, decisions), decisions, rate, recent))

    run_baseline(environment, baseline, seed, decisions, dict(settings) or None, take)
    return episodes, time.perf_counter() - began
