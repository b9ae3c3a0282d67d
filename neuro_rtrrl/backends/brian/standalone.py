"""Open-loop circuits on Brian2's C++ stand-alone device: one build, started once for each seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from brian2 import Clock, second

from neuro_rtrrl.backends.brian.builds import have_compiler
from neuro_rtrrl.backends.brian.counted_noise import stream_values
from neuro_rtrrl.backends.brian.plan import Block, Plan, make_plan
from neuro_rtrrl.backends.brian.program import LONGEST_CHUNK, state_of
from neuro_rtrrl.backends.brian.project import Project
from neuro_rtrrl.backends.brian.records import chosen_shape, chosen_synapses
from neuro_rtrrl.backends.brian.replica import Replica
from neuro_rtrrl.backends.brian.settings import settings
from neuro_rtrrl.backends.chunk import Chunk, Deliver, as_recordings
from neuro_rtrrl.builds import cache_folder, cores
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.errors import Problems
from neuro_rtrrl.graph.circuit import Circuit, Recording
from neuro_rtrrl.graph.initialise import initial_values
from neuro_rtrrl.lowering import LoweredCircuit, lower
from neuro_rtrrl.lowering.credit import refuse_nonlocal

__all__ = ["StandaloneProgram"]


class StandaloneProgram:
    """A circuit without an environment as one C++ program; see ``BrianProgram`` for the parameters.

    It draws the same noise from the same streams and starts from the same numbers, so it fires the same
    spikes. Seeds run side by side, one process each, as many at once as there are cores. It runs once: the
    spikes that are under way when a program ends are lost, so a second run would not continue the first.

    Parameters
    ----------
    cache : Path, optional
        Where built programs are kept, so that the next process need not compile; the user's cache by default.

    Attributes
    ----------
    build_seconds : float
        What generating and compiling took; 0 before the run.

    Raises
    ------
    CircuitError
        If the circuit needs Python between two steps: an environment, a readout, learning by decisions, sums
        over a population; or if there is no C++ compiler.
    """

    kernel = "standalone"

    def __init__(
        self,
        circuit: Circuit,
        environment: Environment | None,
        seeds: Sequence[int],
        precision: str = "float64",
        record: Sequence[Recording | str] = (),
        initials: Sequence[Mapping[str, np.ndarray]] | None = None,
        start: int = 0,
        notice: Callable[[str], None] | None = None,
        cache: Path | None = None,
    ) -> None:
        cache = cache or cache_folder() / "brian2"
        self.circuit, self.seeds, self.precision = circuit, tuple(seeds), precision
        self.record = as_recordings(record)
        keys = tuple(each.key for each in self.record)
        self.dtype = np.dtype(precision)
        self.lowered = lower(circuit, keep=set(keys))
        refuse_nonlocal(self.lowered, "Brian2", "run it with --backend jax")
        self._plan = make_plan(self.lowered, keys)
        _refuse(self.lowered, self._plan, self.record)
        self.position, self._start, self._ran = start, start, False
        self._cache, self._notice = cache, notice or (lambda line: None)
        self.build_seconds = 0.0
        with settings("numpy", precision):
            clock = Clock(circuit.timing.dt * second, name="integration_clock")
            given = initials or [{}] * len(self.seeds)
            self._replicas = [
                self._replica(clock, seed, values, f"_seed{index}")
                for index, (seed, values) in enumerate(zip(self.seeds, given, strict=True))
            ]

    def _replica(self, clock: Clock, seed: int, given: Mapping[str, np.ndarray], suffix: str) -> Replica:
        """Return one seed's numbers as the first decision finds them, and the place for those it leaves."""
        start = {**initial_values(self.circuit, seed), **given}
        replica = Replica(self.lowered, self._plan, clock, start, suffix, self.dtype)
        for runner in replica.groups.express:
            if not isinstance(runner, Block):  # NumPy's part has nothing to compile
                runner.before_run({})
        replica.begin(None, self._start)
        for member in replica.groups.objects.values():
            member._network = "none"  # else Brian2 warns of an object that is dropped before it has run
        return replica

    # --- running --------------------------------------------------------------------------------------------

    def run(self, decisions: int, deliver: Deliver, chunk: int = LONGEST_CHUNK) -> int:
        """Build, make all ``decisions`` of all seeds, then deliver them in stretches of ``chunk``.

        Raises
        ------
        CircuitError
            If the program has run already.
        RunError
            If it could not be built or failed.
        """
        if self._ran:
            problems = Problems()
            problems.add("a stand-alone program runs once", hint="ask for all decisions at once")
            problems.raise_if_any()
        if decisions <= 0:
            return 0
        self._ran = True
        project = self.build()
        self.run_seeds(project, decisions)
        self._leave(project)
        for begin in range(0, decisions, chunk):
            count = min(chunk, decisions - begin)
            self.position = self._start + begin + count
            if deliver(self._chunk(project, begin, count)):
                break
        return self.position - self._start

    def build(self) -> Project:
        """Generate and compile the program, or take the one that the cache holds."""
        self._notice("Brian2 compiles the circuit into a C++ program: half a minute, if it has not yet.")
        with settings("cython", self.precision):
            keys = tuple(each.key for each in self.record)
            project = Project(self.lowered, self._plan, keys, self._cache)
        self.build_seconds = project.build_seconds
        return project

    def run_seeds(self, project: Project, decisions: int) -> None:
        """Start the program for every seed from its first numbers, and wait; results stay in its folder."""
        running = []

        def one(index: int) -> None:
            process = project.start(f"seed{index}", decisions, self._values(project, index))
            running.append(process)
            project.ended(f"seed{index}", process)

        with ThreadPoolExecutor(cores()) as pool:
            try:
                list(pool.map(one, range(len(self.seeds))))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in running:
                    process.kill()
                raise

    def _leave(self, project: Project) -> None:
        """Take over what lasts."""
        for index, replica in enumerate(self._replicas):
            for key, view in replica.values.items():
                if isinstance(view, np.ndarray) and project.settable(key):
                    view[...] = project.last(f"seed{index}", key)

    def _values(self, project: Project, index: int) -> dict[str, np.ndarray]:
        values = {
            key: view
            for key, view in self._replicas[index].values.items()
            if isinstance(view, np.ndarray) and key not in self._plan.aliases and project.settable(key)
        }
        for key in self.lowered.noise:
            values |= stream_values(key, self.seeds[index], self._start * self.circuit.timing.steps)
        return values

    def _chunk(self, project: Project, begin: int, count: int) -> Chunk:
        names = [f"seed{index}" for index in range(len(self.seeds))]
        records = {}
        for each in self.record:
            one = self._spikes if each.variable == "spike" else self._values_of
            records[each.key] = np.stack([one(project, name, each, begin, count) for name in names])
        nothing = np.zeros((len(names), count))
        first = nothing > 0
        first[:, 0] = begin == 0
        return Chunk(
            self._start + begin,
            count,
            nothing.astype(self.dtype),
            first,
            nothing > 0,
            nothing > 0,
            records,
        )

    def _spikes(self, project: Project, name: str, each: Recording, begin: int, count: int) -> np.ndarray:
        fired = project.spikes(name, each.key, begin, count)
        return fired if each.neurons is None else fired[:, :, list(each.neurons)]

    def _values_of(self, project: Project, name: str, each: Recording, begin: int, count: int) -> np.ndarray:
        """Return one seed's rows of a recorded variable."""
        rows = np.asarray(each.rows(self._start + begin, count), int) - self._start
        variable = self.lowered.variables[each.key]
        found = np.zeros((len(rows), *chosen_shape(each, variable.space.shape)), self.dtype)
        if variable.value is not None:
            found[...] = variable.value
        elif variable.space.kind == "projection":
            here, post, pre = chosen_synapses(
                each, *self._replicas[0].groups.connections[variable.space.name]
            )
            found[:, post, pre] = project.kept(name, each.key, rows)[:, here]
        else:
            neurons = slice(None) if each.neurons is None else list(each.neurons)
            found[...] = project.kept(name, each.key, rows)[:, neurons]
        return found

    def snapshot(self) -> None:
        """Return nothing: the program runs once."""

    def restore(self, snapshot: None) -> None:
        """Do nothing; there is no snapshot."""

    def state(self) -> dict[str, np.ndarray]:
        """Return key → array (S, ...) of all that lasts beyond a tick; synaptic ones are (post, pre)."""
        return state_of(self.lowered, self._replicas)


