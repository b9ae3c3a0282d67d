"""The environment seen from Brian2: one small jitted JAX call a decision, everything random made in bulk."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.environments import streams
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.spaces import Continuous
from neuro_rtrrl.environments.words import Words
from neuro_rtrrl.randomness import key as seed_key

__all__ = ["BULK", "World"]

BULK = 1000  # decisions for which keys, reset states and uniform numbers are made at once


class World:
    """The environment of one seed, from decision ``position`` of its streams on.

    Attributes
    ----------
    observation : array (o,)
    whole : array
        The observation before it was masked, where the environment is watched; else empty.
    action : int or array
        The one that led here; see :mod:`neuro_rtrrl.environments.spaces`.
    reward : float
    first, terminated, truncated : bool
        ``first``: the environment was reset instead of stepped; nothing else happened.
    uniforms : list of float
        The random numbers that choose this decision's action.
    """

    def __init__(self, environment: Environment, seed: int, position: int = 0, draws: int = 1) -> None:
        self.environment, self.draws = environment, draws
        self.key = seed_key(seed)
        self.position = position
        self._uniforms: list[list[float]] = []
        self.action: Any = 0
        self.reward, self.uniforms = 0.0, [0.0] * draws
        self.first = self.terminated = self.truncated = False
        self._ended = True
        # an action that already lies where JAX wants it saves a good part of the call
        actions = environment.actions
        self._placed = (
            [jnp.int32(action) for action in range(max(1, actions.width))] if actions.scalar else None
        )
        self._kind = jnp.result_type(float) if isinstance(actions, Continuous) else jnp.int32
        self._real = jnp.result_type(float)
        self._told_size = environment.observation_size + len(environment.whole) + 3
        tail = jax.ShapeDtypeStruct((self._told_size,), self._real)
        self._words = Words((jax.eval_shape(self._reset_state, self.key), tail))
        self._told = -tail.size * self._real.itemsize // 4  # the last words are what the environment tells
        self._step = jax.jit(self._one)
        resumes = environment.resume is not None
        self._begin = jax.jit(self._resumed if resumes else self._pick)
        if resumes:
            self._packed = jax.jit(self._fresh)(self.key, np.int32(position % BULK))

    def step(self, action: Any) -> None:
        """Answer ``action``, or begin the next episode where the last one has ended."""
        index = self.position % BULK
        if index == 0 or not self._uniforms:
            self._refill(self.position - index)
        self.position += 1
        self.action, self.uniforms, self.first = action, self._uniforms[index], self._ended
        if self.first:
            if self.environment.resume is not None:
                self._packed = self._begin(self._packed, self._restarts)
            else:
                self._packed = self._begin(self._restarts, np.int32(index))
            if self._reset_observations is None:
                self._hear()
            else:  # known without waiting for JAX
                self.observation = self._reset_observations[index]
            self.reward, self.terminated, self.truncated = 0.0, False, False
        else:
            self._packed = self._step(self._packed, self._keys, self._as_jax_wants(action))
            self.reward, terminated, truncated = self._hear()
            self.terminated, self.truncated = terminated > 0, truncated > 0
        self._ended = self.terminated or self.truncated

    def _hear(self) -> list[float]:
        """Take the observation from what the environment tells, and return the rest."""
        answer = np.asarray(self._packed)[self._told :].view(self._real)
        size = self.environment.observation_size
        self.observation, self.whole = answer[:size], answer[size:-3]
        return answer[-3:].tolist()

    def _as_jax_wants(self, action: Any) -> Any:
        return self._placed[action] if self._placed is not None else jnp.array(action, self._kind)

    def _refill(self, start: int) -> None:
        # one key a tick, used or not, as on the other backend
        self._keys = jax.random.key_data(streams.step_keys(self.key, start, BULK))
        self._restarts = streams.restarts(self.environment, self.key, start, BULK)
        self._reset_observations = None
        if self.environment.resume is not None:
            self._restarts = jax.random.key_data(self._restarts)
        elif not self.environment.whole:
            self._reset_observations = np.asarray(self._restarts[0])
        self._uniforms = (
            np.asarray(streams.action_uniforms(self.key, start, BULK, self.draws))
            .reshape(BULK, self.draws)
            .tolist()
        )

    # --- what is compiled -----------------------------------------------------------------------------------

    def _reset_state(self, key: Any) -> Any:
        return {"index": jnp.int32(0), "state": self.environment.reset(jax.random.wrap_key_data(key))[1]}

    def _pick(self, drawn: Any, index: Any) -> Any:
        observation, state = jax.tree.map(lambda leaf: leaf[index], drawn)
        return self._packed_with(index, state, observation, jnp.zeros(3, self._real))

    def _fresh(self, key: Any, index: Any) -> Any:
        _, states = streams.reset_states(self.environment, key, 0, 1)
        state = jax.tree.map(lambda leaf: leaf[0], states)
        return self._words.pack(({"index": index, "state": state}, jnp.zeros(self._told_size, self._real)))

    def _resumed(self, packed: Any, keys: Any) -> Any:
        before, _ = self._words.unpack(packed)
        key = jax.random.wrap_key_data(keys[before["index"]], impl="threefry2x32")
        observation, state = streams.restarted(self.environment, key, before["state"])
        return self._packed_with(before["index"], state, observation, jnp.zeros(3, self._real))

    def _packed_with(self, index: Any, state: Any, observation: Any, numbers: Any) -> Any:
        whole = [state["whole"].astype(self._real)] if self.environment.whole else []
        tail = jnp.concatenate([observation.astype(self._real), *whole, numbers])
        return self._words.pack(({"index": (index + 1) % BULK, "state": state}, tail))

    def _one(self, packed: Any, keys: Any, action: Any) -> Any:
        before, _ = self._words.unpack(packed)
        index = before["index"]
        key = jax.random.wrap_key_data(keys[index], impl="threefry2x32")
        observation, state, *told = self.environment.step(key, before["state"], action)
        numbers = jnp.stack([value.astype(self._real) for value in told])
        return self._packed_with(index, state, observation, numbers)
