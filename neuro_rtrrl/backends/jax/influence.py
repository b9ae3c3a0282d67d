"""Exact real-time recurrent learning: the influence of every learned parameter on every neuron, carried along.

Williams & Zipser 1989: with s the state of all neurons that have dynamics and theta all parameters that learn by a
rule with a nonlocal name, ``P = ds/dtheta`` follows ``P' = (ds'/ds) P + ds'/dtheta`` every ``dt``. Both derivatives are
taken of the lowered step itself, whatever the cell and the wiring; absent synapses have none. One matrix product a
``dt``: n**2 * parameters, which for a dense network is n**4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.backends.jax.arrays import Arrays
from neuro_rtrrl.language import Read
from neuro_rtrrl.lowering import EVERY_DT, Assign, LoweredCircuit
from neuro_rtrrl.lowering.credit import credited, influenced, moving_populations
from neuro_rtrrl.lowering.dataflow import carried_keys, written_keys

__all__ = ["KEY", "Influence"]

KEY = "influence"
"""The matrix P among the carried values, shape ``(states, parameters)``."""

PRECISION = (
    jax.lax.Precision.HIGHEST
)  # an accelerator would round the factors of an exact gradient to ten bits

Values = dict[str, Any]
Part = Callable[[Values], None]
"""A part of a tick: reads and replaces values."""


class Influence:
    """The matrix P of a circuit, and what is read off it.

    Parameters
    ----------
    lowered : LoweredCircuit
        With at least one rule that reads a name of :data:`~neuro_rtrrl.models.credit.CREDIT`.
    arrays : Arrays
        How variables lie in memory.
    """

    def __init__(self, lowered: LoweredCircuit, arrays: Arrays) -> None:
        self.dtype = arrays.dtype
        self.parameters = influenced(lowered.variables)
        self.credited = credited(lowered)
        views = _views(lowered)
        names = {population.name for population in moving_populations(lowered.circuit)}
        wanted = {key for key in carried_keys(lowered) if lowered.variables[key].space.name in names}
        wanted |= {shown for pairs in self.credited.values() for _, shown in pairs}
        written = written_keys(lowered, dt_only=True)
        traces = ("local_trace", "eligibility_trace")
        self.states = tuple(
            key
            for key, variable in lowered.variables.items()
            if key in wanted & written and key not in views and variable.role not in traces
        )
        self.shown = {view: key for view, key in views.items() if key in self.states}
        self.sizes = [lowered.variables[key].space.shape[0] for key in self.states]
        self.shapes = [arrays.shape(lowered.variables[key].space) for key in self.parameters.values()]

    def initial(self) -> np.ndarray:
        """Return the influence before anything has happened."""
        count = sum(int(np.prod(shape)) for shape in self.shapes)
        return np.zeros((sum(self.sizes), count), self.dtype)

    def begin(self, values: Values, first: Any, restart: Part) -> None:
        """Forget the past where an episode starts; what the first state owes to a parameter stays."""
        _, fresh, _ = self._differentiate(values, restart)
        values[KEY] = jnp.where(first, fresh, values[KEY])

    def advance(self, values: Values, step: Part) -> None:
        """Take one step of ``dt`` with all values, and let the influence follow it."""
        by_state, by_parameter, after = self._differentiate(values, step)
        followed = follow(by_state, values[KEY]) + by_parameter
        values.update(after)
        values[KEY] = followed

    def credit(self, values: Values) -> None:
        """Set each nonlocal term: what is fed back to the neurons times their influence."""
        for term, pairs in self.credited.items():
            judged = {
                key: jnp.zeros(size, self.dtype) for key, size in zip(self.states, self.sizes, strict=True)
            }
            for back, shown in pairs:
                if back in values:  # else nothing reaches it
                    judged[self.shown.get(shown, shown)] = values[back]
            row = jnp.concatenate([judged[key] for key in self.states])
            flat, start = jnp.matmul(row, values[KEY], precision=PRECISION), 0
            for owner, shape in zip(self.parameters, self.shapes, strict=True):
                size = int(np.prod(shape))
                values[f"{owner}.{term}"] = flat[start : start + size].reshape(shape)
                start += size

    def _differentiate(self, values: Values, part: Part) -> tuple[Any, Any, Values]:
        """Return the derivatives of the states after ``part`` by those before and by the parameters; the values after.

        Backwards, state by state: a row costs as much as the part itself, and there are fewer states than parameters.
        """

        def after(states: Values, parameters: Values) -> tuple[Any, Values]:
            local = {**values, **parameters, **states}
            local.update({view: states[key] for view, key in self.shown.items()})
            part(local)
            return jnp.concatenate([local[key] for key in self.states]), local

        states = {key: values[key] for key in self.states}
        parameters = {key: values[key] for key in self.parameters.values()}
        (by_state, by_parameter), end = jax.jacrev(after, argnums=(0, 1), has_aux=True)(states, parameters)
        count = sum(self.sizes)

        def matrix(
            blocks: Values, order: Iterable[str]
        ) -> Any:  # JAX hands dictionaries back in an order of its own
            return jnp.concatenate([blocks[key].reshape(count, -1) for key in order], axis=1)

        return matrix(by_state, self.states), matrix(by_parameter, self.parameters.values()), end


def follow(by_state: Any, influence: Any) -> Any:
    """Return the influence through the states: their rows after, summed over their columns before."""
    return jnp.matmul(by_state, influence, precision=PRECISION)


def _views(lowered: LoweredCircuit) -> dict[str, str]:
    """Return what neurons show as it is → the state: ``cortex.r`` → ``cortex.h``. It needs no rows of its own."""
    every_dt = [s for name in EVERY_DT for s in lowered.sections.get(name, ()) if isinstance(s, Assign)]
    found = {}
    for statement in lowered.sections.get("express", ()):
        if not isinstance(statement, Assign) or not isinstance(statement.expression, Read):
            continue
        source = lowered.variables[statement.expression.key]
        once = sum(each.target == statement.target for each in every_dt) == 1
        if once and source.role == "membrane" and source.space == statement.space:
            found[statement.target] = source.key
    return found
