"""A run as it goes: takes finished stretches, keeps time and the last sound state, notices what blows up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuro_rtrrl.backends.chunk import Chunk, Program
from neuro_rtrrl.divergence import Divergence, find_divergence, locate
from neuro_rtrrl.results import Episodes, Recorder

__all__ = ["Progress", "Run"]

RARELY = 100.0  # times what a snapshot takes, until the next one


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


class Run:
    """What has been made of a run so far.

    Attributes
    ----------
    done : int
        Decisions made, for each seed.
    state : dict of str to array
        The lasting variables after ``sound`` decisions: the end of the last stretch at which all of them were finite
        (or the start).
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
        done: int = 0,
    ) -> None:
        self.program, self.total, self.began = program, total, began
        self.recorder, self.episodes, self.progress = recorder, episodes, progress
        self.done = self.sound = done
        self.state = _state(program)
        self._snap()
        self.divergence: Divergence | None = None
        self.first_seconds = 0.0
        self._first_done = done
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
        self._since += chunk.count
        state = _state(self.program)
        self.divergence = find_divergence(chunk, state, self.seeds)
        if self.divergence is None:
            self.state, self.sound = state, self.done
            if time.perf_counter() > self._due:
                self._snap()
        self._elapsed = time.perf_counter() - self.began
        if not self.first_seconds:
            self.first_seconds, self._first_done = self._elapsed, self.done
        if self.progress is not None:
            recent = _mean_return(chunk) if len(self.episodes) > before else None
            report = Progress(self.done, self.total, len(self.seeds), self._elapsed, self.rate, recent)
            self.progress(report)
        return self.divergence is not None

    def _snap(self) -> None:
        """Keep what the run goes on from: what comes after can be made once more."""
        began = time.perf_counter()
        self._before: Any = self.program.snapshot()
        self._since = 0  # decisions after it
        now = time.perf_counter()
        self._due = now + RARELY * (now - began)

    def locate(self, order: Sequence[str]) -> None:
        """Find the very decision in which the run diverged; see :func:`~neuro_rtrrl.divergence.locate`."""
        if self.divergence is not None and self._before is not None:
            self.divergence = locate(self.program, self._before, self._since, order) or self.divergence


def _state(program: Program) -> dict[str, np.ndarray]:
    """Return a copy: the backend goes on in the same memory, and an interruption may leave that half-way."""
    return {key: np.array(value) for key, value in program.state().items()}


def _mean_return(chunk: Chunk) -> float | None:
    ended = int((chunk.terminated | chunk.truncated).sum())
    return float(chunk.reward.sum()) / ended if ended else None
