"""How trees meet arrays: where a projection's matrix lies in memory, how vectors spread over it, how it is summed."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.backends.jax.expressions import evaluate
from neuro_rtrrl.language import Apply, Expression, Read
from neuro_rtrrl.lowering import Gather, LoweredCircuit, Space

__all__ = ["Arrays"]

Values = dict[str, Any]


class Arrays:
    """The values of a lowered circuit as JAX arrays.

    Parameters
    ----------
    lowered : LoweredCircuit
    dtype : numpy dtype
        Of every variable.
    products : {"dot", "sum"}
        How a matrix meets a vector: by the library's product, or by multiplying and summing, which can be part of a
        larger kernel.

    Notes
    -----
    A projection's arrays are ``(post, pre)`` everywhere outside. Here, those of a projection onto eight neurons or more
    lie ``(pre, post)``: neighbours in memory then belong to neighbouring neurons and run side by side in vector
    registers, with no sum across them.
    """

    def __init__(self, lowered: LoweredCircuit, dtype: Any, products: str) -> None:
        self.lowered, self.dtype, self.products = lowered, np.dtype(dtype), products
        self.flipped = frozenset(
            name
            for name, space in lowered.spaces.items()
            if space.kind == "projection" and space.shape[0] >= 8
        )
        self.masks = {
            name: np.asarray(mask.T if name in self.flipped else mask, self.dtype)
            for name, mask in lowered.masks.items()
        }

    def placed(self, key: str, array: Any) -> Any:
        """Turn an array between (post, pre) and the way it lies here; leading axes stay."""
        variable = self.lowered.variables.get(key)
        if variable is None or variable.space.name not in self.flipped:
            return array
        return array.swapaxes(-1, -2)

    def shown(self, values: Values) -> Values:
        """Return values with every projection's arrays as ``(..., post, pre)``."""
        return {key: self.placed(key, array) for key, array in values.items()}

    def shape(self, space: Space) -> tuple[int, ...]:
        """Return the shape in which a variable of this space lies here."""
        return space.shape[::-1] if space.name in self.flipped else space.shape

    def evaluate(self, expression: Expression, space: Space, values: Values) -> Any:
        """Return the value of a tree, seen from an element of ``space``."""

        def read(leaf: Read) -> Any:
            return self._read(leaf, space, values)

        return evaluate(expression, read, self.dtype)

    def _read(self, leaf: Read, space: Space, values: Values) -> Any:
        variable = self.lowered.variables.get(leaf.key)
        if variable is not None and variable.value is not None:
            return variable.value
        array = self.array(leaf.key, values)
        if leaf.access in ("pre", "post"):
            return self.spread(array, leaf.access, space)
        if space.kind == "broadcast" and leaf.access == "own":
            return array[0]  # the one neuron of a critic, seen from a modulator
        return array

    def spread(self, vector: Any, side: str, space: Space) -> Any:
        """Give a vector over pre or post the second axis of its projection."""
        along_rows = (side == "pre") == (space.name in self.flipped)
        return vector[:, None] if along_rows else vector[None, :]

    def delayed(self, sent: Any, delays: np.ndarray, projection: str) -> Any:
        """Return which synapses of a projection a spike reaches now.

        ``sent`` (steps + 1, pre) are the spikes of the last steps, the newest last; ``delays`` (post, pre) in steps.
        """
        steps = delays.T if projection in self.flipped else delays
        neurons = np.arange(sent.shape[1])
        return sent[sent.shape[0] - 1 - steps, neurons[:, None] if projection in self.flipped else neurons]

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

    def gathered(self, statement: Gather, values: Values) -> Any:
        """Return the input of a population: the sum of its projections' sums."""
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
        result = jnp.broadcast_to(self.evaluate(expression, space, values), self.shape(space))
        if projection in self.masks:
            result = result * self.masks[projection]
        return self.over_pre(result, projection)

    def over_pre(self, array: Any, projection: str) -> Any:
        """Sum a projection's array over its presynaptic axis."""
        return jnp.sum(array, axis=0 if projection in self.flipped else 1)

    def _masked_weight(self, projection: str, values: Values) -> Any:
        weight = self.array(f"{projection}.w", values)
        # own weights are kept masked; borrowed ones are masked where they are used
        borrowed = projection in self.lowered.transposed and projection in self.masks
        return weight * self.masks[projection] if borrowed else weight


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
