"""The closed loop on Brian2: one persistent run, with an operation before and after each decision's integration."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np
from brian2 import Clock, Network, NetworkOperation, prefs, second
from brian2.codegen.runtime.cython_rt.cython_rt import CythonCodeObject
from brian2.core.base import BrianObjectException
from brian2.utils.logger import BrianLogger

from neuro_rtrrl.backends.brian.plan import make_plan
from neuro_rtrrl.backends.brian.records import Records
from neuro_rtrrl.backends.brian.replica import Replica
from neuro_rtrrl.backends.brian.world import World
from neuro_rtrrl.backends.chunk import Deliver
from neuro_rtrrl.environments import streams
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.errors import Problem, RunError
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.graph.initialise import initial_values
from neuro_rtrrl.lowering import lower
from neuro_rtrrl.lowering.dataflow import carried_keys
from neuro_rtrrl.randomness import key as seed_key

__all__ = ["LONGEST_CHUNK", "BrianProgram"]

LONGEST_CHUNK = 1000  # decisions between two deliveries


class BrianProgram:
    """A circuit as a Brian2 network, for S seeds side by side.

    Parameters
    ----------
    circuit : Circuit
    environment : Environment or None
        None runs the circuit in an open loop.
    seeds : sequence of int
    precision : {"float64", "float32"}
    record : tuple of str
        Variable keys to keep every decision; spikes (``population.spike``) are kept every ``dt``.
    codegen : {"auto", "cython", "numpy"}
        Brian2's code generation target; ``auto`` takes Cython where it works.
    notice : callable, optional
        Is told, in one line, when ``auto`` has to do without a compiler.

    Attributes
    ----------
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
        record: tuple[str, ...] = (),
        codegen: str = "auto",
        notice: Callable[[str], None] | None = None,
    ) -> None:
        self.circuit, self.environment, self.seeds = circuit, environment, tuple(seeds)
        self.precision, self.record = precision, record
        self.dtype = np.dtype(precision)
        self.lowered = lower(circuit, keep=set(record))
        self.position = 0
        self._steps = circuit.timing.steps
        with self._settings("numpy"):
            self.target = _target(codegen, notice)
            plan = make_plan(self.lowered, record)
            clock = Clock(circuit.timing.dt * second, name="integration_clock")
            self.replicas = [
                Replica(self.lowered, plan, clock, initial_values(circuit, seed), suffix, self.dtype)
                for seed, suffix in zip(self.seeds, _suffixes(len(self.seeds)), strict=True)
            ]
            self.worlds = [World(environment, seed) if environment is not None else None for seed in self.seeds]
            self._build(clock)
        self._noise: dict[str, np.ndarray] = {}
        self._interrupted = self._running = False

    def _build(self, clock: Clock) -> None:
        self.objects = {}
        self.network = Network()
        for replica in self.replicas:
            for name, group in replica.groups.objects.items():
                self.objects[name + replica.groups.suffix] = group
                self.network.add(group)
            self.network.add(*replica.operations)
        self.network.add(
            NetworkOperation(self._begin_step, clock=clock, when="start", order=-1, name="begin_step"),
            NetworkOperation(self._end_step, clock=clock, when="end", order=1, name="end_step"),
        )

    # --- running ---------------------------------------------------------------------------------------------------

    def run(self, decisions: int, deliver: Deliver, chunk: int = LONGEST_CHUNK) -> int:
        """Advance by up to ``decisions`` in one run of the network, delivering every ``chunk`` of them.

        Ctrl-C ends the run after a whole decision: what was made is delivered, then KeyboardInterrupt is raised.
        """
        if decisions <= 0:
            return 0
        start = self.position
        self._end, self._deliver = start + decisions, deliver
        self._records = Records(self.replicas, self.record, min(chunk, decisions), self.dtype)
        self._records.renew(start)
        self._step = 0
        with self._settings(self.target), np.errstate(all="ignore"), self._interruptible():
            for replica in self.replicas:
                replica.prepare()
            self._integrate(decisions * self._steps)
        if self._interrupted:
            raise KeyboardInterrupt
        return self.position - start

    def _integrate(self, steps: int) -> None:
        try:
            self.network.run((steps * self.circuit.timing.dt) * second, namespace={})
        except (BrianObjectException, ArithmeticError) as error:
            cause = error.__cause__ or error
            where = re.search(r"object named '(\w+)'", str(error))
            name = where.group(1) if where else "the network"
            hint = "a division by zero ends a Brian2 run; on JAX it gives an infinite number" if isinstance(
                cause, ArithmeticError
            ) else ""
            raise RunError(Problem(f"Brian2 stopped in '{name}': {cause}", hint=hint)) from error

    def _begin_step(self) -> None:
        self._running = True
        if self._step == 0:
            self._begin_decision()
        if self.lowered.noise:
            self._draw_noise()

    def _begin_decision(self) -> None:
        for replica, world in zip(self.replicas, self.worlds, strict=True):
            if world is not None:
                world.step(replica.values["action"])
            replica.begin(world)

    def _end_step(self) -> None:
        if self._records.spikes:
            self._records.spike(self._step)
        self._step += 1
        if self._step < self._steps:
            return
        self._step = 0
        for replica in self.replicas:
            replica.finish()
        self._records.tick()
        self.position += 1
        if self.environment is None:
            for replica in self.replicas:
                replica.flags["first"] = False
        if self._records.count == self._records.length or self.position == self._end or self._interrupted:
            if self._deliver(self._records.chunk()) or self._interrupted:
                self.network.stop()

    def _draw_noise(self) -> None:
        per_decision = self._steps * max(self.lowered.variables[key].space.elements for key in self.lowered.noise)
        bulk = max(1, min(1000, _NOISE_AT_ONCE // per_decision))
        index = self.position % bulk
        if not self._noise or (index == 0 and self._step == 0):
            start = (self.position - index) * self._steps
            for key in self.lowered.noise:
                shape = self.lowered.variables[key].space.shape
                drawn = [
                    streams.noise_uniforms(seed_key(seed), key, start, bulk * self._steps, shape)
                    for seed in self.seeds
                ]
                self._noise[key] = np.stack([np.asarray(d) for d in drawn])
        for key, drawn in self._noise.items():
            for seed, replica in enumerate(self.replicas):
                replica.values[key][...] = drawn[seed, index * self._steps + self._step]

    # --- state -----------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, np.ndarray]:
        """Return key → array (S, ...) of every variable that lasts beyond a tick; synaptic ones are (post, pre)."""
        carried = carried_keys(self.lowered)
        keys = [
            key
            for key, variable in self.lowered.variables.items()
            if key in self.replicas[0].values and variable.value is None and (variable.persistent or key in carried)
        ]
        return {key: np.stack([_dense(replica, key) for replica in self.replicas]) for key in keys}

    # --- settings that Brian2 keeps for the whole process ----------------------------------------------------------

    @contextmanager
    def _settings(self, target: str) -> Iterator[None]:
        before = prefs.codegen.target, prefs.core.default_float_dtype, BrianLogger.console_handler.level
        prefs.codegen.target, prefs.core.default_float_dtype = target, self.dtype.type
        BrianLogger.console_handler.setLevel("ERROR")
        try:
            with jax.enable_x64(self.precision == "float64"):
                yield
        finally:
            prefs.codegen.target, prefs.core.default_float_dtype = before[:2]
            BrianLogger.console_handler.setLevel(before[2])

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let a first Ctrl-C end the run at a whole decision; a second one ends it at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def handler(number: int, frame: Any) -> None:
            if self._interrupted or not self._running:  # nothing is in the middle while code is compiled
                raise KeyboardInterrupt
            self._interrupted = True

        self._interrupted = self._running = False
        before = signal.signal(signal.SIGINT, handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


_NOISE_AT_ONCE = 2_000_000


def _suffixes(count: int) -> list[str]:
    return ["", *(f"_seed{index}" for index in range(1, count))]


def _target(codegen: str, notice: Callable[[str], None] | None) -> str:
    if codegen != "auto":
        return codegen
    if CythonCodeObject.is_available():
        return "cython"
    if notice is not None:
        notice("Brian2 runs on NumPy, several times slower: no working C++ compiler was found for Cython.")
    return "numpy"


def _dense(replica: Replica, key: str) -> np.ndarray:
    if replica.lowered.variables[key].space.kind == "projection":
        return np.array(replica.host.matrix(key))
    return np.array(replica.values[key])
