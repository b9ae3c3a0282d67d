"""Running mean and variance of what many lanes see, and the normalisations made of them."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

__all__ = ["Running", "include", "no_statistics", "normalised", "scaled"]

SMALL = 1e-8


class Running(NamedTuple):
    """Mean and variance of everything seen so far, entry by entry, and how much that was."""

    mean: jax.Array
    variance: jax.Array
    count: jax.Array


def no_statistics(shape: tuple[int, ...]) -> Running:
    """Return the statistics of nothing: mean 0 and variance 1, hardly weighted."""
    return Running(jnp.zeros(shape), jnp.ones(shape), jnp.asarray(1e-4))


def include(running: Running, values: jax.Array, weights: jax.Array) -> Running:
    """Return the statistics with ``values (lanes, ...)`` taken in (Chan, Golub & LeVeque 1983, eq. 2.1).

    Parameters
    ----------
    weights : array (lanes,)
        1 for a lane that counts, 0 for one that does not.
    """
    number = jnp.sum(weights)
    weights = weights.reshape(-1, *(1,) * (values.ndim - 1))
    mean = jnp.sum(values * weights, axis=0) / jnp.maximum(number, 1.0)
    squares = jnp.sum((values - mean) ** 2 * weights, axis=0)
    total, apart = running.count + number, mean - running.mean
    squares += running.variance * running.count + apart**2 * running.count * number / total
    return Running(running.mean + apart * number / total, squares / total, total)


def normalised(running: Running, values: jax.Array) -> jax.Array:
    """Return values with mean 0 and variance 1."""
    return (values - running.mean) / jnp.sqrt(running.variance + SMALL)


def scaled(running: Running, values: jax.Array) -> jax.Array:
    """Return values divided by the deviation alone: a reward keeps its sign."""
    return values / jnp.sqrt(running.variance + SMALL)
