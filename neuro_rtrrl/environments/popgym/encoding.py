"""How POPGym's observations and rewards become numbers of JAX's default float type."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["one_hot", "real", "right_or_wrong"]


def real(value) -> jax.Array:
    """Return ``value`` in JAX's default float type, which is asked for anew at every tracing."""
    return jnp.asarray(value, jnp.result_type(float))


def one_hot(index, size: int) -> jax.Array:
    """Return a vector (size,) that is 1 at ``index`` and 0 elsewhere."""
    return real(jnp.arange(size, dtype=jnp.int32) == index)


def right_or_wrong(right, scale: float, asked: Any = True) -> jax.Array:
    """Return ``scale`` for a right answer, ``-scale`` for a wrong one, and 0 where none was asked for."""
    return jnp.where(asked, jnp.where(right, real(scale), real(-scale)), real(0.0))
