"""What a run takes over from an earlier one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.graph.event_masks import event_masks
from neuro_rtrrl.results import Result

__all__ = ["continuable", "initials_of", "origin_of"]


def continuable(origin: Result) -> Result:
    """Return the run if another can start from it."""
    if not origin.state:
        raise CircuitError(Problem(f"there are no weights to continue from in {origin_of(origin)}"))
    for key, values in origin.state.items():
        if not np.isfinite(values).all():
            message = f"{key} in {origin_of(origin)} is not finite: that run diverged"
            raise CircuitError(Problem(message, hint="continue from another run"))
    return origin


def initials_of(
    circuit: Circuit,
    start_from: Result | None,
    seeds: Sequence[int],
    variables: Mapping[str, Any],
) -> list[dict[str, np.ndarray]] | None:
    """Return for each seed what lasts beyond an episode: weights, learned parameters, optimiser states."""
    if start_from is None:
        return None
    best = start_from.best().seed
    reached = set(event_masks(circuit))
    rows = [start_from.seeds.index(each if each in start_from.seeds else best) for each in seeds]  # type: ignore[arg-type]
    lasting = [
        key
        for key, variable in variables.items()
        if variable.persistent
        and not variable.resets
        and key in start_from.state
        and key not in reached  # by interventions: those of this run, not of that one
    ]
    return [{key: np.asarray(start_from.state[key][row], np.float64) for key in lasting} for row in rows]


def origin_of(start_from: Result | None) -> str | None:
    """Say where an earlier run is kept."""
    return None if start_from is None else str(start_from.folder or "a result in memory")
