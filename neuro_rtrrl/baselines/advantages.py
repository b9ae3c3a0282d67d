"""Generalised advantage estimation (Schulman et al. 2016, arXiv 1506.02438, eq. 16)."""

from __future__ import annotations

import jax
import jax.numpy as jnp

__all__ = ["advantages"]


def advantages(
    reward: jax.Array,
    terminated: jax.Array,
    truncated: jax.Array,
    value: jax.Array,
    discount: float,
    trace_decay: float,
) -> jax.Array:
    """Return the advantage of what was done at T ticks.

    Parameters
    ----------
    reward, terminated, truncated : array (T, ...)
        What tick t + 1 brought after the action of tick t.
    value : array (T + 1, ...)
        The critic at each tick. A truncated episode bootstraps from the value of its last observation, which is
        that of tick t + 1 since the reset comes a tick later; a terminated one does not.
    discount, trace_decay : float
        gamma and lambda.

    Returns
    -------
    array (T, ...)
        Of no meaning at the last tick of an episode, where nothing is done.
    """
    beyond = discount * jnp.where(terminated, 0.0, value[1:])
    td_error = reward + beyond - value[:-1]
    decay = discount * trace_decay * jnp.where(terminated | truncated, 0.0, 1.0)

    def step(later, this):
        td_error, decay = this
        now = td_error + decay * later
        return now, now

    return jax.lax.scan(step, jnp.zeros_like(td_error[0]), (td_error, decay), reverse=True)[1]
