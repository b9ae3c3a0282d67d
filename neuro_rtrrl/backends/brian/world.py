"""The environment seen from Brian2: one small jitted JAX call a decision, everything random made in bulk."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.environments import streams
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.randomness import key as seed_key

__all__ = ["BULK", "World"]

BULK = 1000  # decisions for which keys, reset states and uniform numbers are made at once


class World:
    """The environment of one seed.

    Attributes
    ----------
    observation : array (o,)
    action : int
        The one that led here.
    reward : float
    first, terminated, truncated : bool
        ``first``: the environment was reset instead of stepped; nothing else happened.
    uniform : float
        The random number that chooses this decision's action.
    """

    def __init__(self, environment: Environment, seed: int) -> None:
        self.environment = environment
        self.key = seed_key(seed)
        self.position = 0
        self.action, self.reward, self.uniform = 0, 0.0, 0.0
        self.first = self.terminated = self.truncated = False
        self._ended = True
        # an action that already lies where JAX wants it saves half of the call
        self._actions = [jnp.int32(action) for action in range(environment.actions)]
        self._step = jax.jit(self._one)
        self._pick = jax.jit(lambda states, index: jax.tree.map(lambda leaf: leaf[index], states))

    def step(self, action: int) -> None:
        """Answer ``action``, or begin the next episode where the last one has ended."""
        index = self.position % BULK
        if index == 0 or self.position == 0:
            self._refill()
        self.position += 1
        self.action, self.uniform, self.first = action, self._uniforms[index], self._ended
        if self.first:
            self._state = self._pick(self._reset_states, index)
            self.observation = self._reset_observations[index]
            self.reward, self.terminated, self.truncated = 0.0, False, False
        else:
            self._state, answer = self._step(self._state, self._keys[index], self._actions[action])
            answer = np.asarray(answer)
            self.observation = answer[:-3]
            self.reward, terminated, truncated = answer[-3:].tolist()
            self.terminated, self.truncated = terminated > 0, truncated > 0
        self._ended = self.terminated or self.truncated

    def _refill(self) -> None:
        start = self.position
        # keys of every tick, used or not: the same as on the other backend
        self._keys = np.asarray(jax.random.key_data(streams.step_keys(self.key, start, BULK)))
        observations, self._reset_states = streams.reset_states(self.environment, self.key, start, BULK)
        self._reset_observations = np.asarray(observations)
        self._uniforms = np.asarray(streams.action_uniforms(self.key, start, BULK)).tolist()

    def _one(self, state: Any, data: Any, action: Any) -> tuple[Any, Any]:
        key = jax.random.wrap_key_data(data, impl="threefry2x32")
        observation, state, reward, terminated, truncated = self.environment.step(key, state, action)
        real = jnp.result_type(float)
        told = jnp.stack([reward.astype(real), terminated.astype(real), truncated.astype(real)])
        return state, jnp.concatenate([observation.astype(real), told])
