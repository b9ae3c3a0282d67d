"""The statements of a lowered circuit as a pure function from values to values.

Values are a dictionary from variable key to array; a tick adds and replaces entries. Nothing is interpreted at run
time: the dictionary and the trees exist only while JAX traces the function.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.backends.jax.expressions import REDUCED, evaluate
from neuro_rtrrl.language import Apply, Expression, Read
from neuro_rtrrl.lowering import Assign, Choose, Gather, LoweredCircuit, Reduce, Space, SpikeStep, Statement
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
        How a matrix meets a vector: by the library's product, or by multiplying and summing, which can be part of a
        larger kernel.

    Notes
    -----
    A projection's arrays are ``(post, pre)`` everywhere outside this class. Inside, those of a projection onto eight
    neurons or more lie ``(pre, post)``: neighbours in memory then belong to neighbouring neurons and run side by side
    in vector registers, with no sum across them.
    """

    def __init__(self, lowered: LoweredCircuit, dtype: Any, products: str = "dot") -> None:
        self.lowered = lowered
        self.products = products
        self.flipped = frozenset(
            name
            for name, space in lowered.spaces.items()
            if space.kind == "projection" and space.shape[0] >= 8
        )
        self.dtype = np.dtype(dtype)
        self.steps = lowered.circuit.timing.steps
        self.carried = carried_keys(lowered)
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
        self._masks = {
            name: np.asarray(mask.T if name in self.flipped else mask, self.dtype)
            for name, mask in lowered.masks.items()
        }
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
            carry[key] = self._placed(key, self._start(key, values))
        for index, statement in self._pathways:
            shape = (statement.delay_steps, *self.lowered.variables[statement.trigger].space.shape)
            carry[f"queue {index}"] = np.zeros(shape, self.dtype)
        fixed = {key: self._placed(key, np.asarray(values[key], self.dtype)) for key in self.fixed}
        return carry, fixed

    def _placed(self, key: str, array: Any) -> Any:
        """Turn an array between (post, pre) and the way it lies here; leading axes stay."""
        variable = self.lowered.variables.get(key)
        if variable is None or variable.space.name not in self.flipped:
            return array
        return array.swapaxes(-1, -2)

    def shown(self, values: Values) -> Values:
        """Return values with every projection's arrays as ``(..., post, pre)``."""
        return {key: self._placed(key, array) for key, array in values.items()}

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
        """Put membranes and traces back to their initial values where an episode starts."""
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
        self._section("express", shown)  # what neurons show follows from the state that was reset
        for key in self.carried:
            if shown[key] is not values[key]:
                values[key] = jnp.where(first, shown[key], values[key])

    def integrate(self, values: Values, noise: Values, keep: tuple[str, ...] = ()) -> Values:
        """Advance by one decision interval; return the keys in ``keep`` for every ``dt``, shape ``(k, n)``."""
        moving = tuple(key for key in values if key in self._moving)
        known = dict(values)

        def step(state: Values, drawn: Values) -> tuple[Values, Values]:
            local = {**known, **state, **drawn}
            for section in ("derive", "advance", "express", "spike"):
                self._section(section, local)
            return {key: local[key] for key in state}, {key: local[key] for key in keep}

        if self.steps == 1:
            for key, drawn in noise.items():
                values[key] = drawn[0]
            for section in ("derive", "advance", "express", "spike"):
                self._section(section, values)
            return {key: values[key][None] for key in keep}
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

    @property
    def _moving(self) -> set[str]:
        return written_keys(self.lowered, dt_only=True) | {f"queue {index}" for index, _ in self._pathways}

    def _all_written(self, local: Values) -> Values:
        before = set(local)
        for section in ("derive", "advance", "express", "spike"):
            self._section(section, local)
        return {key: value for key, value in local.items() if key not in before}

    def decide(self, values: Values, uniform: Any, first: Any) -> None:
        """Read out, choose, compute the modulators, change weights with the old traces, renew the traces."""
        values["uniform"] = uniform
        for name in self.lowered.transposed:  # as they stand before the weights change
            values[f"{name}.w"] = self.array(f"{name}.w", values)
        for section in ("readout", "choose", "feedback", "modulate"):
            self._section(section, values)
        for modulator in self.lowered.circuit.neuromodulators:
            if modulator in values:
                values[modulator] = jnp.where(first, jnp.zeros((), self.dtype), values[modulator])
        self._learn(values, first)
        self._section("renew", values)

    def _learn(self, values: Values, first: Any) -> None:
        for statement in self.lowered.sections["learn"]:
            old = values.get(statement.target)  # type: ignore[union-attr]
            self._run(statement, values)
            if old is not None and self.lowered.variables[statement.target].persistent:  # type: ignore[union-attr]
                values[statement.target] = jnp.where(first, old, values[statement.target])  # type: ignore[union-attr]

    def _section(self, name: str, values: Values) -> None:
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
            values[statement.target] = self._gathered(statement, values)
        elif isinstance(statement, Reduce):
            argument = self._evaluate(statement.expression, statement.space, values)
            values[statement.target] = REDUCED[statement.how](argument)
        elif isinstance(statement, Choose):
            policy = values[statement.policy]
            action = jnp.sum(jnp.cumsum(policy)[:-1] <= values["uniform"]).astype(jnp.int32)
            values["action"] = action
            values[statement.chosen] = (jnp.arange(policy.shape[0]) == action).astype(self.dtype)

    def _value(self, statement: Assign, values: Values) -> Any:
        result = self._evaluate(statement.expression, statement.space, values)
        variable = self.lowered.variables[statement.target]
        if variable.role == "weight" and statement.space.name in self._masks:
            result = result * self._masks[statement.space.name]
        shape = self._shape(statement.space)
        return result if jnp.shape(result) == shape else jnp.broadcast_to(result, shape)

    def _shape(self, space: Space) -> tuple[int, ...]:
        return space.shape[::-1] if space.name in self.flipped else space.shape

    def _evaluate(self, expression: Expression, space: Space, values: Values) -> Any:
        def read(leaf: Read) -> Any:
            return self._read(leaf, space, values)

        return evaluate(expression, read, self.dtype)

    def _read(self, leaf: Read, space: Space, values: Values) -> Any:
        variable = self.lowered.variables.get(leaf.key)
        if variable is not None and variable.value is not None:
            return variable.value
        array = self.array(leaf.key, values)
        if leaf.access in ("pre", "post"):
            return self._spread(array, leaf.access, space)
        if space.kind == "broadcast" and leaf.access == "own":
            return array[0]  # the one neuron of a critic, seen from a modulator
        return array

    def _spread(self, vector: Any, side: str, space: Space) -> Any:
        """Give a vector over pre or post the second axis of its projection."""
        along_rows = (side == "pre") == (space.name in self.flipped)
        return vector[:, None] if along_rows else vector[None, :]

    def array(self, key: str, values: Values) -> Any:
        """Return a variable's value, the views (packed vectors, borrowed weights) included."""
        if key in values:
            return values[key]
        if parts := self.lowered.concatenations.get(key):
            return jnp.concatenate([self.array(part, values) for part in parts])
        owner, _, name = key.rpartition(".")
        if name == "w" and owner in self.lowered.transposed:
            lender = self.lowered.transposed[owner]
            borrowed = self.array(f"{lender}.w", values)
            return borrowed.T if (owner in self.flipped) == (lender in self.flipped) else borrowed
        variable = self.lowered.variables[key]  # an input that nothing reaches
        return jnp.zeros(variable.space.shape, self.dtype)

    def _gathered(self, statement: Gather, values: Values) -> Any:
        total = None
        for term in statement.terms:
            part = self._summed(term.projection, term.expression, values)
            total = part if total is None else total + part
        return jnp.zeros(statement.space.shape, self.dtype) if total is None else total

    def _summed(self, projection: str, expression: Expression, values: Values) -> Any:
        """Sum over pre: a matrix-vector product where the term is one, else the general sum."""
        space = self.lowered.spaces[projection]
        vector = _multiplied(expression, f"{projection}.w") if self.products == "dot" else None
        if vector is not None:
            weight = self._masked_weight(projection, values)
            by_row = weight.T if projection in self.flipped else weight
            return jnp.dot(by_row, self.array(vector.key, values))
        result = jnp.broadcast_to(self._evaluate(expression, space, values), self._shape(space))
        if projection in self._masks:
            result = result * self._masks[projection]
        return self._over_pre(result, projection)

    def _over_pre(self, array: Any, projection: str) -> Any:
        return jnp.sum(array, axis=0 if projection in self.flipped else 1)

    def _masked_weight(self, projection: str, values: Values) -> Any:
        weight = self.array(f"{projection}.w", values)
        # own weights are kept masked; borrowed ones are masked where they are used
        borrowed = projection in self.lowered.transposed and projection in self._masks
        return weight * self._masks[projection] if borrowed else weight

    # --- spikes ------------------------------------------------------------------------------------------------

    def _spike(self, index: int, statement: SpikeStep, values: Values) -> None:
        if statement.kind == "threshold":
            assert statement.condition is not None
            fired = self._evaluate(statement.condition, statement.space, values)
            values[statement.trigger] = jnp.broadcast_to(fired, statement.space.shape).astype(self.dtype)
            return
        spikes = values[statement.trigger]
        if statement.delay_steps:
            queue = values[f"queue {index}"]
            values[f"queue {index}"] = jnp.concatenate([queue[1:], spikes[None]])
            spikes = queue[0]
        if statement.kind == "reset":
            for action in statement.actions:
                new = self._value(action, values)  # type: ignore[arg-type]
                values[action.target] = jnp.where(spikes > 0, new, values[action.target])
            return
        arrived = self._spread(spikes, statement.event, statement.space)
        mask = self._masks.get(statement.space.name)
        for action in statement.actions:
            if isinstance(action, Gather):
                term = self._evaluate(action.terms[0].expression, statement.space, values) * arrived
                term = jnp.broadcast_to(term if mask is None else term * mask, self._shape(statement.space))
                values[action.target] = values[action.target] + self._over_pre(term, statement.space.name)
            else:
                new = self._value(action, values)
                values[action.target] = jnp.where(arrived > 0, new, values[action.target])


def _multiplied(expression: Expression, weight: str) -> Read | None:
    """Return the presynaptic factor where the expression is the weight times it, else None."""
    if not isinstance(expression, Apply) or expression.operator != "multiply":
        return None
    left, right = expression.arguments
    for matrix, vector in ((left, right), (right, left)):
        if (
            isinstance(matrix, Read)
            and matrix.key == weight
            and isinstance(vector, Read)
            and vector.access == "pre"
        ):
            return vector
    return None
