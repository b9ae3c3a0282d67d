"""Where a run blew up: the first variable that is not finite, of which seed, in which decision.

A run is looked at after every stretch, which costs next to nothing. Only when something is found there is
the stretch made once more, from what the program was before it and in ever smaller pieces, down to one decision: noise
is a function of the decision's index, so it happens again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np

from neuro_rtrrl.backends.chunk import Chunk, Program
from neuro_rtrrl.graph.circuit import Circuit

__all__ = ["Divergence", "find_divergence", "locate"]


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

    def where(self, circuit: Circuit) -> str:
        """Return the path in the circuit file of what the variable belongs to; empty for the reward."""
        owner = self.variable.partition(".")[0]
        for section in ("projections", "populations", "neuromodulators", "plasticity"):
            if owner in getattr(circuit, section):
                return f"{section}.{owner}"
        return ""


def find_divergence(
    chunk: Chunk, state: dict[str, np.ndarray], seeds: Sequence[int], order: Iterable[str] = ()
) -> Divergence | None:
    """Return the first value of a stretch, or of the state after it, that is not finite.

    What is recorded tells the very decision; the rest only the stretch. Of several in one decision, that is named
    which comes first in ``order``, the keys as a tick computes them.
    """
    last = chunk.start + chunk.count - 1
    exact: list[Divergence] = []
    rough: list[Divergence] = []
    for key, values in {"reward": chunk.reward, **chunk.records}.items():
        finite = np.isfinite(values)
        if finite.all():
            continue
        seed, row = _first_bad(finite)
        if values.shape[1] != chunk.count:  # kept now and then: only the stretch is known
            rough.append(Divergence(key, seeds[seed], chunk.start, last))
        else:
            exact.append(Divergence(key, seeds[seed], chunk.start + row, chunk.start + row))
    if not exact or chunk.count == 1:
        for key, values in state.items():
            bad = [index for index, row in enumerate(values) if not np.isfinite(row).all()]
            if bad:
                rough.append(Divergence(key, seeds[bad[0]], chunk.start, last))
    places = {key: place for place, key in reversed(list(enumerate(order)))}
    return min(
        [*exact, *rough],
        key=lambda each: (each.first, each.last, places.get(each.variable, len(places))),
        default=None,
    )


def locate(program: Program, before: Any, count: int, order: Sequence[str] = ()) -> Divergence | None:
    """Make again what diverged and return its first value that is not finite, to the decision.

    Parameters
    ----------
    program : Program
        It is left somewhere on the way.
    before : object
        What ``program.snapshot()`` returned when all was well.
    count : int
        Decisions from there to where it was noticed.
    order : sequence of str
        Keys in the order in which a tick computes them.

    Returns
    -------
    Divergence or None
        None where it did not happen again.
    """
    found: Divergence | None = None
    for piece in (isqrt(count), 1):
        program.restore(before)
        found = None
        done = 0

        def look(chunk: Chunk) -> bool:
            nonlocal found, before, done
            found = find_divergence(chunk, program.state(), program.seeds, order)
            if found is None:
                before = program.snapshot()
                done += chunk.count
            return found is not None

        program.run(count, look, chunk=piece)
        if found is None:
            return None
        count = min(count - done, piece)
    return found


def _first_bad(finite: np.ndarray) -> tuple[int, int]:
    """Return seed and row of the earliest False of an array (S, rows, ...)."""
    bad = np.logical_not(finite.reshape(*finite.shape[:2], -1).all(axis=2))
    row, seed = np.argwhere(bad.T)[0]
    return int(seed), int(row)
