"""The statements of a lowered circuit as a pure function from values to values.

Values are a dictionary from variable key to array; a tick adds and replaces entries. Nothing is interpreted at run
time: the dictionary and the trees exist only while JAX traces the function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.backends.jax.arrays import Arrays
from neuro_rtrrl.backends.jax.expressions import REDUCED
from neuro_rtrrl.backends.jax.influence import KEY, Influence
from neuro_rtrrl.lowering import Act, Assign, Choose, Gather, LoweredCircuit, Reduce, SpikeStep, Statement
from neuro_rtrrl.lowering.credit import influenced
from neuro_rtrrl.lowering.dataflow import carried_keys, written_keys

__all__ = ["Network"]

Values = dict[str, Any]


class Network:
    """The network-and-learning part of a tick.

    Parameters
    ----------
    lowered : LoweredCircuit
    dtype : numpy dtype
        float32 or float64, of every variable.
    products : {"dot", "sum"}
        See :class:`~neuro_rtrrl.backends.jax.arrays.Arrays`.
    """

    def __init__(self, lowered: LoweredCircuit, dtype: Any, products: str = "dot") -> None:
        self.lowered = lowered
        self.dtype = np.dtype(dtype)
        self.arrays = Arrays(lowered, dtype, products)
        self.steps = lowered.circuit.timing.steps
        #: of circuits with a rule that no synapse can follow by itself
        self.influence = Influence(lowered, self.arrays) if influenced(lowered.variables) else None
        followed = self.influence.states if self.influence else ()
        self.carried = tuple(dict.fromkeys((*carried_keys(lowered), *followed)))
        written = written_keys(lowered)
        self.fixed = tuple(
            key
            for key, variable in lowered.variables.items()
            if variable.value is None
            and variable.persistent
            and key not in written
            and key not in self.carried
            and not (variable.role == "weight" and variable.space.name in lowered.transposed)
        )
        self._pathways = [
            (index, statement)
            for index, statement in enumerate(lowered.sections["spike"])
            if isinstance(statement, SpikeStep) and statement.delay_steps
        ]

    # --- state -------------------------------------------------------------------------------------------------

    def initial(self, values: Values) -> tuple[Values, Values]:
        """Split given values into what a tick changes and what it only reads, filling in the rest.

        ``values`` maps keys to arrays without a seed axis; missing states take their declared initial value.
        """
        carry: Values = {}
        for key in self.carried:
            carry[key] = self.arrays.placed(key, self._start(key, values))
        for index, statement in self._pathways:
            shape = (statement.delay_steps, *self.lowered.variables[statement.trigger].space.shape)
            carry[f"queue {index}"] = np.zeros(shape, self.dtype)
        if self.influence is not None:
            carry[KEY] = self.influence.initial()
        fixed = {key: self.arrays.placed(key, np.asarray(values[key], self.dtype)) for key in self.fixed}
        return carry, fixed

    def setup(self, fixed: Values) -> Values:
        """Evaluate what is constant for a whole run; add it to ``fixed``."""
        values = dict(fixed)
        for statement in self.lowered.setup:
            self._run(statement, values)
        return values

    def _start(self, key: str, values: Values) -> np.ndarray:
        variable = self.lowered.variables[key]
        if key in values:
            return np.asarray(values[key], self.dtype)
        if isinstance(variable.initial, str):
            origin = self.lowered.variables[variable.initial]
            start = values[variable.initial] if origin.value is None else origin.value
        else:
            start = variable.initial
        return np.array(np.broadcast_to(np.asarray(start, self.dtype), variable.space.shape))

    # --- one tick ----------------------------------------------------------------------------------------------

    def begin(self, values: Values, first: Any) -> None:
        """Put membranes and traces back to their initial values where an episode starts; sense what is shown."""
        if self.influence is not None:
            self.influence.begin(values, first, lambda local: self._restart(local, True))
        self._restart(values, first)
        self.section("sense", values)

    def _restart(self, values: Values, first: Any) -> None:
        for key, variable in self.lowered.variables.items():
            if variable.resets and key in values:
                start = variable.initial
                if isinstance(start, str):
                    start = values.get(start, self.lowered.variables[start].value)
                values[key] = jnp.where(first, jnp.asarray(start, self.dtype), values[key])
        for statement in self.lowered.episode_start:
            old = values[statement.target]
            values[statement.target] = jnp.where(first, self._value(statement, values), old)
        shown = dict(values)
        self.section("express", shown)  # what neurons show follows from the state that was reset
        for key in self.carried:
            if shown[key] is not values[key]:
                values[key] = jnp.where(first, shown[key], values[key])

    def integrate(self, values: Values, noise: Values, watch: Callable[[Values], Values]) -> Values:
        """Advance by one decision interval; return what ``watch`` shows of every ``dt``, stacked."""
        moving = tuple(key for key in values if key in self._moving)
        known = dict(values)

        def step(state: Values, drawn: Values) -> tuple[Values, Values]:
            local = {**known, **state, **drawn}
            self._step(local)
            return {key: local[key] for key in state}, watch(local)

        if self.steps == 1:
            for key, drawn in noise.items():
                values[key] = drawn[0]
            self._step(values)
            return {key: value[None] for key, value in watch(values).items()}
        state = {key: values[key] for key in moving}
        shapes = jax.eval_shape(
            lambda s, d: self._all_written({**known, **s, **d}),
            state,
            {key: drawn[0] for key, drawn in noise.items()},
        )
        state.update({key: jnp.zeros(s.shape, s.dtype) for key, s in shapes.items() if key not in state})
        state, kept = jax.lax.scan(step, state, noise, length=self.steps)
        values.update(state)
        return kept

    def _step(self, values: Values) -> None:
        """Take one step of ``dt``, the influence of the parameters with it where somebody reads it."""
        if self.influence is None:
            self._sections_of_dt(values)
        else:
            self.influence.advance(values, self._sections_of_dt)

    def _sections_of_dt(self, values: Values) -> None:
        for section in ("derive", "advance", "express", "spike"):
            self.section(section, values)

    @property
    def _moving(self) -> set[str]:
        queues = {f"queue {index}" for index, _ in self._pathways}
        return written_keys(self.lowered, dt_only=True) | queues | {KEY}

    def _all_written(self, local: Values) -> Values:
        before = set(local)
        self._sections_of_dt(local)
        return {key: value for key, value in local.items() if key not in before}

    def draw(self, values: Values, uniform: Any) -> None:
        """Show the uniform numbers of a decision to what chance sets."""
        values["uniform"] = uniform
        for key, place in self.lowered.chances.items():
            if key in self.lowered.variables:
                space = self.lowered.variables[key].space
                drawn = uniform[place : place + space.elements].astype(self.dtype)
                values[key] = drawn.reshape(space.shape)

    def decide(self, values: Values, first: Any) -> None:
        """Read out, choose, compute the modulators, change weights with the old traces, renew the traces."""
        for name in self.lowered.transposed:  # as they stand before the weights change
            values[f"{name}.w"] = self.arrays.array(f"{name}.w", values)
        for section in ("readout", "choose", "feedback", "modulate"):
            self.section(section, values)
        if self.influence is not None:
            self.influence.credit(values)
        for modulator in self.lowered.decided:
            if modulator in values:
                values[modulator] = jnp.where(first, jnp.zeros((), self.dtype), values[modulator])
        self._learn(values, first)
        self.section("renew", values)

    def _learn(self, values: Values, first: Any) -> None:
        for statement in self.lowered.sections["learn"]:
            old = values.get(statement.target)  # type: ignore[union-attr]
            self._run(statement, values)
            if old is not None and self.lowered.variables[statement.target].persistent:  # type: ignore[union-attr]
                values[statement.target] = jnp.where(first, old, values[statement.target])  # type: ignore[union-attr]

    def section(self, name: str, values: Values) -> None:
        """Run one section of the tick."""
        if name == "advance":  # simultaneous: all from old values
            new = {s.target: self._value(s, values) for s in self.lowered.sections[name]}  # type: ignore[union-attr,arg-type]
            values.update(new)
            return
        for index, statement in enumerate(self.lowered.sections[name]):
            if isinstance(statement, SpikeStep):
                self._spike(index, statement, values)
            else:
                self._run(statement, values)

    # --- statements --------------------------------------------------------------------------------------------

    def _run(self, statement: Statement, values: Values) -> None:
        if isinstance(statement, Assign):
            values[statement.target] = self._value(statement, values)
        elif isinstance(statement, Gather):
            values[statement.target] = self.arrays.gathered(statement, values)
        elif isinstance(statement, Reduce):
            argument = self.arrays.evaluate(statement.expression, statement.space, values)
            # a sum of what is the same for all neurons counts it once for each
            values[statement.target] = REDUCED[statement.how](
                jnp.broadcast_to(argument, statement.space.shape)
            )
        elif isinstance(statement, Choose):
            policy = values[statement.policy]
            action = jnp.sum(jnp.cumsum(policy)[:-1] <= values["uniform"][statement.slot]).astype(jnp.int32)
            scalar = self.lowered.variables["action"].space.kind == "broadcast"
            values["action"] = action if scalar else values["action"].at[statement.slot].set(action)
            values[statement.chosen] = (jnp.arange(policy.shape[0]) == action).astype(self.dtype)
        elif isinstance(statement, Act):
            values["action"] = values[statement.source]

    def _value(self, statement: Assign, values: Values) -> Any:
        result = self.arrays.evaluate(statement.expression, statement.space, values)
        variable = self.lowered.variables[statement.target]
        if variable.role == "weight" and statement.space.name in self.arrays.masks:
            result = result * self.arrays.masks[statement.space.name]
        shape = self.arrays.shape(statement.space)
        result = jnp.asarray(result, self.dtype)  # a number of the equation is no array yet
        return result if result.shape == shape else jnp.broadcast_to(result, shape)

    # --- spikes ------------------------------------------------------------------------------------------------

    def _spike(self, index: int, statement: SpikeStep, values: Values) -> None:
        if statement.kind == "threshold":
            assert statement.condition is not None
            fired = self.arrays.evaluate(statement.condition, statement.space, values)
            values[statement.trigger] = jnp.broadcast_to(fired, statement.space.shape).astype(self.dtype)
            return
        spikes = values[statement.trigger]
        apart = self.lowered.delays.get(statement.space.name) if statement.event == "pre" else None
        if statement.delay_steps:
            sent = jnp.concatenate([values[f"queue {index}"], spikes[None]])  # the oldest first
            values[f"queue {index}"] = sent[1:]
            spikes = sent[0] if apart is None else sent
        if statement.kind == "reset":
            for action in statement.actions:
                new = self._value(action, values)  # type: ignore[arg-type]
                values[action.target] = jnp.where(spikes > 0, new, values[action.target])
            return
        if apart is not None and statement.delay_steps:
            arrived = self.arrays.delayed(spikes, apart, statement.space.name)
        else:
            arrived = self.arrays.spread(spikes, statement.event, statement.space)
        mask = self.arrays.masks.get(statement.space.name)
        for action in statement.actions:
            if isinstance(action, Gather):
                term = self.arrays.evaluate(action.terms[0].expression, statement.space, values) * arrived
                term = jnp.broadcast_to(
                    term if mask is None else term * mask, self.arrays.shape(statement.space)
                )
                values[action.target] = values[action.target] + self.arrays.over_pre(
                    term, statement.space.name
                )
            else:
                new = self._value(action, values)
                values[action.target] = jnp.where(arrived > 0, new, values[action.target])
