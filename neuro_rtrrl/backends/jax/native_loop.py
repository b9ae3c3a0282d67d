"""One seed's closed loop around the C tick: the environment stays in JAX, the network is one call.

Besides that call a tick is one XLA kernel, the environment's, and a counter. To get there the environment's state is
carried as one row of words that the call puts in its place: every array that a loop carries by itself is a copy, a
kernel of its own, at every tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.xla_metadata import set_xla_metadata

from neuro_rtrrl.backends.jax.acting import no_action
from neuro_rtrrl.backends.jax.kernel import FLAGS, Kernel
from neuro_rtrrl.backends.jax.network import Network
from neuro_rtrrl.backends.jax.rows import decision_rows
from neuro_rtrrl.environments import streams
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.words import Words
from neuro_rtrrl.graph.circuit import Recording
from neuro_rtrrl.lowering import LoweredCircuit

__all__ = ["NativeLoop"]

Values = dict[str, Any]


class NativeLoop:
    """A lowered circuit and its environment, for one seed.

    Parameters
    ----------
    lowered : LoweredCircuit
        As the kernel was written from it.
    environment : Environment or None
    kernel : Kernel
    single_kernel : bool
        Ask XLA's CPU compiler for the environment as one kernel.
    """

    def __init__(
        self, lowered: LoweredCircuit, environment: Environment | None, kernel: Kernel, single_kernel: bool
    ) -> None:
        self.lowered, self.environment, self.kernel = lowered, environment, kernel
        self.single_kernel = single_kernel
        self.layout = kernel.source.layout
        self.dtype = self.layout.dtype
        self._network = Network(lowered, self.dtype)
        self._setup = jax.jit(self._network.setup)  # kept: compiled once for all seeds and new beginnings
        # the last action stands in front of the environment's words; an open loop has a word that nobody reads
        self._action = Words(
            jnp.zeros((), jnp.int32) if environment is None else no_action(environment.actions, self.dtype)
        )
        self._front = self._action.size
        self._wiring = jnp.asarray(self.layout.wiring()[0])

    def start(self, values: Mapping[str, np.ndarray], key: Any) -> tuple[Values, Values]:
        """Return what a run carries and what it only reads, from given weights and parameters."""
        carried, fixed = self._network.initial(dict(values))
        if self.lowered.setup:
            fixed = self._setup({name: jnp.asarray(value) for name, value in fixed.items()})
        shown = self._network.arrays.shown({**carried, **fixed})
        state = self.layout.write({name: np.asarray(value) for name, value in shown.items()})
        world = jnp.ones(1, jnp.uint32)  # without an environment, only whether this is the first tick
        if self.environment is not None:
            _, states = streams.reset_states(self.environment, key, 0, 1)
            world = _words(jax.tree.map(lambda leaf: leaf[0], states), jnp.ones((), bool))
        carry = {
            "state": jnp.array(state),
            "world": jnp.concatenate([jnp.zeros(self._front, jnp.uint32), world]),
        }
        return carry, {"wiring": self._wiring}

    def chunk(self, carry: Values, fixed: Values, key: Any, start: Any, count: int) -> tuple[Values, Values]:
        """Advance by ``count`` decisions from index ``start`` of the streams; return the new carry and what is kept."""
        drawn: Values = {}
        given = {
            **fixed,
            "start": jnp.uint32(start),
            "uniform": jnp.zeros(count * self.lowered.draws, self.dtype),
        }
        if self.environment is not None or self.lowered.chances:
            given["uniform"] = decision_rows(self.lowered, key, start, count).astype(self.dtype).reshape(-1)
        if self.environment is not None:
            drawn["key"] = streams.step_keys(key, start, count)
            drawn["reset"] = streams.restarts(self.environment, key, start, count)
        for index, name in enumerate(self.lowered.noise):
            given[f"noise_{index}"] = self._noise(name, key, start, count)

        def tick(t: Any, state: tuple[Values, list[Any]]) -> tuple[Values, list[Any]]:
            carry, logs = state
            now, shown = self._world(carry["world"], drawn, t)
            return self.kernel(carry, logs, {**given, "t": t, "now": now, "shown": shown})

        carry, logs = jax.lax.fori_loop(0, count, tick, (carry, self.kernel.logs(count)))
        return carry, self._kept(logs)

    def _noise(self, name: str, key: Any, start: Any, count: int) -> Any:
        steps, shape = self._network.steps, self.lowered.variables[name].space.shape
        flat = streams.noise_uniforms(key, name, start * steps, count * steps, shape)
        return flat.reshape(count, steps, *shape).astype(self.dtype)

    def _world(self, world: Any, drawn: Values, t: Any) -> tuple[Any, Any]:
        """Step the environment; return its state as words, and what the kernel is shown."""
        if self.environment is None:
            first = world[1:].astype(self.dtype)
            return jnp.zeros(1, jnp.uint32), jnp.zeros(FLAGS, self.dtype).at[1:2].set(first)

        def step(world: Any, drawn: Values, t: Any) -> tuple[Any, Any]:
            return self._step(world, jax.tree.map(lambda leaf: leaf[t], drawn))

        now, shown = jax.jit(step)(world, drawn, t)
        if self.single_kernel:
            # marks the call that makes this value, and only that call
            shown = set_xla_metadata(shown, xla_cpu_small_call="true", inlineable="false")
        return now, shown

    def _step(self, world: Any, drawn: Values) -> tuple[Any, Any]:
        assert self.environment is not None
        form = jax.eval_shape(lambda key: self.environment.reset(key)[1], drawn["key"])  # type: ignore[union-attr]
        state, first = Words((form, jax.ShapeDtypeStruct((), bool))).unpack(world[self._front :])
        reset_observation, reset_state = streams.restarted(self.environment, drawn["reset"], state)
        action = self._action.unpack(world[: self._front])
        stepped, state, reward, terminated, truncated = self.environment.step(drawn["key"], state, action)
        state = jax.tree.map(lambda new, old: jnp.where(first, new, old), reset_state, state)
        observation = jnp.where(first, reset_observation, stepped).astype(self.dtype)
        reward = jnp.where(first, 0.0, reward).astype(self.dtype)
        terminated, truncated = terminated & ~first, truncated & ~first
        flags = jnp.stack([reward, *(flag.astype(self.dtype) for flag in (first, terminated, truncated))])
        whole = [state["whole"].astype(self.dtype)] if self.environment.whole else []
        return _words(state, terminated | truncated), jnp.concatenate([observation, flags, *whole])

    # --- from logs and structs to values by name ---------------------------------------------------------------------

    def _kept(self, logs: list[Any]) -> Values:
        flags, *rows = logs
        kept = {
            name: flags[:, index] for index, name in enumerate(("reward", "first", "terminated", "truncated"))
        }
        for name in ("first", "terminated", "truncated"):
            kept[name] = kept[name] > 0
        kept["records"] = {
            each.key: self._rows(each, log) for each, log in zip(self.kernel.record, rows, strict=True)
        }
        return kept

    def _rows(self, each: Recording, log: Any) -> Any:
        shape = self.lowered.variables[each.key].space.shape
        if each.neurons is not None and shape:
            shape = (len(each.neurons), *shape[1:])
        if each.by_step:
            by_step = log.reshape(log.shape[0], self._network.steps, *shape)
            return by_step > 0 if each.spikes else by_step
        return log.reshape(log.shape[0], *shape)

    def shown(self, values: Mapping[str, Any]) -> Values:
        """Return values by the circuit's own names from what is carried, seeds leading: matrices as (S, post, pre)."""
        found = self.layout.read(np.asarray(values["state"]))
        for name in self.layout.masks:
            for key in found:
                if key.startswith(f"{name}."):
                    found[key] = found[key] * self.lowered.masks[name]
        return found


def _words(state: Any, ended: Any) -> Any:
    """Return an environment's state, and whether its episode has ended, as one row of words."""
    return Words((state, ended)).pack((state, ended))
