"""The training loop around a program: seeds, progress, recordings, clean interrupts, results."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np

from neuro_rtrrl.checkpoint import Checkpoint
from neuro_rtrrl.continuation import continuable, initials_of, origin_of
from neuro_rtrrl.environments.failures import told_by_host
from neuro_rtrrl.errors import CircuitError, Problem, RunError
from neuro_rtrrl.extent import decisions_of, seeds_of
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.interrupts import interruptible
from neuro_rtrrl.ledger.activity import FILE as ACTIVITY
from neuro_rtrrl.ledger.activity import ActivityRecorder
from neuro_rtrrl.lowering import WordLengths, lower
from neuro_rtrrl.lowering.gates import IN_WORDS, refuse_events
from neuro_rtrrl.lowering.simplify import targets_of
from neuro_rtrrl.programs import default_precision, make_environment, make_program, refuse_unknown
from neuro_rtrrl.progress import Progress, Run
from neuro_rtrrl.results import Episodes, Recorder, Result, ResultsFolder, collect_provenance
from neuro_rtrrl.results.folder import open_recordings
from neuro_rtrrl.results.requests import refuse_more_than_fits, refuse_what_cannot_be_recorded
from neuro_rtrrl.results.stream import Stream
from neuro_rtrrl.results.weights import settable

__all__ = ["Progress", "RunFailed", "simulate"]


def simulate(
    circuit: Circuit,
    *,
    decisions: int | None = None,
    duration: str | None = None,
    seeds: int | Sequence[int] | None = None,
    seed: int | None = None,
    backend: str = "jax",
    precision: str | None = None,
    kernel: str = "auto",
    codegen: str = "auto",
    start_from: Result | None = None,
    freeze: bool = False,
    out: ResultsFolder | str | PathLike | None = None,
    progress: Callable[[Progress], None] | None = None,
    notice: Callable[[str], None] | None = None,
    started: Callable[[], None] | None = None,
    command: Sequence[str] | None = None,
    pause: tuple[int, Callable[[Mapping[str, np.ndarray]], bool]] | None = None,
    ledger: bool = False,
    words: WordLengths | None = None,
    checkpoint: Checkpoint | None = None,
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
    kernel : {"auto", "native", "xla"}
        What computes the network's part of a tick on JAX: C, built for this machine at first use, or XLA. ``auto``
        takes the first on a CPU with a compiler.
    codegen : {"auto", "cython", "numpy", "standalone"}
        What Brian2's code becomes there; ``auto`` takes Cython where it works, ``standalone`` is one C++ program for
        circuits without an environment.
    start_from : Result, optional
        Continue from the weights, learned parameters and optimiser states of an earlier run: each seed from its own,
        a new seed from the best one's. Noise goes on where that run stopped.
    freeze : bool
        Run without plasticity.
    out : path, optional
        Folder for the results; nothing is written without one.
    progress, notice : callable, optional
        Called with :class:`Progress` after each stretch; with lines for the user.
    started : callable, optional
        Called when the arguments are known to be sound, before anything heavy is loaded or compiled.
    command : sequence of str, optional
        Command line for the provenance.
    pause : (int, callable), optional
        After every so many decisions the function is given the lasting variables (key → (S, ...)), to evaluate them;
        where it returns True the run ends there. It changes nothing of the run.
    words : WordLengths, optional
        Run in words of these lengths, learning included (:mod:`neuro_rtrrl.lowering.fixed_point`); what their last bits
        are worth follows from a short run in float64 before. :func:`neuro_rtrrl.word_lengths` reads a profile's.
    checkpoint : Checkpoint, optional
        Go on from it where it holds an earlier part of this very run, and renew it now and then; where the circuit
        records nothing, on JAX. An environment on the host keeps its state to itself: there it is of no use.
    ledger : bool
        Keep ``result.activity``: what :func:`neuro_rtrrl.cost` needs to count what a stretch of the first seed's run
        really took (a thousand decisions or fewer, from the beginning of the last stretch).

    Returns
    -------
    Result
        ``result.interrupted`` says whether Ctrl-C (or SIGTERM) ended the run early.

    Raises
    ------
    CircuitError
        If an argument does not fit the circuit.
    RunError
        If the run fails or its results cannot be kept; :class:`RunFailed`, with what was made until then, if numbers
        are no longer finite after a stretch or the memory is full.
    KeyboardInterrupt
        If it is interrupted before anything is recorded.
    """
    began = time.perf_counter()
    refuse_unknown(backend, kernel, codegen)
    precision = precision or ("float64" if words is not None else default_precision(backend))
    if precision not in ("float32", "float64"):
        raise CircuitError(Problem(f"there is no precision '{precision}'", available=("float32", "float64")))
    if words is not None and (precision != "float64" or codegen == "standalone" or ledger):
        wrong = "--ledger" if ledger else "--codegen standalone" if codegen == "standalone" else "float32"
        counted = "count the same run in float32, and price it: cost FILE --profile NAME --from RESULTS"
        hint = counted if ledger else "leave it out"
        raise CircuitError(Problem(f"a run in words of fixed length cannot have {wrong}", hint=hint))
    if words is not None:
        refuse_events(circuit, *IN_WORDS)
    circuit = circuit.freeze() if freeze else circuit
    chosen = seeds_of(seeds, seed, backend, start_from)
    total = decisions_of(circuit, decisions, duration, backend)
    start = start_from.next_decision if start_from else 0
    _refuse_events_outside(circuit, start + total)
    _tell_events_cut(circuit, start + total, notice)
    folder = ResultsFolder.create(out, circuit.name) if isinstance(out, str | PathLike) else out
    provenance = collect_provenance(
        chosen, circuit.hash, backend, precision, command, continued_from=origin_of(start_from)
    )
    provenance |= circuit.told
    if (
        start_from is not None
    ):  # where a parameter was learned, it has a value for each neuron even when frozen
        circuit = circuit.with_weights(continuable(start_from).best())
    lowered = lower(circuit)
    variables = lowered.variables
    units = {key: variable.dimension for key, variable in variables.items()}
    recorder, episodes = Recorder(circuit, chosen, units=units), Episodes(chosen)
    refuse_what_cannot_be_recorded(circuit, lowered, start, total)
    refuse_more_than_fits(
        circuit, variables, start, total, len(chosen), folder.path if folder is not None else None
    )
    if folder is not None:
        folder.begin(circuit, provenance, units)
    initials = initials_of(circuit, start_from, chosen, variables)
    activity = ActivityRecorder(circuit, chosen, precision) if ledger else None
    if started is not None:
        started()
    arithmetic = None
    if words is not None:
        from neuro_rtrrl.calibration import calibrate

        arithmetic = calibrate(circuit, words)
        provenance["words"] = words.as_dict()
    program = make_program(
        circuit,
        make_environment(circuit),
        backend,
        chosen,
        precision,
        recorder.record if activity is None else activity.beside(recorder.record),
        initials=initials,
        start=start,
        kernel=kernel,
        codegen=codegen,
        notice=notice,
        arithmetic=arithmetic,
    )
    provenance["kernel"] = program.kernel
    every = pause[0] if pause else total
    done = 0
    resumable: Any = program if checkpoint is not None and getattr(program, "resumable", False) else None
    if checkpoint is not None and _goes_on(resumable, checkpoint.found, start, every):
        episodes = Episodes.from_arrays(chosen, checkpoint.found)
        done = int(checkpoint.found["done"])
        began -= float(checkpoint.found["seconds"])
        if checkpoint.restore is not None:
            checkpoint.restore(checkpoint.found)
    run = Run(program, total, began, recorder, episodes, progress, done)
    failure: Exception | None = None
    ended = False

    def made(recordings: Any) -> Result:
        return Result(
            circuit=circuit.name,
            seeds=chosen,
            decisions=run.done,
            episodes=episodes,
            recordings=recordings,
            state=run.state,
            settable=settable(circuit, tuple(run.state)),
            wall_seconds=time.perf_counter() - began,
            decisions_per_second=run.average_rate,
            first_decision_seconds=run.first_seconds,
            interrupted=run.done < total and not ended,
            folder=folder.path if folder else None,
            provenance=provenance,
            next_decision=start + run.sound,
            activity=activity.activity if activity else None,
        )

    def carried() -> dict[str, np.ndarray] | None:
        """Return what the run goes on from; None between a stretch and its evaluation, or after a divergence."""
        if resumable is None or run.divergence is not None or owing:
            return None
        leaves = {f"carried_{index}": each for index, each in enumerate(resumable.carried())}
        stand = {"done": run.done, "seconds": time.perf_counter() - began, "kernel": program.kernel}
        return {**leaves, **episodes.arrays(), **{key: np.array(each) for key, each in stand.items()}}

    stream = Stream(folder, recorder, made) if folder is not None else None
    owing = False
    with interruptible(notice) as interrupts:
        stopped = False

        def take(chunk) -> bool:
            nonlocal stopped, owing
            interrupts.stage = "running"  # from here on there is something to keep
            with interrupts.keeping():
                if activity is not None:
                    activity.add(run.state, chunk)
                reached = run.done + chunk.count
                owing = bool(pause) and (reached % every == 0 or reached == total)
                stopped = run.take(chunk) or interrupts.stopped
                if checkpoint is not None:
                    checkpoint.look(carried)
                if stream is not None:
                    stream.look()
            return stopped

        try:
            while run.done < total and not stopped and not ended:
                program.run(min(every, total - run.done // every * every), take)
                ended = bool(pause) and not stopped and pause[1](run.state)
                owing = bool(pause) and stopped
                if checkpoint is not None and not stopped and not ended:
                    checkpoint.look(carried)
        except (KeyboardInterrupt, Exception) as error:
            met: BaseException = KeyboardInterrupt() if interrupts.at_once else told_by_host() or error
            failure = _failure(met)
            if not run.done:
                raise (failure or met) from None
        whole = failure is None and not interrupts.at_once  # else something may have been left half-way
        if checkpoint is not None and whole and run.done < total and not ended:
            checkpoint.look(carried, now=True)
        if run.divergence is not None:
            run.locate(["reward", *(key for _, each in lowered.statements() for key in targets_of(each))])
        interrupts.stage = "saving"
        if stream is not None and stream.failed and isinstance(failure, RunError):
            raise _what_is_left(failure, stream) from failure
        if folder is None or stream is None:
            result = made(recorder.dataset())
        else:
            try:
                result = _finished(folder, stream, made, circuit, provenance)
            except RunError as error:
                raise _what_is_left(error, stream) from error
            if result.activity is not None:
                with folder.writing(ACTIVITY) as target:
                    result.activity.save(target)
            if len(episodes):
                from neuro_rtrrl.plot import learning_curve_picture

                with folder.writing("learning_curve.png") as target:
                    learning_curve_picture(result, target)
            result.wall_seconds = time.perf_counter() - began
    if run.divergence is not None:
        problem = Problem(str(run.divergence), run.divergence.where(circuit), hint=_CALMER)
        told = replace(problem, hint=f"{_CALMER}; {_kept(result, run)}")
        raise RunFailed((told,), result, (problem,))
    if isinstance(failure, RunError):
        problems = (*failure.problems, Problem(_kept(result, run)))
        raise RunFailed(problems, result, failure.problems) from failure
    if failure is not None:
        raise failure
    return result


def _goes_on(program: Any, found: Mapping[str, np.ndarray], start: int, every: int) -> bool:
    """Let a program go on from what a checkpoint holds, where it is of such a program; return whether it does."""
    if program is None or not found or str(found["kernel"]) != program.kernel:
        return False
    done = int(found["done"])
    leaves = [found[f"carried_{index}"] for index in range(sum(key.startswith("carried_") for key in found))]
    return program.carry_on(start + done, leaves, done % every)


def _refuse_events_outside(circuit: Circuit, end: int) -> None:
    """Refuse interventions that begin when the run has ended."""
    interval = circuit.timing.decision_interval
    problems = [
        Problem(
            f"'{event.name}' begins at {event.window.start * interval:g} s, and the run ends at {end * interval:g} s",
            where=f"interventions.{event.name}.from",
            location=event.place,
            hint="let the run last longer, or let it begin earlier",
        )
        for event in circuit.events
        if event.window is not None and event.window.start >= end
    ]
    if problems:
        raise CircuitError(problems)


def _tell_events_cut(circuit: Circuit, end: int, notice: Callable[[str], None] | None) -> None:
    """Say of interventions that they would last longer than the run."""
    interval = circuit.timing.decision_interval
    for event in circuit.events:
        last = event.window.end if event.window is not None else None
        if notice is not None and last is not None and last > end:
            cut = f"it lasts until the run ends, at {end * interval:g} s"
            notice(f"'{event.name}' would end at {last * interval:g} s: {cut}")


class RunFailed(RunError):  # noqa: N818  named for what happened, as KeyboardInterrupt is
    """A run that failed after something had been recorded.

    Attributes
    ----------
    result : Result
        What was made until then; ``result.state`` is the last at which all variables were finite, after
        ``result.next_decision`` decisions.
    causes : tuple of Problem
        What happened, without what is kept.
    """

    def __init__(self, problems: tuple[Problem, ...], result: Result, causes: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.result, self.causes = result, causes


_CALMER = "a smaller learning_rate or dt may help"


def _kept(result: Result, run: Run) -> str:
    """Say what there is of a run that failed."""
    where = f" in {result.folder}" if result.folder else ""
    seeds = "of all seeds" if len(result.seeds) > 1 else ""
    checkpoint = f"{result.folder / 'weights.nc'}, " if result.folder else ""
    made = " ".join(part for part in (f"{result.decisions:,} decisions", seeds) if part)
    sound = f"after {run.sound:,}" if run.sound else "the start, for it happened in the first stretch"
    return f"kept{where}: {made}; the last good checkpoint is {checkpoint}{sound}"


def _failure(error: BaseException) -> Exception | None:
    """Return what to tell of an exception: nothing of an interruption, of a full memory what would help."""
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        return RunError(
            Problem("there is not enough memory for this run", hint="run fewer seeds or record less")
        )
    return error if isinstance(error, Exception) else None


def _finished(
    folder: ResultsFolder,
    stream: Stream,
    made: Callable[[Any], Result],
    circuit: Circuit,
    provenance: Mapping[str, Any],
) -> Result:
    """Write the results; recordings that were streamed are read from the folder from now on."""
    if not stream.parts and not stream.failed:
        result = made(stream.recorder.dataset())
        folder.finish(result, circuit, provenance)
        return result
    stream.flush()
    result = made(None)
    folder.finish(result, circuit, provenance, stream.parts)
    result.recordings = open_recordings(folder.path / "recordings.nc")
    return result


def _what_is_left(error: RunError, stream: Stream) -> RunError:
    """Return the error of results that could not be written, with what there is of them."""
    if not stream.parts:
        return RunError((*error.problems, stream.salvage()))
    message = f"kept in {stream.folder.path}: the first {stream.decisions:,} decisions"
    hint = f"load_results reads them; --from {stream.folder.path} goes on from there"
    return RunError((*error.problems, Problem(message, hint=hint)))
