"""What any backend hands back for a stretch of decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from neuro_rtrrl.graph.circuit import Recording

__all__ = ["Chunk", "Deliver", "Program", "as_recordings"]


@dataclass(frozen=True)
class Chunk:
    """``count`` decisions from ``start``, for S seeds.

    Attributes
    ----------
    reward : array (S, count), float
    first, terminated, truncated : arrays (S, count), bool
        ``first`` marks the tick in which the environment was reset.
    records : dict of str to array
        Key → (S, rows, ...) for what is kept once a decision or more rarely (:meth:`Recording.rows` says which),
        (S, count, k, ...) for what is kept every ``dt``; only the neurons that were asked for.
    """

    start: int
    count: int
    reward: np.ndarray
    first: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    records: Mapping[str, np.ndarray] = field(default_factory=dict)


Deliver = Callable[[Chunk], "bool | None"]


def as_recordings(record: Sequence[Recording | str]) -> tuple[Recording, ...]:
    """Return recordings; a bare key means the whole variable, every decision."""
    return tuple(Recording.of(each) if isinstance(each, str) else each for each in record)


class Program(Protocol):
    """A circuit made ready to run."""

    seeds: tuple[int, ...]
    kernel: str
    """What computes a tick: ``native`` or ``xla`` on JAX, Brian2's code generation target there."""

    def run(self, decisions: int, deliver: Deliver, chunk: int = ...) -> int:
        """Advance by up to ``decisions``, handing over each finished stretch; return how many were made.

        A stretch has no more than ``chunk`` decisions. The run ends early, at the end of a stretch, where ``deliver``
        returns True.
        """
        ...

    def snapshot(self) -> Any:
        """Return a copy of all that a run goes on from, for :meth:`restore`; None where it cannot be put back."""
        ...

    def restore(self, snapshot: Any) -> None:
        """Go back to what the program was when it was asked for the snapshot."""
        ...

    def state(self) -> dict[str, Any]:
        """Return key → array (S, ...) of every variable that lasts beyond a tick (weights, traces, membranes)."""
        ...


class Resumable(Program, Protocol):
    """A program that can go on from what another program of the same circuit carried."""

    resumable: bool
    """Whether what it carries is all that it goes on from."""

    def carried(self) -> list[np.ndarray]:
        """Return what it carries from tick to tick, as plain arrays."""
        ...

    def carry_on(self, position: int, arrays: Sequence[np.ndarray], done: int) -> bool:
        """Go on at decision ``position`` from what was carried; return whether the arrays are such.

        The next :meth:`run` begins with ``done`` of its decisions made, and goes on in the stretches that would have
        followed.
        """
        ...
