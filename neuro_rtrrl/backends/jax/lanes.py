"""Seeds side by side: a thread each on the CPU's cores, a mapped axis on an accelerator.

On a CPU one compiled single-seed program, run for each seed in a thread of its own (JAX releases the interpreter's lock
while it computes), is faster than one program mapped over seeds: batched products become library calls, which cannot
be part of a single kernel, and one program uses one core. It also makes each seed's result independent of the others,
to the last bit: mapped, a sine may round as in a vector register, alone as in a scalar one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.backends.jax.loop import ClosedLoop
from neuro_rtrrl.backends.jax.native_loop import NativeLoop
from neuro_rtrrl.builds import cores

__all__ = ["Mapped", "Threaded"]

Values = dict[str, Any]
Starts = Sequence[tuple[Values, Values]]
Precision = Callable[[], AbstractContextManager]


class Threaded:
    """One compiled program, a carry for each seed, a thread for each core."""

    def __init__(
        self, loop: ClosedLoop | NativeLoop, keys: Sequence[Any], starts: Starts, precision: Precision
    ) -> None:
        self.loop = loop
        self._keys = [jnp.asarray(key) for key in keys]
        self._carries = [carry for carry, _ in starts]
        self._fixed = [fixed for _, fixed in starts]
        self._precision = precision  # JAX's setting belongs to a thread
        self._step = jax.jit(loop.chunk, static_argnames=("count",), donate_argnums=(0,))
        self._compiled: dict[int, Any] = {}

    def compile(self, count: int) -> None:
        """Compile for chunks of this length; raises JAX's error if the compiler refuses."""
        if count not in self._compiled:
            lowered = self._step.lower(
                self._carries[0], self._fixed[0], self._keys[0], np.uint32(0), count=count
            )
            self._compiled[count] = lowered.compile()

    def advance(self, start: int, count: int) -> Any:
        """Run every seed by ``count`` decisions; return what was kept, seeds leading."""
        self.compile(count)

        def one(index: int) -> Any:
            with self._precision():
                carry, kept = self._compiled[count](
                    self._carries[index], self._fixed[index], self._keys[index], np.uint32(start)
                )
                self._carries[index] = carry
                return jax.tree.map(np.asarray, kept)

        seeds = range(len(self._keys))
        if len(seeds) == 1:
            return jax.tree.map(lambda leaf: leaf[None], one(0))
        with ThreadPoolExecutor(min(len(seeds), cores())) as pool:
            return _stacked(pool.map(one, seeds), len(seeds))

    def begin(self, starts: Starts) -> None:
        """Start anew."""
        self._carries = [carry for carry, _ in starts]
        self._fixed = [fixed for _, fixed in starts]

    def snapshot(self) -> list[Values]:
        """Return copies of what the seeds carry."""
        return [_copied(carry) for carry in self._carries]

    def restore(self, snapshot: list[Values]) -> None:
        """Carry on from a snapshot, which can be restored again."""
        self._carries = [_placed(carry) for carry in snapshot]

    def values(self) -> Values:
        """Return the network's values by the circuit's own names, seeds leading."""
        each = [
            {**fixed, **carry.get("network", carry)}
            for carry, fixed in zip(self._carries, self._fixed, strict=True)
        ]
        return self.loop.shown({key: np.stack([np.asarray(v[key]) for v in each]) for key in each[0]})


def _stacked(results: Iterable[Any], count: int) -> Any:
    """Return trees of arrays as one tree with a leading axis, each let go of as soon as it is taken in."""
    whole: list[np.ndarray] = []
    structure = None
    for index, result in enumerate(results):
        leaves, structure = jax.tree.flatten(result)
        if not whole:
            whole = [np.empty((count, *leaf.shape), leaf.dtype) for leaf in leaves]
        for place, leaf in zip(whole, leaves, strict=True):
            place[index] = leaf
    assert structure is not None
    return jax.tree.unflatten(structure, whole)


class Mapped:
    """One program over all seeds; on several devices, each takes its share of them."""

    def __init__(self, loop: ClosedLoop | NativeLoop, keys: Sequence[Any], starts: Starts) -> None:
        self.loop = loop
        self._keys = _spread(jnp.stack([jnp.asarray(key) for key in keys]), len(keys))
        self.begin(starts)

        def step(carry: Values, fixed: Values, keys: Any, start: Any, count: int) -> Any:
            return jax.vmap(partial(loop.chunk, start=start, count=count))(carry, fixed, keys)

        self._step = jax.jit(step, static_argnames=("count",), donate_argnums=(0,))

    def compile(self, count: int) -> None:
        """Do nothing: the first call compiles."""

    def advance(self, start: int, count: int) -> Any:
        """Run every seed by ``count`` decisions; return what was kept, seeds leading."""
        self._carry, kept = self._step(self._carry, self._fixed, self._keys, np.uint32(start), count=count)
        return jax.tree.map(np.asarray, kept)

    def begin(self, starts: Starts) -> None:
        """Start anew."""
        carry = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[carry for carry, _ in starts])
        fixed = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[fixed for _, fixed in starts])
        self._carry, self._fixed = _spread((carry, fixed), len(starts))

    def snapshot(self) -> Values:
        """Return a copy of what the seeds carry."""
        return _copied(self._carry)

    def restore(self, snapshot: Values) -> None:
        """Carry on from a snapshot, which can be restored again."""
        self._carry, _ = _spread((_placed(snapshot), ()), len(self._keys))

    def values(self) -> Values:
        """Return the network's values by the circuit's own names, seeds leading."""
        values = {**self._fixed, **self._carry.get("network", self._carry)}
        return self.loop.shown({key: np.asarray(value) for key, value in values.items()})


def _copied(carry: Values) -> Values:
    """Return the same values in memory of the host: what is carried is given away at every call."""
    return jax.tree.map(lambda leaf: np.array(leaf) if _plain(leaf) else jnp.copy(leaf), carry)


def _placed(snapshot: Values) -> Values:
    """Return the values of a snapshot where they are computed with; the snapshot stays as it is."""
    return jax.tree.map(lambda leaf: jnp.array(leaf) if _plain(leaf) else jnp.copy(leaf), snapshot)


def _plain(leaf: Any) -> bool:
    """Whether these are numbers: an environment may carry a key, which only JAX can copy."""
    return not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _spread(tree: Any, seeds: int) -> Any:
    """Spread the seeds over all devices, where their number is a multiple of the devices'."""
    devices = jax.devices()
    if len(devices) == 1 or seeds % len(devices):
        return tree
    mesh = jax.sharding.Mesh(np.array(devices), ("seeds",))
    return jax.device_put(tree, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("seeds")))
