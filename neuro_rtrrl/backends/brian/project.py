"""A circuit as one C++ program, built once and started for every seed with its own numbers."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import Clock, Network, SpikeMonitor, StateMonitor, prefs, second, set_device
from brian2.core.names import find_name
from brian2.core.variables import ArrayVariable
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import reset_device

from neuro_rtrrl.backends.brian.builds import build
from neuro_rtrrl.backends.brian.counted_noise import CountedGroups
from neuro_rtrrl.backends.brian.plan import Plan
from neuro_rtrrl.builds import cores
from neuro_rtrrl.errors import Problem, RunError
from neuro_rtrrl.lowering import LoweredCircuit

__all__ = ["Project"]

SAID = 500  # characters of what a failed program or compiler said
DURATION = "NEURO_RTRRL_SECONDS"


class _Device(CPPStandaloneDevice):
    """A stand-alone device of our own, so that a script's is left alone.

    Names are unique within it, not within the process: the same circuit is always the same sources.
    """

    def code_object(self, owner: Any, name: str, *arguments: Any, **options: Any) -> Any:
        return super().code_object(owner, find_name(name, self.code_objects), *arguments, **options)


class Project:
    """A C++ program that makes decisions of one seed, in a folder that goes with the object.

    Parameters
    ----------
    lowered, plan
        See :class:`~neuro_rtrrl.backends.brian.groups.Groups`.
    record : tuple of str
        Keys to keep: spikes every step, all else at the end of every decision.
    cache : Path, optional
        Where programs are kept between processes.

    Attributes
    ----------
    build_seconds : float
    from_cache : bool

    Raises
    ------
    RunError
        If it cannot be built.
    """

    def __init__(
        self, lowered: LoweredCircuit, plan: Plan, record: tuple[str, ...], cache: Path | None = None
    ) -> None:
        self.lowered, self._aliases = lowered, plan.aliases
        self._folder = tempfile.TemporaryDirectory(prefix="neuro_rtrrl_", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)
        self.device = _Device()
        began = time.perf_counter()
        set_device(self.device, build_on_run=False)
        try:
            self._describe(plan, record)
            self.device.build(directory=str(self.folder), compile=False, run=False, with_output=False)
            self.from_cache = build(self.folder, self._make, cache)
        finally:
            reset_device()
        self.build_seconds = time.perf_counter() - began

    def _make(self) -> None:
        """Compile, as Brian2 does, but without a word on the terminal."""
        command = [prefs.devices.cpp_standalone.make_cmd_unix, f"-j{cores()}"]
        try:
            ended = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, errors="replace")
        except OSError as error:
            raise RunError(Problem(f"make did not run: {error}", hint=_HINT)) from error
        if ended.returncode:
            complaints = [line for line in ended.stderr.splitlines() if "rror" in line] or [ended.stderr]
            raise RunError(
                Problem(f"the stand-alone program was not built: {complaints[0][:SAID]}", hint=_HINT)
            )

    def _describe(self, plan: Plan, record: tuple[str, ...]) -> None:
        timing = self.lowered.circuit.timing
        clock = Clock(timing.dt * second, name="integration_clock")
        self.groups = CountedGroups(self.lowered, plan, clock)
        network = Network(*self.groups.objects.values(), name="circuit")
        self._spikes: dict[str, SpikeMonitor] = {}
        self._kept: dict[str, StateMonitor] = {}
        slow = Clock(timing.steps * timing.dt * second, name="decision_clock")
        for key in record:
            variable = self.lowered.variables[key]
            if variable.value is not None:
                continue
            group = self.groups.objects[variable.space.name]
            if key.endswith(".spike"):
                self._spikes[key] = SpikeMonitor(group, name=f"spikes_of_{group.name}")
            else:
                name = self._array(key).name
                # before the first step of a decision stands what the one before has left
                self._kept[key] = StateMonitor(
                    group,
                    name,
                    record=True,
                    clock=slow,
                    when="before_start",
                    name=f"{group.name}_keeps_{len(self._kept)}",
                )
        network.add(*self._spikes.values(), *self._kept.values())
        network.run(second, namespace={})
        self._let_duration_be_given(network.name)
        self._order_clocks()

    def _let_duration_be_given(self, name: str) -> None:
        """Take the run's duration from the environment, so that one program serves runs of any length."""
        literal, given = f"{name}.run(1.0, NULL,", f'{name}.run(atof(getenv("{DURATION}")), NULL,'
        queue = self.device.main_queue
        (place,) = (index for index, entry in enumerate(queue) if entry[0] == "run_network")
        network, lines = queue[place][1]
        assert sum(literal in line for line in lines) == 1, "Brian2 writes its main program in another way"
        queue[place] = ("run_network", (network, [line.replace(literal, given) for line in lines]))

    def _order_clocks(self) -> None:
        """Set the clocks to zero in the order of their names: Brian2 takes them out of a set."""
        queue = self.device.main_queue
        zeros = [
            place
            for place, entry in enumerate(queue)
            if entry[0] == "set_by_single_value" and entry[1][0].endswith(("_clock_t", "_clock_timestep"))
        ]
        ordered = sorted((queue[place] for place in zeros), key=lambda entry: entry[1][0])
        for place, entry in zip(zeros, ordered, strict=True):
            queue[place] = entry

    # --- a run ----------------------------------------------------------------------------------------------

    def settable(self, key: str) -> bool:
        """Whether the program has an array for ``key``."""
        return self._variable(key) is not None

    def _variable(self, key: str) -> ArrayVariable | None:
        key = self._aliases.get(key, key)
        owner = key if key in self.lowered.variables else key.rpartition(".")[0]  # the stream of a noise
        space = self.lowered.variables[owner].space.name
        group = self.groups.objects.get(space)
        found = group.variables.get(self.groups.names[space][key]) if group is not None else None
        return found if isinstance(found, ArrayVariable) else None

    def _array(self, key: str) -> ArrayVariable:
        found = self._variable(key)
        assert found is not None, key
        return found

    def start(self, name: str, decisions: int, values: Mapping[str, np.ndarray]) -> subprocess.Popen:
        """Start the program with these numbers; what it writes goes to a folder of this name."""
        timing = self.lowered.circuit.timing
        environment = {**os.environ, DURATION: repr(decisions * timing.steps * timing.dt)}
        results = self.folder / name
        results.mkdir(exist_ok=True)
        arguments = ["--results_dir", f"{results}{os.sep}"]
        for key, value in values.items():
            variable = self._array(key)
            file = f"{name}/given_{len(arguments)}"
            np.ascontiguousarray(value, variable.dtype).tofile(self.folder / file)
            owner: Any = variable.owner
            arguments.append(f"{owner.name}.{variable.name}={file}")
        with open(results / "said", "w") as said:
            return subprocess.Popen(
                [self.folder / "main", *arguments],
                cwd=self.folder,
                env=environment,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # at Ctrl-C it would end early as if it were done
            )

    def ended(self, name: str, process: subprocess.Popen) -> None:
        """Wait for a started program.

        Raises
        ------
        RunError
            If it failed, could not read its numbers, or ended early.
        """
        code, said = process.wait(), (self.folder / name / "said").read_text(errors="replace").strip()
        if not code and not said:
            *_, completed = (self.folder / name / "last_run_info.txt").read_text().split()
            said = "" if float(completed) == 1.0 else f"it stopped after {float(completed):.0%} of the run"
        if code or said:
            raise RunError(Problem(f"the stand-alone program ended with {code}: {said[-SAID:]}", hint=_HINT))

    # --- what it left ---------------------------------------------------------------------------------------

    def last(self, name: str, key: str) -> np.ndarray:
        """Return a variable as the run left it, flat."""
        return self._read(name, self._array(key))

    def spikes(self, name: str, key: str, start: int, count: int) -> np.ndarray:
        """Return who fired in ``count`` decisions from ``start``: bool, shape (count, k, n)."""
        monitor, timing = self._spikes[key], self.lowered.circuit.timing
        times, neurons = (self._read(name, monitor.variables[part]) for part in ("t", "i"))
        bounds = np.array([start, start + count]) * timing.steps - 0.5
        here = slice(*np.searchsorted(times, bounds * timing.dt))
        steps = np.rint(times[here] / timing.dt).astype(np.int64) - start * timing.steps
        fired = np.zeros((count * timing.steps, *self.lowered.variables[key].space.shape), bool)
        fired[steps, neurons[here]] = True
        return fired.reshape(count, timing.steps, -1)

    def kept(self, name: str, key: str, rows: np.ndarray) -> np.ndarray:
        """Return a recorded variable at the end of these decisions, shape (rows, elements)."""
        variable = self._array(key)
        last = self._read(name, variable)
        before = self._read(name, self._kept[key].variables[variable.name]).reshape(-1, last.size)
        inside = rows + 1 < len(before)  # what stands after the last decision is what the program left
        return np.where(inside[:, None], before[np.where(inside, rows + 1, 0)], last)

    def _read(self, name: str, variable: Any) -> np.ndarray:
        file = self.folder / name / os.path.basename(self.device.get_array_filename(variable))
        empty = file.stat().st_size == 0
        return np.zeros(0, variable.dtype) if empty else np.memmap(file, variable.dtype, mode="r")


_HINT = "--codegen cython runs the same circuit without it"
