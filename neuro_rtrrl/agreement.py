"""Do the two backends agree? The same circuit, seed and noise on both, learning on, compared decision by decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from neuro_rtrrl.backends.chunk import Chunk, Program
from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.lowering import LoweredCircuit, WordLengths, lower

__all__ = ["TOLERANCE", "Divergence", "ParityReport", "parity"]

TOLERANCE = 1e-9
_MEMORY = 2_000_000_000  # bytes that the recordings of one backend may take


@dataclass(frozen=True)
class Divergence:
    """The first decision, and in it the first variable in the order of the tick, at which the backends part."""

    tick: int
    variable: str
    jax: float
    brian2: float


@dataclass(frozen=True)
class ParityReport:
    """Largest difference of every variable over a run, and where the backends part, if they do.

    A difference is ``|a - b| / max(1, |b|)``: absolute below one, relative above.
    """

    circuit: str
    decisions: int
    tolerance: float
    kernel: str
    max_difference: dict[str, float] = field(default_factory=dict)
    first_divergence: Divergence | None = None

    @property
    def agrees(self) -> bool:
        """Whether no variable differs by more than the tolerance."""
        return self.first_divergence is None

    def as_dict(self) -> dict:
        """Return the JSON form: circuit, decisions, tolerance, kernel, agrees, max_difference, first_divergence."""
        parted = self.first_divergence
        return {
            "circuit": self.circuit,
            "decisions": self.decisions,
            "tolerance": self.tolerance,
            "kernel": self.kernel,
            "agrees": self.agrees,
            "max_difference": self.max_difference,
            "first_divergence": None if parted is None else vars(parted).copy(),
        }

    def __repr__(self) -> str:
        worst = max(self.max_difference.items(), key=lambda item: item[1], default=("nothing", 0.0))
        verdict = "agree" if self.agrees else f"part at decision {self.first_divergence.tick}"  # type: ignore[union-attr]
        return f"<parity of {self.circuit}: {verdict}; largest difference {worst[1]:.2g} in {worst[0]}>"


def compared_variables(circuit: Circuit) -> tuple[LoweredCircuit, tuple[str, ...]]:
    """Return the keys that are compared: everything that lasts or that somebody outside a tick could see."""
    everything = lower(circuit)
    seen = {"spike", "modulator", "derived", "input", "clamped"}
    keys = []
    for key, variable in everything.variables.items():
        transient_of_rule = variable.role == "derived" and variable.space.kind == "projection"
        shown = variable.role in seen and not transient_of_rule
        if variable.value is None and (variable.persistent or shown) and "(" not in key:
            keys.append(key)
    return everything, (*keys, *(("action",) if circuit.environment else ()))


def parity(
    circuit: Circuit,
    decisions: int = 1000,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    kernel: str = "auto",
    notice: Callable[[str], None] | None = None,
    words: WordLengths | None = None,
) -> ParityReport:
    """Run both backends in float64 and compare every variable after every decision.

    Parameters
    ----------
    circuit : Circuit
    decisions : int
    seed : int
    tolerance : float
        Of the difference defined at :class:`ParityReport`.
    kernel : {"auto", "native", "xla"}
        What computes the network on JAX.
    notice : callable, optional
        Takes lines for the user (which code generator Brian2 uses).
    words : WordLengths, optional
        Compare runs in words of these lengths; they agree to the last bit, whatever the tolerance.

    Raises
    ------
    CircuitError
        If the recordings would not fit in memory.
    """
    from neuro_rtrrl.programs import make_environment, make_program

    lowered, keys = compared_variables(circuit)
    size = sum(
        8 * int(np.prod(lowered.variables[key].space.shape)) for key in keys if key in lowered.variables
    )
    if size * decisions > _MEMORY:
        fits = max(1, _MEMORY // size)
        problem = (
            f"comparing every variable over {decisions} decisions would take {size * decisions / 1e9:.1f} GB"
        )
        raise CircuitError(Problem(problem, hint=f"compare up to {fits} decisions: --decisions {fits}"))
    arithmetic = None
    if words is not None:
        from neuro_rtrrl.calibration import calibrate

        arithmetic, tolerance = calibrate(circuit, words), 0.0
    programs = [
        make_program(
            circuit,
            make_environment(circuit),
            backend,
            (seed,),
            "float64",
            keys,
            kernel=chosen,
            notice=notice,
            arithmetic=arithmetic,
        )
        for backend, chosen in (("jax", kernel), ("brian2", "auto"))
    ]
    jax, brian = (_recorded(program, decisions) for program in programs)
    return _compare(circuit.name, decisions, tolerance, programs[0].kernel, jax, brian)


def _recorded(program: Program, decisions: int) -> dict[str, np.ndarray]:
    chunks: list[Chunk] = []
    program.run(decisions, lambda chunk: chunks.append(chunk))
    series = {
        name: np.concatenate([getattr(c, name)[0] for c in chunks])
        for name in ("reward", "first", "terminated")
    }
    for key in chunks[0].records:
        series[key] = np.concatenate([chunk.records[key][0] for chunk in chunks])
    return series


def _compare(
    name: str,
    decisions: int,
    tolerance: float,
    kernel: str,
    jax: dict[str, np.ndarray],
    brian: dict[str, np.ndarray],
) -> ParityReport:
    largest: dict[str, float] = {}
    parted: tuple[int, str] | None = None
    for key, ours in jax.items():
        theirs = np.asarray(brian[key], dtype=np.float64).reshape(decisions, -1)
        ours = np.asarray(ours, dtype=np.float64).reshape(decisions, -1)
        scaled = np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs))
        difference = np.where(
            np.isfinite(scaled), scaled, np.where(np.isnan(ours) & np.isnan(theirs), 0.0, np.inf)
        )
        by_tick = difference.max(axis=1, initial=0.0)
        largest[key] = float(by_tick.max(initial=0.0))
        beyond = np.flatnonzero(by_tick > tolerance)
        if beyond.size and (parted is None or beyond[0] < parted[0]):
            parted = (int(beyond[0]), key)
    divergence = None
    if parted is not None:
        tick, key = parted
        a, b = (np.asarray(run[key], dtype=np.float64).reshape(decisions, -1)[tick] for run in (jax, brian))
        element = int(np.argmax(np.abs(a - b)))
        divergence = Divergence(tick, key, float(a[element]), float(b[element]))
    return ParityReport(name, decisions, tolerance, kernel, largest, divergence)
