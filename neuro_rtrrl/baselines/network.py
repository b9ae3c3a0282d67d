"""The network that PPO trains: a recurrent cell with an actor and a critic reading it, in flax."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from neuro_rtrrl.baselines.cells import CELLS, States

__all__ = ["ActorCritic", "within_bounds"]


class ActorCritic(linen.Module):
    """Inputs to policy and value, through time.

    Attributes
    ----------
    cell : {"ctrnn", "lstm"}
    units : int
    outputs : int
        Numbers that the policy reads from the cell.
    free : int
        Numbers of the policy that depend on no state (the logarithms of a Gaussian's deviations).
    width : int
        Units of the dense layers around the cell, as purejaxrl has them; 0 for none, as RTRRL has it.
    """

    cell: str
    units: int
    outputs: int
    free: int = 0
    width: int = 0

    @linen.compact
    def __call__(
        self, state: States, inputs: jax.Array, first: jax.Array
    ) -> tuple[States, jax.Array, jax.Array]:
        """Run T ticks of B lanes.

        Parameters
        ----------
        state : tuple of array (B, units)
            After the tick before.
        inputs : array (T, B, i)
        first : bool array (T, B)
            Where an episode starts: the cell is put back to its initial state before it reads the input.

        Returns
        -------
        state : tuple of array (B, units)
        policy : array (T, B, outputs + free)
        value : array (T, B)
        """
        orthogonal = linen.initializers.orthogonal

        def dense(size: int, gain: float, name: str, x: jax.Array) -> jax.Array:
            return linen.Dense(size, kernel_init=orthogonal(gain), name=name)(x)

        if self.width:
            inputs = linen.relu(dense(self.width, 2**0.5, "encoder", inputs))
        state, rates = CELLS[self.cell](self.units, name="cell")(state, inputs, first)
        seen_by_actor = seen_by_critic = rates
        if self.width:
            seen_by_actor = linen.relu(dense(self.width, 2.0, "before_actor", rates))
            seen_by_critic = linen.relu(dense(self.width, 2.0, "before_critic", rates))
        policy = dense(self.outputs, 0.01, "actor", seen_by_actor)
        value = dense(1, 1.0, "critic", seen_by_critic)[..., 0]
        if self.free:
            free = self.param("log_deviation", linen.initializers.zeros, (self.free,))
            policy = jnp.concatenate(
                [policy, jnp.broadcast_to(free, (*policy.shape[:-1], self.free))], axis=-1
            )
        return state, policy, value

    def run(
        self, parameters: Any, state: States, inputs: jax.Array, first: jax.Array
    ) -> tuple[States, jax.Array, jax.Array]:
        """Call the network with its parameters."""
        state, policy, value = self.apply(parameters, state, inputs, first)  # type: ignore[misc]
        return state, policy, value  # type: ignore[return-value]

    def initial_state(self, lanes: int) -> States:
        """Return the cell's state at the start of an episode."""
        return CELLS[self.cell].initial(lanes, self.units)


def within_bounds(parameters: Any) -> Any:
    """Return the parameters with time constants at least one tick, as RTRRL keeps them."""
    cell = parameters["params"]["cell"]
    if "tau" not in cell:
        return parameters
    cell = {**cell, "tau": jnp.maximum(cell["tau"], 1.0)}
    return {**parameters, "params": {**parameters["params"], "cell": cell}}
