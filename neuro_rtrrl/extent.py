"""Which seeds a run has, and how many decisions."""

from __future__ import annotations

from collections.abc import Sequence

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.results import Result
from neuro_rtrrl.units import UnitError, parse_quantity, unit_dimension

__all__ = ["DEFAULT_DECISIONS", "DEFAULT_SEEDS", "decisions_of", "seeds_of"]

DEFAULT_DECISIONS = {"jax": 200_000, "brian2": 2_000}
DEFAULT_SEEDS = {"jax": 5, "brian2": 1}
LARGEST_SEED = 2**63 - 1
MOST_DECISIONS = 2**32 - 1  # the streams of noise count decisions in 32 bits


def seeds_of(
    seeds: int | Sequence[int] | None, seed: int | None, backend: str, start_from: Result | None
) -> tuple[int, ...]:
    """Return the numbers of the seeds: those named, so many from ``seed`` on, or those of an earlier run.

    Raises
    ------
    CircuitError
        If a number is no seed, or is there twice.
    """
    if isinstance(seeds, Sequence):
        chosen = tuple(int(each) for each in seeds)
    elif seeds is None and seed is None and start_from is not None:
        chosen = start_from.seeds if backend == "jax" else (start_from.best().seed or 0,)
    else:
        count = DEFAULT_SEEDS[backend] if seeds is None else seeds
        chosen = tuple(range(seed or 0, (seed or 0) + count))
    if not chosen or len(set(chosen)) < len(chosen) or min(chosen) < 0 or max(chosen) > LARGEST_SEED:
        found = str(seeds if seed is None else seed)
        raise CircuitError(
            Problem("seeds are different whole numbers from 0 to 2^63 - 1, at least one", found=found)
        )
    return chosen


def decisions_of(circuit: Circuit, decisions: int | None, duration: str | None, backend: str) -> int:
    """Return how many decisions each seed makes: those asked for, those of a ``duration``, or the default.

    Raises
    ------
    CircuitError
        If both are given, if a duration is no time, or if there would be none or too many.
    """
    if decisions is not None and duration is not None:
        raise CircuitError(Problem("give decisions or a duration, not both"))
    if duration is not None:
        try:
            quantity = parse_quantity(duration)
        except UnitError as error:
            raise CircuitError(
                Problem(str(error), where="duration", hint='write a time, such as "30 s"')
            ) from None
        if quantity.dimension != unit_dimension("second"):
            raise CircuitError(
                Problem("a duration is a time", found=duration, hint='write a unit, such as "30 s"')
            )
        decisions = round(quantity.value / circuit.timing.decision_interval)
    decisions = DEFAULT_DECISIONS[backend] if decisions is None else int(decisions)
    if decisions < 1:
        raise CircuitError(Problem("a run has at least one decision", found=str(duration or decisions)))
    if decisions > MOST_DECISIONS:
        raise CircuitError(
            Problem(f"a run has at most {MOST_DECISIONS:,} decisions", found=str(duration or decisions))
        )
    return decisions
