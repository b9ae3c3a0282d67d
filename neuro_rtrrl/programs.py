"""From a circuit to a program: the one place that knows both backends by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neuro_rtrrl.backends.chunk import Program
from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.graph.circuit import Circuit, Recording

if TYPE_CHECKING:
    from neuro_rtrrl.environments.base import Environment
    from neuro_rtrrl.lowering import FixedPoint

__all__ = [
    "BACKENDS",
    "CODEGENS",
    "KERNELS",
    "default_precision",
    "make_environment",
    "make_program",
    "refuse_unknown",
]

BACKENDS = ("jax", "brian2")
KERNELS = ("auto", "native", "xla")
CODEGENS = ("auto", "cython", "numpy", "standalone")


def default_precision(backend: str) -> str:
    """Return the precision that a backend uses unless told: what it is fastest in."""
    return "float64" if backend == "brian2" else "float32"


def make_environment(circuit: Circuit) -> Environment | None:
    """Return the circuit's environment, or None for an open loop."""
    if circuit.environment is None:
        return None
    from neuro_rtrrl.environments import registry

    chosen = circuit.environment
    watch = any(each.key == "observation" for each in circuit.record)
    return registry.make(chosen.name, chosen.parameters, chosen.observe, chosen.own, chosen.protocol, watch)


def make_program(
    circuit: Circuit,
    environment: Environment | None,
    backend: str,
    seeds: Sequence[int],
    precision: str,
    record: Sequence[Recording | str] = (),
    initials: Sequence[Mapping[str, np.ndarray]] | None = None,
    start: int = 0,
    kernel: str = "auto",
    codegen: str = "auto",
    notice: Callable[[str], None] | None = None,
    arithmetic: FixedPoint | None = None,
) -> Program:
    """Make a circuit ready to run.

    ``kernel`` chooses what computes the network on JAX, ``codegen`` what Brian2's code becomes; ``arithmetic`` runs in
    words of fixed length.

    Raises
    ------
    CircuitError
        If there is no such backend or kernel, or it cannot run what the circuit asks for.
    """
    refuse_unknown(backend, kernel, codegen)
    if backend == "jax":
        from neuro_rtrrl.backends.jax.program import JaxProgram

        return JaxProgram(
            circuit,
            environment,
            seeds,
            precision,
            record,
            initials=initials,
            start=start,
            kernel=kernel,
            notice=notice,
            arithmetic=arithmetic,
        )
    chosen: Any = {"initials": initials, "start": start, "notice": notice}
    if codegen == "standalone":
        from neuro_rtrrl.backends.brian.standalone import StandaloneProgram

        return StandaloneProgram(circuit, environment, seeds, precision, record, **chosen)
    from neuro_rtrrl.backends.brian.program import BrianProgram

    return BrianProgram(
        circuit, environment, seeds, precision, record, codegen=codegen, arithmetic=arithmetic, **chosen
    )


def refuse_unknown(backend: str, kernel: str, codegen: str) -> None:
    """Raise CircuitError where one of them does not exist or belongs to another backend."""
    for kind, value, known in (
        ("backend", backend, BACKENDS),
        ("kernel", kernel, KERNELS),
        ("code generation", codegen, CODEGENS),
    ):
        if value not in known:
            hint = nearest(value, known)
            raise CircuitError(Problem(f"there is no {kind} '{value}'", available=known, hint=hint))
    for kind, value, owner in (("kernel", kernel, "jax"), ("code generation", codegen, "brian2")):
        if value != "auto" and backend != owner:
            hint = f"leave it out, or run with --backend {owner}"
            raise CircuitError(Problem(f"the {kind} '{value}' belongs to the backend {owner}", hint=hint))
