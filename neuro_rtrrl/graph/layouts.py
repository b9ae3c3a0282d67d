"""Weights that follow from where neurons stand: centres of fields on a grid, preferred directions on a ring."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from neuro_rtrrl.graph.circuit import Distribution
from neuro_rtrrl.graph.context import Context, Path
from neuro_rtrrl.spec.layouts import Layout

if TYPE_CHECKING:
    import numpy as np

__all__ = ["LAYOUTS", "fits", "laid_out", "to_distribution"]

LAYOUTS = ("grid", "ring", "ring_lateral")


def to_distribution(layout: Layout) -> Distribution:
    """Return the layout in SI: its numbers in a row, ``(*low, *high, *shape)`` of a grid."""
    return Distribution(layout.kind, tuple(number for part in layout.parts for number in _numbers(part)))  # type: ignore[arg-type]


def _numbers(part) -> tuple[float, ...]:
    return tuple(getattr(each, "value", each) * 1.0 for each in part)


def fits(context: Context, path: Path, layout: Layout, shape: tuple[int, int]) -> bool:
    """Return whether the layout has a place for every neuron; note a problem if not.

    Parameters
    ----------
    path : of the weights
    shape : (post, pre)
    """
    post, pre = shape
    if layout.kind == "grid":
        low, _, sides = layout.parts
        due = (math.prod(int(side) for side in _numbers(sides)), len(low))
        what = f"a grid of {' x '.join(str(int(side)) for side in _numbers(sides))} has {due[0]} places of {due[1]} "
        what += f"dimension{'s' * (due[1] > 1)}"
        hint = f"use {due[0]} target neurons and {due[1]} source neurons, one for each dimension"
    elif layout.kind == "ring":
        due, what = (2, pre), "the directions of a ring have two dimensions"
        hint = "use a target of two neurons, x and y"
    else:
        due, what = (pre, pre), "a ring is connected to itself"
        hint = "use the same population as source and target"
    if (post, pre) == due:
        return True
    context.problem(
        (*path, layout.kind),
        f"{what}, and there are {pre} source and {post} target neurons",
        key=True,
        hint=hint,
    )
    return False


def laid_out(weights: Distribution, shape: tuple[int, int]) -> np.ndarray:
    """Return the weights, ``(post, pre)``.

    - ``grid``: row i is the place of neuron i; the last dimension runs fastest, ends included.
    - ``ring``: ``scale*cos`` and ``scale*sin`` of ``2 pi i/N``, the preferred direction of source neuron i of N.
    - ``ring_lateral``: ``excitation*f/sum(f) + inhibition/N`` with ``f = exp(sharpness*cos(difference))`` and 0 onto
      itself, so that near neurons excite and far ones inhibit each other; the form of Frémaux et al. 2013.
    """
    import numpy as np

    numbers = weights.arguments
    if weights.kind == "grid":
        d = len(numbers) // 3
        axes = [
            np.linspace(numbers[i], numbers[d + i], int(numbers[2 * d + i]))
            if numbers[2 * d + i] > 1
            else np.array([(numbers[i] + numbers[d + i]) / 2])
            for i in range(d)
        ]
        return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    angles = 2 * np.pi * np.arange(shape[1]) / shape[1]
    if weights.kind == "ring":
        return numbers[0] * np.stack([np.cos(angles), np.sin(angles)])
    excitation, inhibition, sharpness = numbers
    # the largest exponent is taken off so that nothing overflows
    near = np.exp(sharpness * (np.cos(angles[:, None] - angles[None, :]) - 1))
    np.fill_diagonal(near, 0.0)
    total = np.maximum(near.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return excitation * near / total + inhibition / shape[1]
