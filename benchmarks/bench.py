"""What all measurements share: how long, on which cores, who is running, and what has been found so far."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.contestants import LeftOut
from benchmarks.outcomes import Outcome
from benchmarks.turns import Pool


@dataclass
class Bench:
    """One run of the benchmarks.

    Attributes
    ----------
    rounds : int
        Turns of each contestant.
    seconds : float
        Length of a turn.
    core : int
        The core that contestants share; rows about two cores take the next one, too.
    only : str
        Rows to measure: those whose name, section or title holds this text.
    outcomes, growth, tick
        What has been found so far; complete rows only, so that an interrupted run can be shown.
    """

    rounds: int
    seconds: float
    core: int
    only: str
    quick: bool
    pool: Pool
    say: Callable[[str], None]
    outcomes: list[Outcome] = field(default_factory=list)
    growth: dict[str, Any] = field(default_factory=dict)
    tick: list[dict[str, Any]] = field(default_factory=list)

    def wants(self, *texts: str) -> bool:
        """Whether a row with these texts is to be measured."""
        return any(self.only.lower() in text.lower() for text in texts)

    def cores(self, count: int) -> tuple[int, ...]:
        """Return the cores to pin to; none where the system cannot pin."""
        if not hasattr(os, "sched_getaffinity"):
            return ()
        here = sorted(os.sched_getaffinity(0))
        if len(here) < count:
            raise LeftOut(f"needs {count} cores, {len(here)} are here")
        start = here.index(self.core) if self.core in here else 0
        return tuple(here[(start + offset) % len(here)] for offset in range(count))


@dataclass(frozen=True)
class Job:
    """One measurement: the contestants that it needs, and the function that adds to the bench."""

    title: str
    contestants: frozenset[str]
    run: Callable[[Bench], None]
