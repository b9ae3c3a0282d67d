"""From a circuit to a program: the one place that knows both backends by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from neuro_rtrrl.backends.chunk import Program
from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.graph.circuit import Circuit

if TYPE_CHECKING:
    from neuro_rtrrl.environments.base import Environment

__all__ = ["BACKENDS", "default_precision", "make_environment", "make_program"]

BACKENDS = ("jax", "brian2")


def default_precision(backend: str) -> str:
    """Return the precision that a backend uses unless told: what it is fastest in."""
    return "float64" if backend == "brian2" else "float32"


def make_environment(circuit: Circuit) -> Environment | None:
    """Return the circuit's environment, or None for an open loop."""
    if circuit.environment is None:
        return None
    from neuro_rtrrl.environments import registry

    return registry.make(
        circuit.environment.name, circuit.environment.parameters, circuit.environment.observe
    )


def make_program(
    circuit: Circuit,
    environment: Environment | None,
    backend: str,
    seeds: Sequence[int],
    precision: str,
    record: tuple[str, ...] = (),
    initials: Sequence[Mapping[str, np.ndarray]] | None = None,
    start: int = 0,
    notice: Callable[[str], None] | None = None,
) -> Program:
    """Make a circuit ready to run.

    Raises
    ------
    CircuitError
        If there is no such backend, or it cannot run what the circuit asks for.
    """
    if backend == "jax":
        from neuro_rtrrl.backends.jax.program import JaxProgram

        return JaxProgram(circuit, environment, seeds, precision, record, initials=initials, start=start)
    if backend == "brian2":
        from neuro_rtrrl.backends.brian.program import BrianProgram

        return BrianProgram(
            circuit, environment, seeds, precision, record, initials=initials, start=start, notice=notice
        )
    raise CircuitError(
        Problem(f"there is no backend '{backend}'", available=BACKENDS, hint=nearest(backend, BACKENDS))
    )
