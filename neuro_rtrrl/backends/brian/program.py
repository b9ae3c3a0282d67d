"""The closed loop on Brian2: one persistent run, with the decision's own work before and after its steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from brian2 import Clock, second
from brian2.core.base import BrianObjectException

from neuro_rtrrl.backends.brian.noise import Noise
from neuro_rtrrl.backends.brian.plan import make_plan
from neuro_rtrrl.backends.brian.records import Records
from neuro_rtrrl.backends.brian.replica import Replica
from neuro_rtrrl.backends.brian.settings import Interruption, code_target, settings
from neuro_rtrrl.backends.brian.stepping import Loop, SteppedNetwork
from neuro_rtrrl.backends.brian.stopwatch import Stopwatch
from neuro_rtrrl.backends.brian.world import World
from neuro_rtrrl.backends.chunk import Deliver, as_recordings
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.errors import Problem, RunError
from neuro_rtrrl.graph.circuit import Circuit, Recording
from neuro_rtrrl.graph.initialise import initial_values
from neuro_rtrrl.lowering import FixedPoint, LoweredCircuit, fixed_form, hoist, lower
from neuro_rtrrl.lowering.credit import refuse_nonlocal
from neuro_rtrrl.lowering.dataflow import carried_keys

__all__ = ["LONGEST_CHUNK", "BrianProgram", "state_of"]

LONGEST_CHUNK = 1000  # decisions between two deliveries,
LONGEST_SILENCE = 2.0  # and seconds, about


class BrianProgram:
    """A circuit as a Brian2 network, for S seeds side by side.

    Parameters
    ----------
    circuit : Circuit
    environment : Environment or None
        None runs the circuit in an open loop.
    seeds : sequence of int
    precision : {"float64", "float32"}
    record : sequence of Recording or str
        What to keep; a bare key means the whole variable at every decision (spikes: every ``dt``).
    initials : sequence of mappings, optional
        For each seed, values that replace the initial ones: weights, parameters, optimiser states of an
        earlier run.
    start : int
        Index of the first decision in the streams of noise, so that a continued run sees new noise.
    notice : callable, optional
        Is told, in one line, when ``auto`` has to do without a compiler.
    codegen : {"auto", "cython", "numpy"}
        Brian2's code generation target; ``auto`` takes Cython where it works.
    arithmetic : FixedPoint, optional
        Words of fixed length in place of ``precision``, which must then be float64.
    profile : bool
        Measure where the time goes: see ``stopwatch``. It makes a decision about 2 µs longer.

    Attributes
    ----------
    kernel : {"cython", "numpy"}
        Brian2's code generation target.
    stopwatch : Stopwatch or None
        With ``profile``; ``program.stopwatch.shares()["overhead"]`` is the closed loop's own share of a tick.
    network : brian2.Network
    objects : dict of str to Brian2 object
        NeuronGroups and Synapses by the circuit's names; those of the second seed under ``name_seed1``.
    """

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
        codegen: str = "auto",
        profile: bool = False,
        arithmetic: FixedPoint | None = None,
    ) -> None:
        self.circuit, self.environment, self.seeds = circuit, environment, tuple(seeds)
        self.precision, self.record = precision, as_recordings(record)
        keys = tuple(each.key for each in self.record)
        self.dtype = np.dtype(precision)
        self.lowered = lower(circuit, keep=set(keys))
        refuse_nonlocal(self.lowered, "Brian2", "run it with --backend jax")
        rounded: Callable[..., dict[str, np.ndarray]] = dict
        if arithmetic is not None:
            form = fixed_form(hoist(self.lowered), arithmetic)
            self.lowered, rounded = form.emulated(), form.rounded
        self.position = start
        self._steps = circuit.timing.steps
        self.kernel = code_target(codegen, notice)
        with settings("numpy", precision):
            plan = make_plan(self.lowered, keys)
            clock = Clock(circuit.timing.dt * second, name="integration_clock")
            suffixes = ["", *(f"_seed{index}" for index in range(1, len(self.seeds)))]
            self.replicas = [
                Replica(
                    self.lowered,
                    plan,
                    clock,
                    rounded({**initial_values(circuit, seed), **given}),
                    suffix,
                    self.dtype,
                )
                for seed, given, suffix in zip(
                    self.seeds, initials or [{}] * len(self.seeds), suffixes, strict=True
                )
            ]
            self.worlds = [
                World(environment, seed, start, self.lowered.draws) if environment is not None else None
                for seed in self.seeds
            ]
            self.stopwatch = Stopwatch() if profile else None
            self._build(clock)
        self._noise = Noise(self.lowered, self.replicas, self.seeds)
        self._interruption = Interruption()

    def _build(self, clock: Clock) -> None:
        self.objects = {}
        self._loop = Loop(
            clock,
            self._steps,
            self._begin_decision,
            self._end_decision,
            early=(self._show_noise,) if self.lowered.noise else (),
            late=(self._keep_step,) if any(each.by_step for each in self.record) else (),
        )
        if self.stopwatch is not None:
            self._measure(self.stopwatch)
        self.network = SteppedNetwork(self._loop)
        for replica in self.replicas:
            for name, group in replica.groups.objects.items():
                self.objects[name + replica.groups.suffix] = group
                self.network.add(group)
            self.network.add(*replica.operations)
        for member in self.network.sorted_objects:
            member._network = (
                self.network.id
            )  # else Brian2 warns of a program that is dropped before it has run

    def _measure(self, stopwatch: Stopwatch) -> None:
        """Put the stopwatch around everything that is not the integration."""
        loop, timed = self._loop, stopwatch.timed
        loop.begin, loop.end = timed("bookkeeping", loop.begin), timed("bookkeeping", loop.end)
        loop.early = tuple(timed("bookkeeping", action) for action in loop.early)
        loop.late = tuple(timed("bookkeeping", action) for action in loop.late)
        for replica, world in zip(self.replicas, self.worlds, strict=True):
            replica.read_out = timed("readout", replica.read_out)
            replica.learn = timed("learning", replica.learn)
            if world is not None:
                world.step = timed("environment", world.step)

    # --- running --------------------------------------------------------------------------------------------

    def run(self, decisions: int, deliver: Deliver, chunk: int = LONGEST_CHUNK) -> int:
        """Advance by up to ``decisions`` in one run of the network, delivering every ``chunk`` of them.

        Ctrl-C ends the run after a whole decision: what was made is delivered, then KeyboardInterrupt raised.
        """
        if decisions <= 0:
            return 0
        start = self.position
        self._end, self._deliver = start + decisions, deliver
        self._records = Records(self.replicas, self.record, min(chunk, decisions), self.dtype)
        self._records.renew(start)
        self._loop.step = 0
        with settings(self.kernel, self.precision), self._interruption.listening():
            for replica in self.replicas:
                replica.prepare()
            self._integrate(decisions * self._steps)
        if self.stopwatch is not None:
            self.stopwatch.stop()
        if self._interruption.requested:
            raise KeyboardInterrupt
        return self.position - start

    def _integrate(self, steps: int) -> None:
        try:
            self.network.run((steps * self.circuit.timing.dt) * second, namespace={})
        except (BrianObjectException, ArithmeticError) as error:
            cause = error.__cause__ or error
            name = f"'{self._loop.at_work}'" if self._loop.at_work else "the network"
            hint = _DIVISION if isinstance(cause, ZeroDivisionError) else ""
            raise RunError(Problem(f"Brian2 stopped in {name}: {cause}", hint=hint)) from error

    def _begin_decision(self) -> None:
        if not self._interruption.running:
            self._interruption.running, self._due = True, time.monotonic() + LONGEST_SILENCE
            if self.stopwatch is not None:
                self.stopwatch.start()
        for replica, world in zip(self.replicas, self.worlds, strict=True):
            if world is not None:
                world.step(replica.values["action"])
            replica.begin(world, self.position)

    def _show_noise(self, step: int) -> None:
        self._noise.show(self.position, step)

    def _keep_step(self, step: int) -> None:
        self._records.step(step)

    def _end_decision(self) -> None:
        for replica in self.replicas:
            replica.read_out()
            replica.learn()
        self._records.tick()
        self.position += 1
        if self.environment is None:
            for replica in self.replicas:
                replica.flags["first"] = False
        full = self._records.count == self._records.length or self.position == self._end
        if full or self._interruption.requested or time.monotonic() > self._due:
            if self._deliver(self._records.chunk()) or self._interruption.requested:
                self.network.stop()
            self._due = time.monotonic() + LONGEST_SILENCE

    # --- state ----------------------------------------------------------------------------------------------

    def snapshot(self) -> Any:
        """Return copies of all values and of the environments; None where spikes are under way between neurons."""
        if self.circuit.spiking:
            return None
        worlds = [None if world is None else dict(vars(world)) for world in self.worlds]
        return self.position, [replica.snapshot() for replica in self.replicas], worlds

    def restore(self, snapshot: Any) -> None:
        """Go back to a snapshot."""
        self.position, replicas, worlds = snapshot
        for replica, values in zip(self.replicas, replicas, strict=True):
            replica.restore(values)
        for world, values in zip(self.worlds, worlds, strict=True):
            if world is not None:
                vars(world).update(values)

    def state(self) -> dict[str, np.ndarray]:
        """Return key → array (S, ...) of all that lasts beyond a tick; synaptic ones are (post, pre)."""
        return state_of(self.lowered, self.replicas)


def state_of(lowered: LoweredCircuit, replicas: Sequence[Replica]) -> dict[str, np.ndarray]:
    """Return key → array (S, ...) of what lasts beyond a tick."""
    carried = carried_keys(lowered)
    keys = [
        key
        for key, variable in lowered.variables.items()
        if key in replicas[0].values and variable.value is None and (variable.persistent or key in carried)
    ]
    return {key: np.stack([_dense(replica, key) for replica in replicas]) for key in keys}


_DIVISION = "a division by zero ends a run on Brian2, where JAX goes on with an infinite number"


def _dense(replica: Replica, key: str) -> np.ndarray:
    if replica.lowered.variables[key].space.kind == "projection":
        return np.array(replica.host.matrix(key))
    return np.array(replica.values[key])
