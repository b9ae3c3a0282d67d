"""A run as it goes: takes finished stretches, keeps time and the last sound state, notices what blows up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neuro_rtrrl.backends.chunk import Chunk, Program
from neuro_rtrrl.results import Episodes, Recorder

__all__ = ["Divergence", "Progress", "Run"]


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    ``recent_return`` is the mean return of the episodes that ended since the last report, None if none did;
    ``rate`` counts the decisions of all seeds per second since the first stretch, which compiles, and is 0 until the
    second.
    """

    done: int
    total: int
    seeds: int
    elapsed: float
    rate: float
    recent_return: float | None

    @property
    def seconds_left(self) -> float | None:
        """Estimated time to the end, None before the rate is known."""
        return (self.total - self.done) * self.seeds / self.rate if self.rate else None


@dataclass(frozen=True)
class Divergence:
    """The first variable seen not to be finite, of which seed, between which two decisions (inclusive)."""

    variable: str
    seed: int
    first: int
    last: int

    def __str__(self) -> str:
        place = f"decision {self.first:,}"
        if self.first != self.last:
            place = f"decisions {self.first:,} to {self.last:,}"
        return f"the run diverged: {self.variable} of seed {self.seed} is not finite, first seen in {place}"


class Run:
    """What has been made of a run so far.

    Attributes
    ----------
    done : int
        Decisions made, for each seed.
    state : dict of str to array
        The lasting variables after ``sound`` decisions: the last time all of them were finite (or what a first
        stretch that diverged has left).
    sound : int
    divergence : Divergence or None
    """

    def __init__(
        self,
        program: Program,
        total: int,
        began: float,
        recorder: Recorder,
        episodes: Episodes,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.program, self.total, self.began = program, total, began
        self.recorder, self.episodes, self.progress = recorder, episodes, progress
        self.done = self.sound = 0
        self.state: dict[str, np.ndarray] = {}
        self.divergence: Divergence | None = None
        self.first_seconds = 0.0
        self._first_done = 0
        self._elapsed = 0.0

    @property
    def seeds(self) -> tuple[int, ...]:
        """The numbers of the seeds."""
        return self.program.seeds

    @property
    def rate(self) -> float:
        """Decisions of all seeds per second after the first stretch, which compiles; 0 until there is more."""
        since = self._elapsed - self.first_seconds
        return (self.done - self._first_done) * len(self.seeds) / since if since > 0 else 0.0

    @property
    def average_rate(self) -> float:
        """:attr:`rate`, or that of the whole run where it was a single stretch."""
        return self.rate or (self.done * len(self.seeds) / self._elapsed if self._elapsed else 0.0)

    def take(self, chunk: Chunk) -> bool:
        """Keep one stretch and report; return whether the run must end because its numbers are not finite."""
        before = len(self.episodes)
        self.recorder.add(chunk)
        self.episodes.add(chunk)
        self.done += chunk.count
        # a copy: the backend goes on in the same memory, and an interruption may leave that half-way
        state = {key: np.array(value) for key, value in self.program.state().items()}
        self.divergence = find_divergence(chunk, state, self.seeds)
        if self.divergence is None or not self.state:
            self.state, self.sound = state, self.done
        self._elapsed = time.perf_counter() - self.began
        if not self.first_seconds:
            self.first_seconds, self._first_done = self._elapsed, self.done
        if self.progress is not None:
            recent = _mean_return(chunk) if len(self.episodes) > before else None
            report = Progress(self.done, self.total, len(self.seeds), self._elapsed, self.rate, recent)
            self.progress(report)
        return self.divergence is not None


def find_divergence(chunk: Chunk, state: dict[str, np.ndarray], seeds: tuple[int, ...]) -> Divergence | None:
    """Return the first value of a stretch, or of the state after it, that is not finite.

    What is recorded tells the very decision; the rest only the stretch.
    """
    found: list[Divergence] = []
    for key, values in {"reward": chunk.reward, **chunk.records}.items():
        finite = np.isfinite(values)
        if not finite.all():
            seed, decision = _first_bad(finite)
            if values.shape[1] != chunk.count:  # kept now and then: only the stretch is known
                found.append(Divergence(key, seeds[seed], chunk.start, chunk.start + chunk.count - 1))
                continue
            found.append(Divergence(key, seeds[seed], chunk.start + decision, chunk.start + decision))
    if found:
        return min(found, key=lambda each: each.first)
    for key, values in state.items():
        bad = [index for index, row in enumerate(values) if not np.isfinite(row).all()]
        if bad:
            return Divergence(key, seeds[bad[0]], chunk.start, chunk.start + chunk.count - 1)
    return None


def _first_bad(finite: np.ndarray) -> tuple[int, int]:
    """Return seed and decision of the earliest False of an array (S, count, ...)."""
    bad = np.logical_not(finite.reshape(*finite.shape[:2], -1).all(axis=2))
    decision, seed = np.argwhere(bad.T)[0]
    return int(seed), int(decision)


def _mean_return(chunk: Chunk) -> float | None:
    ended = int((chunk.terminated | chunk.truncated).sum())
    return float(chunk.reward.sum()) / ended if ended else None
