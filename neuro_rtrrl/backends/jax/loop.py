"""One seed's closed loop as a pure function: a chunk of decisions, everything that does not depend on the state made
in bulk outside the scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.xla_metadata import set_xla_metadata

from neuro_rtrrl.backends.jax.acting import efference_copy, no_action
from neuro_rtrrl.backends.jax.network import Network
from neuro_rtrrl.backends.jax.rows import decision_rows
from neuro_rtrrl.environments import streams
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.graph.circuit import Circuit, Recording
from neuro_rtrrl.lowering import LoweredCircuit
from neuro_rtrrl.lowering.pack import pack_values, unpack

__all__ = ["ClosedLoop"]

Values = dict[str, Any]


class ClosedLoop:
    """A lowered circuit and its environment, for one seed.

    Parameters
    ----------
    circuit : Circuit
    lowered : LoweredCircuit
    environment : Environment or None
    precision : str
    record : tuple of Recording
    products : {"sum", "dot"}
        See :class:`~neuro_rtrrl.backends.jax.network.Network`; a single kernel can hold only sums.
    written : LoweredCircuit
        The circuit before anything was packed: its own names, shapes and masks (post, pre).
    single_kernel : bool
        Ask XLA's CPU compiler for the whole scan as one kernel. The runtime starts every kernel by itself, which costs
        more than the arithmetic of a small network: one kernel is about three times faster than seventy.
    """

    def __init__(
        self,
        circuit: Circuit,
        lowered: LoweredCircuit,
        environment: Environment | None,
        precision: str,
        record: tuple[Recording, ...],
        single_kernel: bool,
        products: str,
        written: LoweredCircuit,
    ) -> None:
        self.circuit, self.lowered, self.environment = circuit, lowered, environment
        self.network = Network(lowered, precision, products)
        self._setup = jax.jit(self.network.setup)  # kept: compiled once for all seeds and new beginnings
        self.record = record
        self.written = written
        self.single_kernel = single_kernel

    def start(self, values: Mapping[str, np.ndarray], key: Any) -> tuple[Values, Values]:
        """Return what a run carries and what it only reads, from given weights and parameters."""
        network, fixed = self.network.initial(pack_values(self.lowered, dict(values)))
        fixed = {name: _own(value) for name, value in fixed.items()}
        if self.lowered.setup:
            fixed = self._setup(fixed)
        carry: Values = {"network": {name: _own(value) for name, value in network.items()}}
        if self.environment is not None:
            _, state = streams.reset_states(self.environment, key, 0, 1)
            carry["environment"] = jax.tree.map(lambda leaf: leaf[0], state)
            carry["action"] = no_action(self.environment.actions, self.network.dtype)
        carry["ended"] = jnp.bool_(True)
        return carry, fixed

    def chunk(self, carry: Values, fixed: Values, key: Any, start: Any, count: int) -> tuple[Values, Values]:
        """Advance by ``count`` decisions from index ``start`` of the streams; return the new carry and what is kept."""
        drawn: Values = {"noise": self._noise(key, start, count), "t": jnp.arange(count, dtype=jnp.uint32)}
        if self.environment is not None or self.lowered.chances:
            drawn["uniform"] = decision_rows(self.lowered, key, start, count)
        if self.environment is not None:
            drawn["key"] = streams.step_keys(key, start, count)
            drawn["reset"] = streams.restarts(self.environment, key, start, count)

        def scan(carry: Values, fixed: Values, start: Any, drawn: Values) -> tuple[Values, Values]:
            logs = {each.key: self._log(each, count) for each in self.record if each.every > 1}

            def tick(state: Any, now: Values) -> tuple[Any, Values]:
                after, kept = self._tick(state[0], fixed, now)
                place = now["t"], start + now["t"]
                logs = {
                    each.key: _logged(state[1][each.key], each, place, kept["records"].pop(each.key))
                    for each in self.record
                    if each.every > 1
                }
                return (after, logs), kept

            (carry, logs), kept = jax.lax.scan(tick, (carry, logs), drawn, length=count)
            kept["records"].update({key: log[:-1] for key, log in logs.items()})
            return carry, kept

        carry, kept = jax.jit(scan)(carry, fixed, jnp.uint32(start), drawn)
        if self.single_kernel:
            # marks the call that makes this value, and only that call
            kept["reward"] = set_xla_metadata(kept["reward"], xla_cpu_small_call="true", inlineable="false")
        return carry, kept

    def shown(self, values: Mapping[str, Any]) -> Values:
        """Return values by the circuit's own names: matrices as (..., post, pre), 0 where no synapse is."""
        found = unpack(self.lowered, self.network.arrays.shown(dict(values)))
        for name, mask in self.written.masks.items():
            for key, value in found.items():
                if key.startswith(f"{name}."):
                    found[key] = value * mask.astype(value.dtype)
        return found

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
        values["first"] = first.astype(network.dtype)
        if self.environment is not None:
            observation, after["environment"], terminated, truncated = self._environment(carry, drawn, values)
            after["ended"] = terminated | truncated
            if self.environment.whole:
                values["observation"] = after["environment"]["whole"].astype(network.dtype)
            values["action"] = carry["action"]
            self._clamp(values, observation, carry["action"], first)
        values["terminated"] = terminated.astype(network.dtype)
        network.draw(values, drawn.get("uniform"))
        network.begin(values, first)
        by_dt = network.integrate(values, drawn["noise"], self._each_step)
        network.decide(values, first)
        if self.environment is not None:
            after["action"] = values["action"]
        after["network"] = {key: values[key] for key in carry["network"]}
        kept = {
            "reward": values["reward"],
            "first": first,
            "terminated": terminated,
            "truncated": truncated,
            "records": {
                each.key: by_dt[each.key] if each.by_step else _chosen(each, self._kept(each.key, values))
                for each in self.record
            },
        }
        return after, kept

    def _each_step(self, values: Values) -> Values:
        """Return what is recorded of a step of ``dt``."""
        seen = {}
        for each in self.record:
            if each.by_step:
                value = _chosen(each, self._kept(each.key, values))
                seen[each.key] = value.astype(bool) if each.spikes else value
        return seen

    def _kept(self, key: str, values: Values) -> Any:
        if key == "observation":
            return values[key]
        variable = self.lowered.variables.get(key)
        if variable is not None and variable.value is not None:
            return jnp.asarray(variable.value, self.network.dtype)
        found = self.shown({key: values[key]} if key in values else values)
        return found[key] if key in found else self.shown({key: self.network.arrays.array(key, values)})[key]

    def _log(self, each: Recording, count: int) -> Any:
        """Return room for what is kept now and then, and one row more for what is not kept."""
        shape = self.written.variables[each.key].space.shape
        if each.neurons is not None and shape:
            shape = (len(each.neurons), *shape[1:])
        return jnp.zeros((-(-count // each.every) + 1, *shape), self.network.dtype)

    def _environment(self, carry: Values, drawn: Values, values: Values) -> tuple[Any, Any, Any, Any]:
        assert self.environment is not None
        first, dtype = carry["ended"], self.network.dtype
        stepped, state, reward, terminated, truncated = self.environment.step(
            drawn["key"], carry["environment"], carry["action"]
        )
        reset_observation, reset_state = streams.restarted(
            self.environment, drawn["reset"], carry["environment"]
        )
        state = jax.tree.map(lambda new, old: jnp.where(first, new, old), reset_state, state)
        observation = jnp.where(first, reset_observation, stepped).astype(dtype)
        values["reward"] = jnp.where(first, 0.0, reward).astype(dtype)
        return observation, state, terminated & ~first, truncated & ~first

    def _clamp(self, values: Values, observation: Any, action: Any, first: Any) -> None:
        """Show the observation, the efference copy and the reward to the input populations."""
        dtype = self.network.dtype
        assert self.environment is not None
        copy = efference_copy(action, self.environment.actions, dtype)
        shown = {
            "observation": observation,
            "action": jnp.where(first, jnp.zeros((), dtype), copy),
            "reward": values["reward"][None],
        }
        for population in self.circuit.populations.values():
            if population.model.clamped:
                parts = [shown[name] for name in population.encodes]
                values[f"{population.name}.{population.model.clamps}"] = (
                    jnp.concatenate(parts) if len(parts) > 1 else parts[0]
                )


def _chosen(each: Recording, value: Any) -> Any:
    """Return the neurons that were asked for; a sum over the population has none to choose from."""
    if each.neurons is None or jnp.ndim(value) == 0:
        return value
    return jnp.take(value, np.asarray(each.neurons), axis=0)


def _logged(log: Any, each: Recording, place: tuple[Any, Any], value: Any) -> Any:
    """Write a row where the decision is one of those to keep, else over the row that nobody reads."""
    t, decision = place
    first = (decision - t + np.uint32(each.every - 1)) // np.uint32(each.every)
    row = jnp.where(
        decision % np.uint32(each.every) == 0, decision // np.uint32(each.every) - first, log.shape[0] - 1
    )
    return jax.lax.dynamic_update_index_in_dim(log, value.astype(log.dtype), row.astype(jnp.int32), 0)


def _own(leaf: Any) -> jax.Array:
    """Copy to JAX: what is donated later must never be an array that somebody else still holds."""
    return jnp.array(np.array(leaf, order="C"))
