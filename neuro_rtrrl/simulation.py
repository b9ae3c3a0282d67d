"""The training loop around a program: seeds, progress, recordings, clean interrupts, results."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from neuro_rtrrl.backends.chunk import Chunk, Program
from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.lowering import lower
from neuro_rtrrl.programs import BACKENDS, default_precision, make_environment, make_program
from neuro_rtrrl.results import Episodes, Recorder, Result, ResultsFolder, collect_provenance
from neuro_rtrrl.units import UnitError, parse_quantity, unit_dimension

__all__ = ["DEFAULT_DECISIONS", "DEFAULT_SEEDS", "Progress", "simulate"]

DEFAULT_DECISIONS = {"jax": 200_000, "brian2": 2_000}
DEFAULT_SEEDS = {"jax": 5, "brian2": 1}


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    ``recent_return`` is the mean return of the episodes that ended since the last report, None if none did;
    ``rate`` counts the decisions of all seeds per second since the first stretch, 0 before it is known.
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


def simulate(
    circuit: Circuit,
    *,
    decisions: int | None = None,
    duration: str | None = None,
    seeds: int | Sequence[int] | None = None,
    seed: int | None = None,
    backend: str = "jax",
    precision: str | None = None,
    start_from: Result | None = None,
    freeze: bool = False,
    out: ResultsFolder | str | PathLike | None = None,
    progress: Callable[[Progress], None] | None = None,
    notice: Callable[[str], None] | None = None,
    command: Sequence[str] | None = None,
) -> Result:
    """Run a circuit in closed loop (or, without an environment, in open loop), learning on.

    Parameters
    ----------
    circuit : Circuit
    decisions : int, optional
        Decision ticks for each seed. Default: 200,000 on JAX, 2,000 on Brian2.
    duration : str, optional
        Model time instead, such as ``"30 s"``.
    seeds : int or sequence of int, optional
        How many seeds, from ``seed`` on, or which. Default: 5 on JAX, 1 on Brian2; with ``start_from``, those of that
        run on JAX and its best one on Brian2.
    seed : int, optional
        The first seed, 0 by default.
    backend : {"jax", "brian2"}
    precision : {"float32", "float64"}, optional
        Default: float32 on JAX, float64 on Brian2.
    start_from : Result, optional
        Continue from the weights, learned parameters and optimiser states of an earlier run: each seed from its own,
        a new seed from the best one's. Noise goes on where that run stopped.
    freeze : bool
        Run without plasticity.
    out : path, optional
        Folder for the results; nothing is written without one.
    progress, notice : callable, optional
        Called with :class:`Progress` after each stretch; with lines for the user.
    command : sequence of str, optional
        Command line for the provenance.

    Returns
    -------
    Result
        ``result.interrupted`` says whether Ctrl-C ended the run early.

    Raises
    ------
    CircuitError
        If an argument does not fit the circuit.
    RunError
        If the run fails or its results cannot be kept.
    """
    began = time.perf_counter()
    if backend not in BACKENDS:
        raise CircuitError(Problem(f"there is no backend '{backend}'", available=BACKENDS))
    precision = precision or default_precision(backend)
    if precision not in ("float32", "float64"):
        raise CircuitError(Problem(f"there is no precision '{precision}'", available=("float32", "float64")))
    circuit = circuit.freeze() if freeze else circuit
    chosen = _seeds(seeds, seed, backend, start_from)
    total = _decisions(circuit, decisions, duration, backend)
    folder = ResultsFolder.create(out, circuit.name) if isinstance(out, str | PathLike) else out
    provenance = collect_provenance(
        chosen, circuit.hash, backend, precision, command, continued_from=_origin(start_from)
    )
    if folder is not None:
        folder.begin(circuit, provenance)

    variables = lower(circuit).variables
    units = {key: variable.dimension for key, variable in variables.items()}
    recorder, episodes = Recorder(circuit, chosen, units=units), Episodes(chosen)
    program = make_program(
        circuit,
        make_environment(circuit),
        backend,
        chosen,
        precision,
        recorder.keys,
        initials=_initials(start_from, chosen, variables),
        start=start_from.next_decision if start_from else 0,
        notice=notice,
    )
    run = _Run(total, len(chosen), began, recorder, episodes, progress)
    with _interruptible(notice) as stopped:
        done = program.run(total, lambda chunk: run.take(chunk) or stopped.is_set())
    result = Result(
        circuit=circuit.name,
        seeds=chosen,
        decisions=done,
        episodes=episodes,
        recordings=recorder.dataset(),
        state=program.state(),
        settable=_settable(circuit, program),
        wall_seconds=time.perf_counter() - began,
        decisions_per_second=run.rate,
        first_decision_seconds=run.first_seconds,
        interrupted=done < total,
        folder=folder.path if folder else None,
        provenance=provenance,
        next_decision=(start_from.next_decision if start_from else 0) + done,
    )
    if folder is not None:
        folder.finish(result, circuit, provenance, units)
        if len(episodes):
            from neuro_rtrrl.plot import learning_curve_picture

            with folder.writing("learning_curve.png") as target:
                learning_curve_picture(result, target)
        result.wall_seconds = time.perf_counter() - began
    return result


class _Run:
    """Takes chunks as they come and keeps time."""

    def __init__(self, total: int, seeds: int, began: float, recorder: Recorder, episodes: Episodes, progress) -> None:
        self.total, self.seeds, self.began = total, seeds, began
        self.recorder, self.episodes, self.progress = recorder, episodes, progress
        self.done = 0
        self.first_seconds = 0.0
        self.rate = 0.0
        self._first_done = 0

    def take(self, chunk: Chunk) -> None:
        """Keep one stretch and report."""
        elapsed = time.perf_counter() - self.began
        before = len(self.episodes)
        self.done += chunk.count
        self.recorder.add(chunk)
        self.episodes.add(chunk)
        if not self.first_seconds:
            self.first_seconds, self._first_done = elapsed, self.done
            self.rate = chunk.count * self.seeds / elapsed
        else:  # steady state: what came after the first stretch, which compiles
            self.rate = (self.done - self._first_done) * self.seeds / (elapsed - self.first_seconds)
        if self.progress is not None:
            recent = _mean_return(chunk) if len(self.episodes) > before else None
            self.progress(Progress(self.done, self.total, self.seeds, elapsed, self.rate, recent))


def _mean_return(chunk: Chunk) -> float | None:
    ended = int((chunk.terminated | chunk.truncated).sum())
    return float(chunk.reward.sum()) / ended if ended else None


@contextmanager
def _interruptible(notice: Callable[[str], None] | None):
    """Turn the first Ctrl-C into a flag that ends the run after the current stretch; the second one interrupts."""
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return

    def stop(signum: int, frame: Any) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()
        if notice:
            notice("stopping after this stretch; what was recorded is kept (Ctrl-C again to stop at once)")

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)


def _seeds(
    seeds: int | Sequence[int] | None, seed: int | None, backend: str, start_from: Result | None
) -> tuple[int, ...]:
    if isinstance(seeds, Sequence):
        chosen = tuple(int(each) for each in seeds)
    elif seeds is None and seed is None and start_from is not None:
        chosen = start_from.seeds if backend == "jax" else (start_from.best().seed or 0,)
    else:
        count = DEFAULT_SEEDS[backend] if seeds is None else seeds
        chosen = tuple(range(seed or 0, (seed or 0) + count))
    if not chosen or len(set(chosen)) < len(chosen) or min(chosen) < 0:
        raise CircuitError(Problem("seeds are different whole numbers from 0 up, at least one", found=str(seeds)))
    return chosen


def _decisions(circuit: Circuit, decisions: int | None, duration: str | None, backend: str) -> int:
    if decisions is not None and duration is not None:
        raise CircuitError(Problem("give decisions or a duration, not both"))
    if duration is not None:
        try:
            quantity = parse_quantity(duration)
        except UnitError as error:
            raise CircuitError(Problem(str(error), where="duration", hint='write a time, such as "30 s"')) from None
        if quantity.dimension != unit_dimension("second"):
            raise CircuitError(Problem("a duration is a time", found=duration, hint='write a unit, such as "30 s"'))
        decisions = round(quantity.value / circuit.timing.decision_interval)
    decisions = DEFAULT_DECISIONS[backend] if decisions is None else int(decisions)
    if decisions < 1:
        raise CircuitError(Problem("a run has at least one decision", found=str(duration or decisions)))
    return decisions


def _initials(
    start_from: Result | None, seeds: Sequence[int], variables: Mapping[str, Any]
) -> list[dict[str, np.ndarray]] | None:
    """Return for each seed what lasts beyond an episode: weights, learned parameters, optimiser states."""
    if start_from is None:
        return None
    best = start_from.best().seed
    rows = [start_from.seeds.index(each if each in start_from.seeds else best) for each in seeds]  # type: ignore[arg-type]
    lasting = [
        key
        for key, variable in variables.items()
        if variable.persistent and not variable.resets and key in start_from.state
    ]
    return [{key: np.asarray(start_from.state[key][row], np.float64) for key in lasting} for row in rows]


def _settable(circuit: Circuit, program: Program) -> tuple[str, ...]:
    from neuro_rtrrl.results.weights import settable

    return settable(circuit, tuple(program.state()))


def _origin(start_from: Result | None) -> str | None:
    return None if start_from is None else str(start_from.folder or "a result in memory")
