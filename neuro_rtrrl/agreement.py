"""Do the two backends agree? The same circuit, seed and noise on both, learning on, compared decision by decision."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from neuro_rtrrl.backends.chunk import Chunk, Program
from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.lowering import LoweredCircuit, WordLengths, lower
from neuro_rtrrl.spike_trains import TrainStatistics, train_statistics

__all__ = ["TOLERANCE", "Divergence", "ParityReport", "SpikeDivergence", "parity"]

TOLERANCE = 1e-9
_STRETCH = 100_000_000  # bytes that the recordings of one backend may take at a time
_DECISION = 500_000  # bytes a decision above which synapses are compared at the ends of stretches only
_MOST = 2_000_000_000
_NAMES = ("jax", "brian2")

Series = dict[str, np.ndarray]


@dataclass(frozen=True)
class Divergence:
    """The first decision, and in it the first variable in the order of the tick, at which the backends part."""

    tick: int
    variable: str
    jax: float
    brian2: float


@dataclass(frozen=True)
class SpikeDivergence:
    """The first spike that only one backend has.

    Attributes
    ----------
    population, neuron : str, int
        Whose.
    time : float
        Seconds, the beginning of its step of ``dt``.
    fired_on : {"jax", "brian2"}
    membrane : str
        The membrane variable, of any spiking population, that differed most at the end of the decision before.
    apart : float
        By how much, in SI units; 0 in the first decision.
    """

    population: str
    neuron: int
    time: float
    fired_on: str
    membrane: str
    apart: float


@dataclass(frozen=True)
class ParityReport:
    """Largest difference of every variable over a run, and where the backends part, if they do.

    A difference is ``|a - b| / max(1, |b|)``: absolute below one, relative above. ``spikes`` counts those that both
    fired, by population; ``statistics`` holds each backend's (jax, brian2) rate, irregularity and synchrony of every
    spiking population. ``by_stretch`` names what was compared every ``stretch`` decisions
    only, for want of memory.
    """

    circuit: str
    decisions: int
    tolerance: float
    kernel: str
    max_difference: dict[str, float] = field(default_factory=dict)
    first_divergence: Divergence | None = None
    spikes: dict[str, int] = field(default_factory=dict)
    first_spike: SpikeDivergence | None = None
    statistics: dict[str, tuple[TrainStatistics, TrainStatistics]] = field(default_factory=dict)
    by_stretch: tuple[str, ...] = ()
    stretch: int = 1

    @property
    def agrees(self) -> bool:
        """Whether no variable differs by more than the tolerance."""
        return self.first_divergence is None

    @property
    def alike(self) -> bool:
        """Whether there are spike trains and they agree in their statistics at least, within sampling errors."""
        return bool(self.statistics) and all(jax.agrees(brian) for jax, brian in self.statistics.values())

    def as_dict(self) -> dict:
        """Return the JSON form."""
        parted, spike = self.first_divergence, self.first_spike
        return {
            "circuit": self.circuit,
            "decisions": self.decisions,
            "tolerance": self.tolerance,
            "kernel": self.kernel,
            "agrees": self.agrees,
            "max_difference": self.max_difference,
            "first_divergence": None if parted is None else vars(parted).copy(),
            "spikes": self.spikes,
            "first_spike": None if spike is None else vars(spike).copy(),
            "statistics": {
                name: dict(zip(_NAMES, (each.as_dict() for each in pair), strict=True))
                for name, pair in self.statistics.items()
            },
            "by_stretch": list(self.by_stretch),
            "stretch": self.stretch,
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
    keys += [key for key in ("observation",) if key in everything.variables]
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
    """Run both backends in float64, side by side, and compare every variable after every decision.

    Spikes are compared step by step. Where the synapses of a large circuit would take too much room, they are compared
    at the ends of stretches of decisions.

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
        If the recordings of one decision would not fit in memory.
    """
    from neuro_rtrrl.programs import make_environment, make_program

    lowered, keys = compared_variables(circuit)
    recorded, by_stretch, stretch = _plan(lowered, keys, decisions)
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
            recorded,
            kernel=chosen,
            notice=notice,
            arithmetic=arithmetic,
        )
        for backend, chosen in (("jax", kernel), ("brian2", "auto"))
    ]
    comparison = _Comparison(lowered, tolerance, keys)
    done, told = 0, time.monotonic()
    while done < decisions:
        if notice is not None and time.monotonic() > told + 10:
            told = time.monotonic()
            notice(f"{done:>9,} of {decisions:,} decisions compared")
        count = min(stretch, decisions - done)
        jax, brian = (_recorded(program, count) for program in programs)
        comparison.series(done, count, jax, brian)
        if by_stretch:
            states = [program.state() for program in programs]
            last = [{key: np.asarray(state[key])[:1] for key in by_stretch} for state in states]
            comparison.series(done + count - 1, 1, *last)
        done += count
    return ParityReport(
        circuit.name,
        decisions,
        tolerance,
        programs[0].kernel,
        comparison.largest,
        comparison.parted,
        comparison.both,
        comparison.spike,
        comparison.statistics(decisions),
        by_stretch,
        stretch if by_stretch else 1,
    )


def _plan(
    lowered: LoweredCircuit, keys: tuple[str, ...], decisions: int
) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Return what is recorded, what is looked at between stretches, and how many decisions a stretch has."""
    sizes = {}
    for key in keys:
        if key in lowered.variables:
            variable = lowered.variables[key]
            steps = lowered.circuit.timing.steps if variable.role == "spike" else 1
            sizes[key] = 8 * steps * int(np.prod(variable.space.shape))
    by_stretch: tuple[str, ...] = ()
    if sum(sizes.values()) > _DECISION and sum(sizes.values()) * decisions > _STRETCH:
        by_stretch = tuple(
            key
            for key in sizes
            if lowered.variables[key].space.kind == "projection" and lowered.variables[key].persistent
        )
    recorded = tuple(key for key in keys if key not in by_stretch)
    size = sum(sizes.get(key, 8) for key in recorded)
    if size > _MOST:
        problem = f"comparing every variable takes {size / 1e9:.1f} GB for one decision"
        raise CircuitError(Problem(problem, hint="compare a smaller circuit"))
    return recorded, by_stretch, max(1, min(decisions, _STRETCH // max(1, size)))


def _recorded(program: Program, decisions: int) -> Series:
    chunks: list[Chunk] = []
    program.run(decisions, lambda chunk: chunks.append(chunk))
    series = {
        name: np.concatenate([getattr(c, name)[0] for c in chunks])
        for name in ("reward", "first", "terminated")
    }
    for key in chunks[0].records:
        series[key] = np.concatenate([chunk.records[key][0] for chunk in chunks])
    return series


class _Comparison:
    """What is known so far of how the two backends differ."""

    def __init__(self, lowered: LoweredCircuit, tolerance: float, keys: tuple[str, ...]) -> None:
        self.lowered, self.tolerance = lowered, tolerance
        self.largest: dict[str, float] = {}
        self.parted: Divergence | None = None
        self.spike: SpikeDivergence | None = None
        self._spiking = [key for key in keys if self._role(key) == "spike"]
        spiking = {key.rpartition(".")[0] for key in self._spiking}
        self._membranes = [
            key
            for key in keys
            if self._role(key) == "membrane" and self.lowered.variables[key].space.name in spiking
        ]
        self.both = dict.fromkeys((key.rpartition(".")[0] for key in self._spiking), 0)
        self._trains: dict[str, list[list[np.ndarray]]] = {key: [[], []] for key in self._spiking}
        self._before: dict[str, float] = {}

    def _role(self, key: str) -> str:
        variable = self.lowered.variables.get(key)
        return variable.role if variable else ""

    def series(self, start: int, count: int, jax: Series, brian: Series) -> None:
        """Take ``count`` decisions from ``start`` on: key → (count, ...) of each backend."""
        parted: tuple[int, str] | None = None
        differences = {}
        for key, ours in jax.items():
            differences[key] = by_tick = _difference(ours, brian[key], count)
            self.largest[key] = max(self.largest.get(key, 0.0), float(by_tick.max(initial=0.0)))
            beyond = np.flatnonzero(by_tick > self.tolerance)
            if beyond.size and (parted is None or beyond[0] < parted[0]):
                parted = (int(beyond[0]), key)
        if parted is not None and self.parted is None:
            tick, key = parted
            a, b = (np.asarray(run[key], dtype=np.float64).reshape(count, -1)[tick] for run in (jax, brian))
            element = int(np.argmax(np.abs(a - b)))
            self.parted = Divergence(start + tick, key, float(a[element]), float(b[element]))
        self._spikes(start, jax, brian)

    def _spikes(self, start: int, jax: Series, brian: Series) -> None:
        steps = self.lowered.circuit.timing.steps
        first: tuple[int, str, int, str] | None = None
        for key in (key for key in self._spiking if key in jax):
            size = self.lowered.variables[key].space.shape[0]
            ours, theirs = (np.asarray(run[key]).reshape(-1, size) > 0 for run in (jax, brian))
            self.both[key.rpartition(".")[0]] += int(np.count_nonzero(ours & theirs))
            for train, fired in zip(self._trains[key], (ours, theirs), strict=True):
                step, neuron = np.nonzero(fired)
                train.append(np.stack([step + start * steps, neuron]))
            unlike = ours ^ theirs
            if unlike.any():
                step, neuron = (int(each) for each in np.argwhere(unlike)[0])
                if first is None or step < first[0]:
                    first = step, key, neuron, _NAMES[int(theirs[step, neuron])]
        if first is not None and self.spike is None:
            step, key, neuron, fired_on = first
            apart = self._apart(step // steps - 1, jax, brian)
            membrane = max(apart, key=lambda name: apart[name], default="")
            time = (start * steps + step) * self.lowered.circuit.timing.dt
            self.spike = SpikeDivergence(
                key.rpartition(".")[0], neuron, time, fired_on, membrane, apart.get(membrane, 0.0)
            )
        self._before = self._apart(-1, jax, brian, last=True)

    def _apart(self, tick: int, jax: Series, brian: Series, last: bool = False) -> dict[str, float]:
        """Return how far each membrane was apart at the end of a decision of this stretch, or of the one before."""
        if tick < 0 and not last:
            return self._before
        return {
            key: float(np.max(np.abs(np.asarray(jax[key][tick]) - np.asarray(brian[key][tick])), initial=0.0))
            for key in self._membranes
            if key in jax
        }

    def statistics(self, decisions: int) -> dict[str, tuple[TrainStatistics, TrainStatistics]]:
        """Return the statistics of both backends' spike trains, by population."""
        found = {}
        timing = self.lowered.circuit.timing
        for key, trains in self._trains.items():
            size = self.lowered.variables[key].space.shape[0]
            jax, brian = (
                train_statistics(step, neuron, size, timing.dt, decisions * timing.steps)
                for step, neuron in (np.concatenate(train, axis=1) for train in trains)
            )
            found[key.rpartition(".")[0]] = jax, brian
        return found


def _difference(ours: np.ndarray, theirs: np.ndarray, count: int) -> np.ndarray:
    """Return the largest difference of each decision, (count,)."""
    ours, theirs = (np.asarray(each, dtype=np.float64).reshape(count, -1) for each in (ours, theirs))
    with np.errstate(invalid="ignore"):
        scaled = np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs))
    both_nan = np.isnan(ours) & np.isnan(theirs)
    return np.where(np.isfinite(scaled), scaled, np.where(both_nan, 0.0, np.inf)).max(axis=1, initial=0.0)
