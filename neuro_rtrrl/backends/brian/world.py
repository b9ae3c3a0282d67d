"""The environment seen from Brian2: one small jitted JAX call a decision, everything random made in bulk."""

from __future__ import annotations

import math
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
    """The environment of one seed, from decision ``position`` of its streams on.

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

    def __init__(self, environment: Environment, seed: int, position: int = 0) -> None:
        self.environment = environment
        self.key = seed_key(seed)
        self.position = position
        self._uniforms: list[float] = []
        self.action, self.reward, self.uniform = 0, 0.0, 0.0
        self.first = self.terminated = self.truncated = False
        self._ended = True
        # an action that already lies where JAX wants it saves a good part of the call
        self._actions = [jnp.int32(action) for action in range(environment.actions)]
        self._tail = environment.observation_size + 3
        self._packing = _Packing(jax.eval_shape(self._reset_state, self.key))
        self._step = jax.jit(self._one)
        self._begin = jax.jit(self._pick)

    def step(self, action: int) -> None:
        """Answer ``action``, or begin the next episode where the last one has ended."""
        index = self.position % BULK
        if index == 0 or not self._uniforms:
            self._refill(self.position - index)
        self.position += 1
        self.action, self.uniform, self.first = action, self._uniforms[index], self._ended
        if self.first:
            self._packed = self._begin(self._reset_states, np.int32(index))
            self.observation = self._reset_observations[index]
            self.reward, self.terminated, self.truncated = 0.0, False, False
        else:
            self._packed = self._step(self._packed, self._keys, self._actions[action])
            answer = self._packing.told(self._packed, self._tail)
            self.observation = answer[:-3]
            self.reward, terminated, truncated = answer[-3:].tolist()
            self.terminated, self.truncated = terminated > 0, truncated > 0
        self._ended = self.terminated or self.truncated

    def _refill(self, start: int) -> None:
        # one key a tick, used or not, as on the other backend
        self._keys = jax.random.key_data(streams.step_keys(self.key, start, BULK))
        observations, self._reset_states = streams.reset_states(self.environment, self.key, start, BULK)
        self._reset_observations = np.asarray(observations)
        self._uniforms = np.asarray(streams.action_uniforms(self.key, start, BULK)).tolist()

    # --- what is compiled -----------------------------------------------------------------------------------

    def _reset_state(self, key: Any) -> Any:
        return {"index": jnp.int32(0), "state": self.environment.reset(jax.random.wrap_key_data(key))[1]}

    def _pick(self, states: Any, index: Any) -> tuple[Any, ...]:
        state = jax.tree.map(lambda leaf: leaf[index], states)
        after = {"index": (index + 1) % BULK, "state": state}
        return self._packing.pack(after, jnp.zeros(self._tail))

    def _one(self, packed: tuple[Any, ...], keys: Any, action: Any) -> tuple[Any, ...]:
        before = self._packing.unpack(packed)
        index = before["index"]
        key = jax.random.wrap_key_data(keys[index], impl="threefry2x32")
        observation, state, *told = self.environment.step(key, before["state"], action)
        real = jnp.result_type(float)
        tail = jnp.concatenate([observation.astype(real), jnp.stack([value.astype(real) for value in told])])
        return self._packing.pack({"index": (index + 1) % BULK, "state": state}, tail)


class _Packing:
    """A state as one vector of integer words, which JAX hands over in half the time of three vectors.

    The words are as wide as the default float. A number of any type no wider than that is in it bit for bit; what
    is none follows in vectors of its own type. The words end with a tail of floats for what the environment tells.
    """

    def __init__(self, example: Any) -> None:
        self.leaves, self.structure = jax.tree.flatten(example)
        self.real = jnp.result_type(float)
        self.word = jnp.dtype(f"int{8 * self.real.itemsize}")
        self.types = ("", *sorted({self._group(leaf) for leaf in self.leaves} - {""}))

    def _group(self, leaf: Any) -> str:
        """Return the name of the vector that a leaf is in; that of the words is empty."""
        plain = isinstance(leaf.dtype, np.dtype) and leaf.dtype.kind in "biuf"
        return "" if plain and leaf.dtype.itemsize <= self.word.itemsize else str(leaf.dtype)

    def pack(self, state: Any, tail: Any) -> tuple[Any, ...]:
        """Return the vectors."""
        groups: dict[str, list[Any]] = {name: [] for name in self.types}
        for leaf in jax.tree.leaves(state):
            name = self._group(leaf)
            groups[name].append(leaf.ravel() if name else _words(leaf.ravel(), self.word))
        groups[""].append(_words(tail, self.word))
        return tuple(jnp.concatenate(group) for group in groups.values())

    def unpack(self, packed: tuple[Any, ...]) -> Any:
        """Return the state."""
        groups, used = dict(zip(self.types, packed, strict=True)), dict.fromkeys(self.types, 0)
        leaves = []
        for leaf in self.leaves:
            name, size = self._group(leaf), math.prod(leaf.shape)
            part = groups[name][used[name] : used[name] + size].reshape(leaf.shape)
            leaves.append(part if name else _numbers(part, leaf.dtype))
            used[name] += size
        return jax.tree.unflatten(self.structure, leaves)

    def told(self, packed: tuple[Any, ...], size: int) -> np.ndarray:
        """Return the last ``size`` numbers of the tail."""
        return np.asarray(packed[0])[-size:].view(self.real)


def _words(values: Any, word: Any) -> Any:
    """Return numbers as integers of the same bits, widened."""
    if values.dtype.kind == "b":
        return values.astype(word)
    bits = jax.lax.bitcast_convert_type(values, jnp.dtype(f"int{8 * values.dtype.itemsize}"))
    return bits.astype(word)


def _numbers(words: Any, dtype: Any) -> Any:
    """Undo :func:`_words`."""
    if dtype.kind == "b":
        return words.astype(bool)
    return jax.lax.bitcast_convert_type(words.astype(jnp.dtype(f"int{8 * dtype.itemsize}")), dtype)
