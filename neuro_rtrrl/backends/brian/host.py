"""The NumPy side of a decision: readout, choice, feedback, modulators; on Brian2's own memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from neuro_rtrrl.backends.brian.expressions import REDUCED, numpy_function
from neuro_rtrrl.language import Apply, Expression, Read
from neuro_rtrrl.lowering import Act, Assign, Choose, Gather, LoweredCircuit, Reduce, Statement

__all__ = ["Host"]

Action = Callable[[], None]


class Host:
    """The values of one seed and functions that change them.

    Parameters
    ----------
    lowered : LoweredCircuit
    views : dict of str to array
        Brian2's memory, flat; what is written here is seen by Brian2's code at once.
    connections : dict
        Projection → (post, pre) indices of its synapses.
    dtype : numpy dtype
    """

    def __init__(
        self, lowered: LoweredCircuit, views: dict[str, np.ndarray], connections: dict, dtype: Any
    ) -> None:
        self.lowered, self.connections = lowered, connections
        self.dtype = np.dtype(dtype).type
        self.values: dict[str, Any] = {}
        self._shared: dict[str, np.ndarray] = {}
        for key, view in views.items():
            if lowered.variables[key].space.kind == "broadcast":
                self._shared[key] = view
            else:
                self.values[key] = view
        for key, variable in lowered.variables.items():
            if variable.space.kind == "broadcast" and variable.value is None:
                self.values[key] = self.dtype(0.0)
        slots = lowered.variables["action"].space.shape if "action" in lowered.variables else ()
        self.values["action"] = np.zeros(slots, dtype) if slots else 0
        if "observation" in lowered.variables:
            self.values["observation"] = np.zeros(lowered.variables["observation"].space.shape, dtype)

    def put(self, key: str, value: Any) -> None:
        """Set a broadcast value, where Brian2 reads it too."""
        value = self.values[key] = self.dtype(value)
        if key in self._shared:
            self._shared[key][0] = value

    def matrix(self, key: str) -> np.ndarray:
        """Return a synaptic variable as a matrix (post, pre), 0 where there is no synapse."""
        space = self.lowered.variables[key].space
        flat = self.values[key]
        if flat.size == space.shape[0] * space.shape[1]:
            return flat.reshape(space.shape)
        dense = np.zeros(space.shape, flat.dtype)
        dense[self.connections[space.name]] = flat
        return dense

    def function(self, expression: Expression) -> Callable[[], Any]:
        """Return the value of a broadcast expression as a function."""
        return self._function(expression, "broadcast")

    def compile(self, statements: Iterable[Statement]) -> list[Action]:
        """Return one function for each statement."""
        return [self._action(statement) for statement in statements]

    def _action(self, statement: Statement) -> Action:
        if isinstance(statement, Assign):
            space = statement.space
            return self._store(statement.target, self._function(statement.expression, space.kind, space.name))
        if isinstance(statement, Reduce):
            inner, reduce = self._function(statement.expression, "population"), REDUCED[statement.how]
            shape = statement.space.shape
            return self._store(statement.target, lambda: reduce(np.broadcast_to(inner(), shape)))
        if isinstance(statement, Gather):
            return self._gather(statement)
        if isinstance(statement, Act):
            return self._act(statement)
        assert isinstance(statement, Choose)
        return self._choose(statement)

    def _store(self, key: str, function: Callable[[], Any]) -> Action:
        if self.lowered.variables[key].space.kind != "broadcast":
            view = self.values[key]

            def write() -> None:
                view[...] = function()

            return write
        values, convert, shared = self.values, self.dtype, self._shared.get(key)

        def keep() -> None:
            values[key] = convert(function())

        def tell() -> None:
            value = values[key] = convert(function())
            shared[0] = value  # type: ignore[index]

        return keep if shared is None else tell

    def _function(self, expression: Expression, kind: str, projection: str = "") -> Callable[[], Any]:
        values = self.values

        def read(leaf: Read) -> Callable[[], Any] | float:
            variable = self.lowered.variables[leaf.key]
            if variable.value is not None:
                return variable.value
            if variable.space.kind == "broadcast":
                return lambda: values[leaf.key]
            view = values[leaf.key]
            if leaf.access in ("pre", "post"):
                index = self.connections[projection][leaf.access == "pre"]
                return lambda: view[index]
            if kind == "broadcast":
                return lambda: view[0]  # the one neuron of a critic, seen from a modulator
            return lambda: view

        return numpy_function(expression, read)

    # --- sums over synapses ---------------------------------------------------------------------------------

    def _gather(self, statement: Gather) -> Action:
        view = self.values[statement.target]
        parts = [self._summed(term.projection, term.expression) for term in statement.terms]
        if len(parts) == 1:
            only = parts[0]

            def write() -> None:
                view[...] = only()

            return write

        def add() -> None:
            total = parts[0]()
            for part in parts[1:]:
                total = total + part()
            view[...] = total

        return add if parts else lambda: None

    def _summed(self, projection: str, expression: Expression) -> Callable[[], Any]:
        """Sum over pre: a matrix-vector product where the term is one and all pairs are connected."""
        space = self.lowered.spaces[projection]
        weight = f"{projection}.w"
        dense = space.elements == space.shape[0] * space.shape[1]
        if dense and expression == Read(weight, "own"):
            square, ones = self.matrix(weight), np.ones(space.shape[1])
            return lambda: square.dot(ones)
        if dense and isinstance(expression, Apply) and expression.operator == "multiply":
            left, right = expression.arguments
            for matrix, vector in ((left, right), (right, left)):
                if not isinstance(matrix, Read) or not isinstance(vector, Read):
                    continue
                if matrix.key == weight and vector.access == "pre":
                    square, view = self.matrix(weight), self.values[vector.key]
                    return lambda: square.dot(view)
        post = self.connections[projection][0]
        function = self._function(expression, "projection", projection)
        ones = np.ones(len(post))
        return lambda: np.bincount(post, ones * function(), space.shape[0])

    # --- the action -----------------------------------------------------------------------------------------

    def _choose(self, statement: Choose) -> Action:
        policy, chosen, values = self.values[statement.policy], self.values[statement.chosen], self.values
        slot, row = statement.slot, np.ndim(values["action"])

        def choose() -> None:
            uniform, total, action = values["uniforms"][slot], 0.0, 0
            for probability in policy[:-1].tolist():
                total += probability
                if total > uniform:
                    break
                action += 1
            chosen[...] = 0.0
            chosen[action] = 1.0
            if row:
                values["action"][slot] = action
            else:
                values["action"] = action

        return choose

    def _act(self, statement: Act) -> Action:
        source, action = self.values[statement.source], self.values["action"]

        def act() -> None:
            action[...] = source

        return act
