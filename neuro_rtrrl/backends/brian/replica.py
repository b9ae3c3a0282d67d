"""One seed of a run: its Brian2 objects, its numbers, and what happens before and after the integration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from brian2 import Clock, NetworkOperation
from brian2.groups.group import CodeRunner

from neuro_rtrrl.backends.brian.groups import Groups
from neuro_rtrrl.backends.brian.host import Action, Host
from neuro_rtrrl.backends.brian.plan import Block, Plan
from neuro_rtrrl.backends.brian.stepping import compiled
from neuro_rtrrl.backends.brian.world import World
from neuro_rtrrl.environments.spaces import Actions, Continuous
from neuro_rtrrl.lowering import LoweredCircuit
from neuro_rtrrl.lowering.gates import gate_values
from neuro_rtrrl.lowering.simplify import reads_of

__all__ = ["Replica"]


class Replica:
    """See the module's text; ``start`` gives initial weights and parameters (the circuit's keys)."""

    def __init__(
        self,
        lowered: LoweredCircuit,
        plan: Plan,
        clock: Clock,
        start: Mapping[str, np.ndarray],
        suffix: str,
        dtype: Any,
    ) -> None:
        self.lowered, self.plan = lowered, plan
        self.groups = Groups(lowered, plan, clock, suffix)
        self.host = Host(lowered, self.groups.views(), self.groups.connections, dtype)
        self.values = self.host.values
        self._start(start)
        for action in self.host.compile(lowered.setup):
            action()
        self._resets = [
            (key, self._origin(variable.initial))
            for key, variable in lowered.variables.items()
            if variable.resets and (key in self.values)
        ]
        self._transports = [
            (self.values[f"{name}.w"], self.values[f"{source}.w"], self._transposition(name, source))
            for name, source in lowered.transposed.items()
        ]
        self._decide = self.host.compile(plan.decide)
        self._chances = [
            (key, place)
            for key, place in lowered.chances.items()
            if key in self.values and key not in lowered.gates
        ]
        self._sense = self.host.compile(lowered.sections["sense"])
        self._episode_start = self.host.compile(lowered.episode_start)
        self._modulators = [name for name in lowered.decided if name in self.values]
        self._clamped = [
            (self.values[f"{p.name}.{p.model.clamps}"], p.encodes)
            for p in lowered.circuit.populations.values()
            if p.model.clamped
        ]
        self.flags: dict[str, Any] = {"reward": 0.0, "terminated": False, "truncated": False, "first": True}
        read = {key for _, statement in lowered.statements() for key in reads_of(statement)}
        self._given = [
            name for name in ("reward", "terminated", "first") if name in self.values and name in read
        ]
        self._first: list[Action] = []
        self._learn: list[Action] = []
        self.operations = [self._operation(block, order, clock, suffix) for block, order in self.groups.sums]
        self.operations += self._advance(clock, suffix)
        self._express: list[Action] = []
        for part in self.groups.express:
            self._express += self.host.compile(part.statements) if isinstance(part, Block) else [part.run]

    def _learning(self, blocks: tuple[Block, ...], runners: list[CodeRunner]) -> list[Action]:
        """Return, in order, NumPy's statements and Brian2's pieces of code, compiled."""
        made, waiting = [], iter(runners)
        for block in blocks:
            made += [_compiled(next(waiting))] if block.home else self.host.compile(block.statements)
        return made

    def _operation(self, block: Block, order: int, clock: Clock, suffix: str) -> NetworkOperation:
        actions = self.host.compile(block.statements)

        def sums() -> None:
            for action in actions:
                action()

        return NetworkOperation(sums, clock=clock, when="groups", order=order, name=f"sums_{order}{suffix}")

    def _advance(self, clock: Clock, suffix: str) -> list[NetworkOperation]:
        """Move broadcast states: worked out before Brian2 integrates the others, stored after it has."""
        if not self.plan.advance:
            return []
        functions = [(s.target, self.host.function(s.expression)) for s in self.plan.advance]
        new: list[Any] = []

        def work_out() -> None:
            new[:] = [function() for _, function in functions]

        def store() -> None:
            for (key, _), value in zip(functions, new, strict=True):
                self.host.put(key, value)

        return [
            NetworkOperation(each, clock=clock, when="groups", order=order, name=f"{each.__name__}{suffix}")
            for each, order in zip((work_out, store), self.groups.advance, strict=True)
        ]

    # --- numbers at the start -------------------------------------------------------------------------------

    def _start(self, start: Mapping[str, np.ndarray]) -> None:
        for key, variable in self.lowered.variables.items():
            if variable.value is not None or key in self.plan.aliases:
                continue
            if key in start:
                given = np.asarray(start[key])
                if variable.space.kind == "projection":
                    given = given[self.groups.connections[variable.space.name]]
                self._set(key, given)
        for key, variable in self.lowered.variables.items():
            if variable.persistent and variable.value is None and key not in start:
                self._set(key, self._origin(variable.initial)())

    def _origin(self, initial: float | str) -> Callable[[], Any]:
        if isinstance(initial, str):
            variable = self.lowered.variables[initial]
            if variable.value is None:
                return lambda: self.values[initial]
            return lambda: variable.value
        return lambda: initial

    def _set(self, key: str, value: Any) -> None:
        if self.lowered.variables[key].space.kind == "broadcast":
            self.host.put(key, value)
        elif key in self.values:
            self.values[key][...] = value

    def _transposition(self, name: str, source: str) -> np.ndarray:
        """Return, for each synapse of ``name``, the place of its twin in ``source`` (-1: cut there)."""
        post, pre = self.groups.connections[source]
        shape = self.lowered.spaces[source].shape
        places = np.full(shape, -1)
        places[post, pre] = np.arange(len(post))
        own_post, own_pre = self.groups.connections[name]
        return places[own_pre, own_post]

    # --- one decision ---------------------------------------------------------------------------------------

    def begin(self, world: World | None, decision: int) -> None:
        """Show the animal what happened; put membranes and traces back where an episode starts."""
        if world is not None:
            flags = self.flags
            flags["reward"], flags["first"] = world.reward, world.first
            flags["terminated"], flags["truncated"] = world.terminated, world.truncated
            self.values["uniforms"] = world.uniforms
            if world.environment.whole:
                self.values["observation"][...] = world.whole
            for key, place in self._chances:
                if self.lowered.variables[key].space.kind == "broadcast":
                    self.host.put(key, world.uniforms[place])
                else:
                    self.values[key][...] = world.uniforms[place : place + self.values[key].size]
            for rates, encodes in self._clamped:
                self._clamp(rates, encodes, world)
        for key, acts in gate_values(self.lowered, decision).items():
            if self.values[key] != acts:
                self.host.put(key, acts)
        for name in self._given:
            if self.values[name] != self.flags[name]:
                self.host.put(name, self.flags[name])
        if self.flags["first"]:
            for key, origin in self._resets:
                self._set(key, origin())
            for action in self._episode_start:
                action()
            for action in self._express:
                action()
        for action in self._sense:
            action()

    def _clamp(self, rates: np.ndarray, encodes: tuple[str, ...], world: World) -> None:
        start = 0
        for signal in encodes:
            if signal == "observation":
                end = start + len(world.observation)
                rates[start:end] = world.observation
            elif signal == "action":
                end = start + world.environment.actions.width
                rates[start:end] = 0.0
                if not world.first:
                    _show_action(rates[start:end], world.action, world.environment.actions)
            else:
                end = start + 1
                rates[start] = world.reward
            start = end

    def read_out(self) -> None:
        """Read out, choose, compute the modulators."""
        for target, source, places in self._transports:
            target[...] = np.where(places < 0, 0.0, source[places])
        for action in self._decide:
            action()

    def learn(self) -> None:
        """Change weights with the old traces, renew the traces; on a first tick only the latter."""
        if self.flags["first"]:
            for name in self._modulators:
                self.host.put(name, 0.0)
            for action in self._first:
                action()
        else:
            for action in self._learn:
                action()

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return copies of all values, and the flags."""
        return {key: np.copy(value) for key, value in self.values.items()}, dict(self.flags)

    def restore(self, snapshot: tuple[dict[str, Any], dict[str, Any]]) -> None:
        """Put the values of a snapshot back."""
        values, flags = snapshot
        self.flags.update(flags)
        for key, value in values.items():
            if isinstance(self.values[key], np.ndarray):
                self.values[key][...] = value
            elif key == "action":
                self.values[key] = value.item()
            else:
                self.host.put(key, value)

    def prepare(self) -> None:
        """Compile what Brian2's schedule does not run by itself."""
        shown = self.host.compile(self.plan.shown)
        self._first = [*shown, *self._learning(self.plan.first, self.groups.first)]
        self._learn = self._learning(self.plan.learn, self.groups.learn)


def _show_action(rates: np.ndarray, action: Any, actions: Actions) -> None:
    """Write the efference copy of an action over rates that are 0."""
    if isinstance(actions, Continuous):
        rates[...] = action
        return
    start = 0
    for size, taken in zip(actions.sizes, np.atleast_1d(action), strict=True):
        rates[start + int(taken)] = 1.0
        start += size


def _compiled(runner: CodeRunner) -> Action:
    """Return the code of a runner that is in no network as a function."""
    runner.before_run({})
    return compiled(runner.codeobj)
