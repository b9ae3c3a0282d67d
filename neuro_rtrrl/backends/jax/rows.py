"""The row of numbers that a decision is given: what chance draws, and when interventions act."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments import streams
from neuro_rtrrl.lowering import LoweredCircuit
from neuro_rtrrl.lowering.gates import gate_values

__all__ = ["decision_rows"]


def decision_rows(lowered: LoweredCircuit, key: Any, start: Any, count: int) -> jax.Array:
    """Return the rows of decisions ``start`` to ``start + count``, float32 of shape (count, draws)."""
    rows = streams.action_uniforms(key, start, count, lowered.draws).reshape(count, lowered.draws)
    index = jnp.asarray(start).astype(jnp.uint32) + jnp.arange(count, dtype=jnp.uint32)
    for name, acts in gate_values(lowered, index).items():
        rows = rows.at[:, lowered.chances[name]].set(acts.astype(rows.dtype))
    return rows
