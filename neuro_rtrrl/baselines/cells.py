"""Recurrent cells for backpropagation through time.

What reads the inputs does not depend on the state and is one product for all ticks; only the recurrence is scanned.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import linen

__all__ = ["CELLS", "CTRNN", "LSTM", "States"]

States = tuple[jax.Array, ...]


class CTRNN(linen.Module):
    """Leaky rate neurons: h' = h + (tanh(W [x, h, 1]) - h) / tau, one Euler step a tick (Lemmel & Grosu 2025).

    Time constants, in ticks, are drawn from [1, 5] and learned.
    """

    units: int

    @linen.compact
    def __call__(self, state: States, inputs: jax.Array, first: jax.Array) -> tuple[States, jax.Array]:
        """Run T ticks; as :class:`~neuro_rtrrl.baselines.network.ActorCritic`, but the rates (T, B, units)."""
        driven = linen.Dense(self.units, name="inputs")(inputs)
        recurrent = self.param("recurrent", linen.initializers.lecun_normal(), (self.units, self.units))
        tau = self.param(
            "tau", lambda key, shape: jax.random.uniform(key, shape, minval=1.0, maxval=5.0), (self.units,)
        )

        def tick(state, driven):
            (h,) = state
            h = h + (jnp.tanh(driven + h @ recurrent) - h) / tau
            return (h,), h

        return _through_time(tick, state, driven, first)

    @classmethod
    def initial(cls, lanes: int, units: int) -> States:
        """Return the state before an episode: no rate."""
        return (jnp.zeros((lanes, units)),)


class LSTM(linen.Module):
    """Long short-term memory with a forget gate (Gers, Schmidhuber & Cummins 2000), started as flax starts its own."""

    units: int

    @linen.compact
    def __call__(self, state: States, inputs: jax.Array, first: jax.Array) -> tuple[States, jax.Array]:
        """Run T ticks; as :class:`CTRNN`. Gates stand in the order input, forget, candidate, output."""

        def orthogonal_gates(key, shape):
            keys = jax.random.split(key, 4)
            draw = linen.initializers.orthogonal()
            return jnp.concatenate([draw(key, (self.units, self.units)) for key in keys], axis=1)

        driven = linen.Dense(4 * self.units, name="inputs")(inputs)
        recurrent = self.param("recurrent", orthogonal_gates, (self.units, 4 * self.units))

        def tick(state, driven):
            memory, h = state
            enter, forget, candidate, leave = jnp.split(driven + h @ recurrent, 4, axis=-1)
            memory = linen.sigmoid(forget) * memory + linen.sigmoid(enter) * jnp.tanh(candidate)
            h = linen.sigmoid(leave) * jnp.tanh(memory)
            return (memory, h), h

        return _through_time(tick, state, driven, first)

    @classmethod
    def initial(cls, lanes: int, units: int) -> States:
        """Return the state before an episode: nothing remembered, no output."""
        return (jnp.zeros((lanes, units)), jnp.zeros((lanes, units)))


def _through_time(tick, state: States, driven: jax.Array, first: jax.Array) -> tuple[States, jax.Array]:
    """Scan ``tick`` over the leading axis; every state is zero at the start of an episode."""

    def step(state, this):
        driven, first = this
        # a product and not a choice: the gradient that would flow to the episode before is zero either way
        going_on = 1.0 - first[:, None].astype(driven.dtype)
        return tick(tuple(part * going_on for part in state), driven)

    return jax.lax.scan(step, state, (driven, first))


CELLS = {"ctrnn": CTRNN, "lstm": LSTM}
