"""The closed loop on JAX: one jitted scan per chunk, everything that does not depend on the state made outside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.backends.chunk import Chunk, Deliver
from neuro_rtrrl.backends.jax.cache import use_cache
from neuro_rtrrl.backends.jax.network import Network
from neuro_rtrrl.environments import streams
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.graph.initialise import initial_values
from neuro_rtrrl.lowering import hoist, lower
from neuro_rtrrl.lowering.pack import pack, unpack
from neuro_rtrrl.randomness import key as seed_key

__all__ = ["LONGEST_CHUNK", "JaxProgram"]

LONGEST_CHUNK = 10_000  # decisions: bounds the memory of what is made in bulk, and how long Ctrl-C waits
MOST_TICKS = 500_000  # decisions times seeds in a chunk

Values = dict[str, Any]


class JaxProgram:
    """A circuit compiled for S seeds.

    Parameters
    ----------
    circuit : Circuit
    environment : Environment or None
        None runs the circuit in an open loop.
    seeds : sequence of int
        One seed runs without a leading axis inside, several under vmap.
    precision : {"float32", "float64"}
    record : tuple of str
        Variable keys to keep every decision; spikes (``population.spike``) are kept every ``dt``.
    initials : sequence of mappings, optional
        For each seed, values that replace the initial ones: weights, parameters, optimiser states of an earlier run.
    start : int
        Index of the first decision in the streams of noise, so that a continued run sees new noise.
    regroup : bool
        Whether to run the hoisted and packed form (the default) or the equations as written.
    """

    def __init__(
        self,
        circuit: Circuit,
        environment: Environment | None,
        seeds: Sequence[int],
        precision: str = "float32",
        record: tuple[str, ...] = (),
        regroup: bool = True,
        initials: Sequence[Mapping[str, np.ndarray]] | None = None,
        start: int = 0,
    ) -> None:
        use_cache()
        self.circuit, self.environment, self.seeds = circuit, environment, tuple(seeds)
        self.initials = initials or [{}] * len(self.seeds)
        self.precision = precision
        self.written = lower(circuit, keep=set(record))
        self.lowered = pack(hoist(self.written)) if regroup else self.written
        self.network = Network(self.lowered, precision)
        self.record = record
        self._by_dt = tuple(key for key in record if key.endswith(".spike"))
        self.position = start
        with self._precision():
            self._start()
        self._chunk = jax.jit(self._run_chunk, static_argnames=("count",), donate_argnums=(0,))

    def _precision(self):
        return jax.enable_x64(self.precision == "float64")

    @property
    def _many(self) -> bool:
        return len(self.seeds) > 1

    def _start(self) -> None:
        network, carries, fixed = self.network, [], []
        for seed, given in zip(self.seeds, self.initials, strict=True):
            values = pack_values(self.lowered, {**initial_values(self.circuit, seed), **given})
            carry, constant = network.initial(values)
            carries.append(carry)
            fixed.append(constant)
        keys = [seed_key(seed) for seed in self.seeds]
        stack = (lambda *leaves: jnp.stack(leaves)) if self._many else (lambda leaf: jnp.asarray(leaf))
        self.keys = jax.tree.map(stack, *keys)
        fixed_tree = jax.tree.map(stack, *fixed)
        self.fixed = fixed_tree
        if self.lowered.setup:
            self.fixed = jax.jit(jax.vmap(network.setup) if self._many else network.setup)(fixed_tree)
        self.carry = {"network": jax.tree.map(stack, *carries)}
        if self.environment is not None:
            first = [streams.reset_states(self.environment, key, 0, 1)[1] for key in keys]
            first = [jax.tree.map(lambda leaf: leaf[0], state) for state in first]
            self.carry["environment"] = jax.tree.map(stack, *first)
            self.carry["action"] = jax.tree.map(stack, *[np.int32(0)] * len(keys))
        self.carry["ended"] = jax.tree.map(stack, *[np.bool_(True)] * len(keys))

    # --- running -----------------------------------------------------------------------------------------------

    def run(self, decisions: int, deliver: Deliver, chunk: int = LONGEST_CHUNK) -> int:
        """Advance by up to ``decisions`` in stretches of one length, so that one program is compiled.

        A remainder, where ``decisions`` has no divisor of a useful size, costs a second compilation.
        """
        done = 0
        # at least two stretches, so that the second shows the steady rate; fewer decisions a stretch for many seeds
        length = stretch(decisions, min(chunk, -(-decisions // 2), max(1, MOST_TICKS // len(self.seeds))))
        while done < decisions:
            count = min(length, decisions - done)
            done += count
            if deliver(self._advance(count)):
                break
        return done

    def _advance(self, count: int) -> Chunk:
        with self._precision():
            self.carry, kept = self._chunk(self.carry, self.fixed, self.keys, np.uint32(self.position), count=count)
            kept = jax.tree.map(np.asarray, kept)
        if not self._many:
            kept = jax.tree.map(lambda leaf: leaf[None], kept)
        chunk = Chunk(self.position, count, records=kept.pop("records"), **kept)
        self.position += count
        return chunk

    def state(self) -> dict[str, np.ndarray]:
        """Return key → array (S, ...) of what is carried from tick to tick and of what is fixed."""
        values = {**self.fixed, **self.carry["network"]}
        arrays = {key: np.asarray(value) for key, value in values.items()}
        if not self._many:
            arrays = {key: value[None] for key, value in arrays.items()}
        unpacked = unpack(self.lowered, arrays)
        return {key: value for key, value in unpacked.items() if key in self.written.variables}

    def _run_chunk(self, carry: Values, fixed: Values, keys: Any, start: Any, count: int) -> tuple[Values, Values]:
        one = partial(self._one_seed, start=start, count=count)
        return jax.vmap(one)(carry, fixed, keys) if self._many else one(carry, fixed, keys)

    def _one_seed(self, carry: Values, fixed: Values, key: Any, start: Any, count: int) -> tuple[Values, Values]:
        drawn: Values = {"noise": self._noise(key, start, count)}
        if self.environment is not None:
            drawn["uniform"] = streams.action_uniforms(key, start, count)
            drawn["key"] = streams.step_keys(key, start, count)
            drawn["reset"] = streams.reset_states(self.environment, key, start, count)
        return jax.lax.scan(lambda state, now: self._tick(state, fixed, now), carry, drawn, length=count)

    def _noise(self, key: Any, start: Any, count: int) -> Values:
        noise, steps = {}, self.network.steps
        for name in self.lowered.noise:
            shape = self.lowered.variables[name].space.shape
            flat = streams.noise_uniforms(key, name, start * steps, count * steps, shape)
            noise[name] = flat.reshape(count, steps, *shape).astype(self.network.dtype)
        return noise

    # --- one tick ----------------------------------------------------------------------------------------------

    def _tick(self, carry: Values, fixed: Values, drawn: Values) -> tuple[Values, Values]:
        network, first = self.network, carry["ended"]
        values = {**fixed, **carry["network"]}
        after: Values = {"ended": jnp.zeros((), bool)}
        terminated = truncated = jnp.zeros((), bool)
        values["reward"] = jnp.zeros((), network.dtype)
        if self.environment is not None:
            observation, after["environment"], terminated, truncated = self._environment(carry, drawn, values)
            after["ended"] = terminated | truncated
            self._clamp(values, observation, carry["action"], first)
        values["terminated"] = terminated.astype(network.dtype)
        network.begin(values, first)
        by_dt = network.integrate(values, drawn["noise"], self._by_dt)
        network.decide(values, drawn.get("uniform"), first)
        if self.environment is not None:
            after["action"] = values["action"]
        after["network"] = {key: values[key] for key in carry["network"]}
        kept = {
            "reward": values["reward"],
            "first": first,
            "terminated": terminated,
            "truncated": truncated,
            "records": {key: by_dt[key].astype(bool) if key in by_dt else self._kept(key, values) for key in self.record},
        }
        return after, kept

    def _kept(self, key: str, values: Values) -> Any:
        variable = self.lowered.variables.get(key)
        if variable is not None and variable.value is not None:
            return jnp.asarray(variable.value, self.network.dtype)
        return values[key] if key in values else unpack(self.lowered, values)[key]

    def _environment(self, carry: Values, drawn: Values, values: Values) -> tuple[Any, Any, Any, Any]:
        assert self.environment is not None
        first, dtype = carry["ended"], self.network.dtype
        stepped, state, reward, terminated, truncated = self.environment.step(
            drawn["key"], carry["environment"], carry["action"]
        )
        reset_observation, reset_state = drawn["reset"]
        state = jax.tree.map(lambda new, old: jnp.where(first, new, old), reset_state, state)
        observation = jnp.where(first, reset_observation, stepped).astype(dtype)
        values["reward"] = jnp.where(first, 0.0, reward).astype(dtype)
        return observation, state, terminated & ~first, truncated & ~first

    def _clamp(self, values: Values, observation: Any, action: Any, first: Any) -> None:
        """Show the observation, the efference copy and the reward to the input populations."""
        dtype, assert_environment = self.network.dtype, self.circuit.environment
        assert assert_environment is not None
        alternatives = jnp.arange(assert_environment.actions)
        shown = {
            "observation": observation,
            "action": ((alternatives == action) & ~first).astype(dtype),
            "reward": values["reward"][None],
        }
        for population in self.circuit.populations.values():
            if population.model.clamped:
                parts = [shown[name] for name in population.encodes]
                values[f"{population.name}.r"] = jnp.concatenate(parts) if len(parts) > 1 else parts[0]


def stretch(decisions: int, longest: int) -> int:
    """Return the longest useful divisor of ``decisions`` up to ``longest``, else ``longest`` itself."""
    if decisions <= longest:
        return decisions
    divisor = next(count for count in range(longest, 0, -1) if decisions % count == 0)
    return divisor if divisor >= longest // 8 else longest


def pack_values(lowered, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Concatenate given weights as the packed circuit stores them."""
    packed = dict(values)
    for block, members in lowered.members.items():
        names = [key.removeprefix(f"{members[0]}.") for key in values if key.startswith(f"{members[0]}.")]
        for name in names:
            packed[f"{block}.{name}"] = np.concatenate([values[f"{member}.{name}"] for member in members], axis=1)
    return packed
