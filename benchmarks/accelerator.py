"""Thousands of seeds on a GPU: what is needed beside the contestant itself."""

from __future__ import annotations

import time

from benchmarks.contestants import Contestant, LeftOut


def require_gpu() -> None:
    """Raise LeftOut where JAX sees no GPU."""
    import jax

    if jax.default_backend() != "gpu":
        raise LeftOut("left out: no GPU is here")


def with_bandwidth(contestant: Contestant) -> Contestant:
    """Return the contestant with what its memory can do, as a fact of its own.

    ``bytes_per_tick`` is the state that one seed's tick must read and write; times the rate, over ``copy_bandwidth``,
    it is the fraction of the memory's bandwidth that is put to use.
    """
    facts = {**contestant.facts, "copy_bandwidth": copy_bandwidth()}
    facts["bytes_per_tick"] = facts.pop("state_bytes")
    return Contestant(contestant.run, facts)


def copy_bandwidth(megabytes: int = 512, repeats: int = 20) -> float:
    """Return bytes/s, read and written, of the best of some copies of a large array."""
    import jax
    import jax.numpy as jnp

    array = jnp.zeros(megabytes * 250_000, jnp.float32)
    scale = jax.jit(lambda values: values * 1.0001)
    jax.block_until_ready(scale(array))
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        jax.block_until_ready(scale(array))
        best = min(best, time.perf_counter() - began)
    return 2 * array.nbytes / best
