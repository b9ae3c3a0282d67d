"""The environment seen from Brian2: one jitted JAX call a decision, everything random made in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.environments import streams
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.randomness import key as seed_key

__all__ = ["BULK", "World"]

BULK = 1000  # decisions for which keys, reset states and uniform numbers are made at once


class World:
    """S environments in lockstep.

    Every answer of :meth:`step` is one array (S, width): what each clamped population shows, then reward, terminated,
    truncated and first; ``columns`` says where.
    """

    def __init__(self, circuit: Circuit, environment: Environment, seeds: Sequence[int]) -> None:
        assert circuit.environment is not None
        self.environment = environment
        self.actions = circuit.environment.actions
        self.keys = [seed_key(seed) for seed in seeds]
        self._clamped = {p.name: p.encodes for p in circuit.populations.values() if p.model.clamped}
        widths = {"observation": environment.observation_size, "action": self.actions, "reward": 1}
        self.columns: dict[str, slice] = {}
        start = 0
        for name, encodes in self._clamped.items():
            width = sum(widths[part] for part in encodes)
            self.columns[name] = slice(start, start + width)
            start += width
        self.width = start
        self.position = 0
        self._bulk: Any = None
        first = [streams.reset_states(environment, key, 0, 1)[1] for key in self.keys]
        states = [jax.tree.map(lambda leaf: leaf[0], state) for state in first]
        self._carry = {
            "state": jax.tree.map(lambda *leaves: jnp.stack(leaves), *states),
            "ended": jnp.ones(len(self.keys), bool),
            "index": jnp.zeros(len(self.keys), jnp.int32),
        }
        self._step = jax.jit(jax.vmap(self._one))

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, list[float]]:
        """Advance all environments by ``actions`` (S,), int32; return the answers and this decision's uniforms."""
        index = self.position % BULK
        if self._bulk is None or index == 0:
            self._refill(index)
        self.position += 1
        self._carry, answer = self._step(self._carry, self._bulk, actions)
        return np.asarray(answer), [uniforms[index] for uniforms in self._uniforms]

    def _refill(self, index: int) -> None:
        start = self.position - index
        drawn = [
            (
                jax.random.key_data(streams.step_keys(key, start, BULK)),
                streams.reset_states(self.environment, key, start, BULK),
            )
            for key in self.keys
        ]
        self._bulk = jax.tree.map(lambda *leaves: jnp.stack(leaves), *drawn)
        self._uniforms = [np.asarray(streams.action_uniforms(key, start, BULK)).tolist() for key in self.keys]
        self._carry["index"] = jnp.full(len(self.keys), index, jnp.int32)

    def _one(self, carry: Any, bulk: Any, action: Any) -> tuple[Any, Any]:
        first, index = carry["ended"], carry["index"]
        data, reset = jax.tree.map(lambda leaf: leaf[index], bulk)
        key = jax.random.wrap_key_data(data, impl="threefry2x32")
        stepped, state, reward, terminated, truncated = self.environment.step(key, carry["state"], action)
        reset_observation, reset_state = reset
        state = jax.tree.map(lambda new, old: jnp.where(first, new, old), reset_state, state)
        terminated, truncated = terminated & ~first, truncated & ~first
        real = jnp.result_type(float)
        shown = {
            "observation": jnp.where(first, reset_observation, stepped).astype(real),
            "action": ((jnp.arange(self.actions) == action) & ~first).astype(real),
            "reward": jnp.where(first, 0.0, reward).astype(real)[None],
        }
        parts = [shown[name] for encodes in self._clamped.values() for name in encodes]
        flags = jnp.stack([terminated, truncated, first]).astype(real)
        after = {"state": state, "ended": terminated | truncated, "index": index + 1}
        return after, jnp.concatenate([*parts, shown["reward"], flags])
