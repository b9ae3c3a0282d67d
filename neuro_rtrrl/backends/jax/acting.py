"""What an action is between two decisions, and what the animal is told of it."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from neuro_rtrrl.environments.spaces import Actions, Continuous

__all__ = ["efference_copy", "no_action"]


def no_action(actions: Actions, dtype: Any) -> Any:
    """Return an action that nothing has done yet: 0, of the shape and type that actions have."""
    kind = dtype if isinstance(actions, Continuous) else jnp.int32
    return jnp.zeros(() if actions.scalar else (actions.slots,), kind)


def efference_copy(action: Any, actions: Actions, dtype: Any) -> Any:
    """Return what input populations are shown of an action, shape (width,)."""
    if isinstance(actions, Continuous):
        return action.astype(dtype)
    taken = action.reshape(-1)
    parts = [(jnp.arange(size) == taken[number]).astype(dtype) for number, size in enumerate(actions.sizes)]
    return parts[0] if len(parts) == 1 else jnp.concatenate(parts)
