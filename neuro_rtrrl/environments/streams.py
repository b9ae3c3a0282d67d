"""Random numbers, keys and reset states in bulk, made outside the scan.

Whatever does not depend on the state of a run is made here for many decisions at once. Every entry is a
function of (seed, stream, index) only: it does not matter how a run is cut into chunks, where it was
resumed, or which backend asks. The definitions are those of :mod:`neuro_rtrrl.randomness`, and the numbers
are equal to its bit for bit.

``seed_key`` is always ``randomness.key(seed)``, uint32 of shape (2,); it may be traced, so that all
functions can be mapped over seeds. ``start`` may be traced too, and ``start + count`` is at most 2**32. No
result changes its type with JAX's 64-bit mode.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.randomness import Stream, name_number

__all__ = [
    "action_uniforms",
    "noise_uniforms",
    "reset_keys",
    "reset_states",
    "restarted",
    "restarts",
    "step_keys",
]


def action_uniforms(seed_key: Any, start: Any, count: int, draws: int = 1) -> jax.Array:
    """Return the uniform numbers in [0, 1) that choose actions ``start`` to ``start + count``.

    Returns
    -------
    array (count,) or, with ``draws`` > 1, (count, draws), float32
        24 random bits each, the upper bits of a 32-bit word. Draw j of decision i is a function of
        (seed, ACTION, j, i), so more draws leave the first as it is.
    """
    return _action_uniforms(_uint32(seed_key), _first_index(start, count), count, draws)


def step_keys(seed_key: Any, start: Any, count: int) -> jax.Array:
    """Return the keys of environment steps ``start`` to ``start + count``, shape (count,), typed keys."""
    return _keys(_uint32(seed_key), _first_index(start, count), count, Stream.ENVIRONMENT_STEP)


def reset_keys(seed_key: Any, start: Any, count: int) -> jax.Array:
    """Return the keys of resets ``start`` to ``start + count``, shape (count,), typed keys."""
    return _keys(_uint32(seed_key), _first_index(start, count), count, Stream.ENVIRONMENT_RESET)


def reset_states(environment: Environment, seed_key: Any, start: Any, count: int) -> tuple[jax.Array, Any]:
    """Return the outcomes of resets ``start`` to ``start + count``.

    Returns
    -------
    observations : array (count, o)
    states : pytree whose leaves lead with ``count``
    """
    return _reset_states(environment, _uint32(seed_key), _first_index(start, count), count)


def restarts(environment: Environment, seed_key: Any, start: Any, count: int) -> Any:
    """Return what the beginning of an episode at each of these decisions needs, for :func:`restarted`."""
    if environment.resume is not None:
        return reset_keys(seed_key, start, count)
    return reset_states(environment, seed_key, start, count)


def restarted(environment: Environment, drawn: Any, state: Any) -> tuple[jax.Array, Any]:
    """Return the observation and the state with which an episode begins after ``state``; ``drawn`` is one restart."""
    return drawn if environment.resume is None else environment.resume(drawn, state)


def noise_uniforms(
    seed_key: Any, name: str | int, start: Any, count: int, shape: int | tuple[int, ...] = ()
) -> jax.Array:
    """Return uniform numbers in [0, 1) for the noise called ``name`` at integration steps from ``start``.

    Returns
    -------
    array (count, *shape), float32
        24 random bits each. They are exact in float64, and the same in both precisions.
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return _noise_uniforms(_uint32(seed_key), _first_index(start, count), count, name_number(name), shape)


@partial(jax.jit, static_argnames=("count", "draws"))
def _action_uniforms(seed_key, start, count, draws):
    columns = [_uniform(_words(_stream_key(seed_key, Stream.ACTION, j), start, count)) for j in range(draws)]
    return columns[0] if draws == 1 else jnp.stack(columns, axis=1)


@partial(jax.jit, static_argnames=("count", "stream"))
def _keys(seed_key, start, count, stream):
    return _children(_stream_key(seed_key, stream, 0), start, count)


@partial(jax.jit, static_argnames=("environment", "count"))
def _reset_states(environment, seed_key, start, count):
    return jax.vmap(environment.reset)(_keys(seed_key, start, count, Stream.ENVIRONMENT_RESET))


@partial(jax.jit, static_argnames=("count", "number", "shape"))
def _noise_uniforms(seed_key, start, count, number, shape):
    keys = _children(_stream_key(seed_key, Stream.NOISE, number), start, count)
    size = math.prod(shape)
    return _uniform(jax.vmap(lambda key: _words(key, jnp.uint32(0), size))(keys)).reshape((count, *shape))


def _stream_key(seed_key, stream: Stream, number: int) -> jax.Array:
    # the implementation is named, so that JAX's default generator can be another
    key = jax.random.wrap_key_data(seed_key, impl="threefry2x32")
    return jax.random.fold_in(jax.random.fold_in(key, np.uint32(stream)), np.uint32(number))


def _children(key, start, count: int) -> jax.Array:
    return jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, start + jnp.arange(count, dtype=jnp.uint32))


def _words(key, start, count: int) -> jax.Array:
    # word i of a key is its child i with the two halves combined: any stretch of a stream costs only itself
    halves = jax.random.key_data(_children(key, start, count))
    return halves[..., 0] ^ halves[..., 1]


def _uniform(words) -> jax.Array:
    return (words >> np.uint32(8)).astype(jnp.float32) * np.float32(2.0**-24)


def _uint32(seed_key) -> jax.Array:
    return jnp.asarray(seed_key, jnp.uint32)


def _first_index(start, count: int) -> jax.Array:
    if isinstance(start, int | np.integer) and not 0 <= start <= start + count <= 2**32:
        raise ValueError(
            f"indices of a random stream run from 0 to 2**32, not from {start} to {start + count}"
        )
    # by way of NumPy: JAX without 64-bit integers refuses Python integers from 2**31
    return start.astype(jnp.uint32) if isinstance(start, jax.Array) else jnp.asarray(np.uint32(start))