def _refuse(lowered: LoweredCircuit, plan: Plan, record: tuple[Recording, ...]) -> None:
    """Say all at once what a C++ program of its own cannot do."""
    problems, hint = Problems(), "--codegen cython runs it"
    for event in lowered.circuit.events:
        message = (
            f"intervention '{event.name}' cannot act in a stand-alone program: nobody begins and ends it"
        )
        problems.add(message, location=event.place, hint=hint)
    if lowered.circuit.environment is not None:
        problems.add(
            "a closed loop cannot run as a stand-alone program: its environment is Python", hint=hint
        )
    elif not lowered.gates and (plan.decide or plan.learn or plan.first or plan.shared or lowered.transposed):
        problems.add(
            "readouts, neuromodulators and learning by decisions cannot run as a stand-alone program: they are "
            "computed between two steps",
            hint=hint,
        )
    for block in (*plan.derive, *plan.express):
        modulators = [
            s for s in block.statements if getattr(s, "owner", "") in lowered.circuit.neuromodulators
        ]
        if not block.home and modulators:
            continue  # told of the modulator, below
        if not block.home:
            written = ", ".join(sorted(block.writes))
            problems.add(f"{written}: a sum over a population cannot run as a stand-alone program", hint=hint)
    for name, modulator in lowered.circuit.neuromodulators.items():
        if modulator.model.continuous:
            problems.add(
                f"neuromodulator '{name}' cannot run as a stand-alone program: it is worked out beside the neurons",
                where=f"neuromodulators.{name}",
                hint=hint,
            )
    for each in record:
        key, variable = each.key, lowered.variables[each.key]
        if each.by_step and not each.spikes:
            problems.add(f"{key} cannot be recorded every step in a stand-alone program", hint=hint)
        if variable.role == "noise" or (variable.space.kind == "broadcast" and variable.value is None):
            problems.add(f"{key} cannot be recorded in a stand-alone program", hint=hint)
    if not have_compiler():
        problems.add(
            "a stand-alone program needs a C++ compiler, and none was found",
            hint="--codegen numpy needs none",
        )
    problems.raise_if_any()
