"""The parts of a tick that can run by themselves, and the count of kernels in a compiled loop."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.contestants import CARTPOLE, ROOT
from neuro_rtrrl.environments import streams
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.programs import make_environment
from neuro_rtrrl.randomness import key as seed_key

# instructions of an optimised module that are names, not work
IDLE = ("get-tuple-element(", "tuple(", "parameter(", "constant(", "bitcast(", "iota(", "after-all(")


def draws(count: int) -> Callable[[], None]:
    """Return a call that makes a chunk's random numbers, keys and reset states."""
    prepare, start = _preparation(count)
    key = jnp.asarray(seed_key(0))

    def call() -> None:
        jax.block_until_ready(prepare(key, start))

    return call


def environment(count: int) -> Callable[[], None]:
    """Return a call that scans the environment alone, with actions that were drawn before.

    XLA makes one kernel of so small a loop by itself.
    """
    world = make_environment(load_circuit(str(ROOT / CARTPOLE)))
    assert world is not None

    def tick(carry: Any, now: Any) -> tuple[Any, Any]:
        state, first = carry
        observation, state, reward, terminated, truncated = world.step(now["key"], state, now["action"])
        reset_observation, reset_state = now["reset"]
        state = jax.tree.map(lambda new, old: jnp.where(first, new, old), reset_state, state)
        observation = jnp.where(first, reset_observation, observation)
        return (state, ~first & (terminated | truncated)), (observation, jnp.where(first, 0.0, reward))

    prepare, start = _preparation(count)
    drawn = prepare(jnp.asarray(seed_key(0)), start)
    drawn["action"] = (drawn.pop("uniform") < 0.5).astype(jnp.int32)
    carry = (jax.tree.map(lambda leaf: leaf[0], drawn["reset"][1]), jnp.bool_(True))
    compiled = jax.jit(lambda *given: jax.lax.scan(tick, *given)).lower(carry, drawn).compile()

    def call() -> None:
        jax.block_until_ready(compiled(carry, drawn))

    return call


def kernels_per_tick(program: Any, count: int) -> int | None:
    """Count what the runtime starts in every tick of the chunk's loop; None where the program does not show it."""
    compiled = getattr(getattr(program, "_lanes", None), "_compiled", {})
    if count not in compiled:
        return None
    return kernels_in_loop(compiled[count].as_text(), count)


def kernels_in_loop(text: str, count: int) -> int | None:
    """Count the instructions that work in the body of the loop of ``count`` turns of an optimised module."""
    loops = [
        line
        for line in text.splitlines()
        if " while(" in line and f'"known_trip_count":{{"n":"{count}"}}' in line
    ]
    names = [found.group(1) for line in loops if (found := re.search(r"body=(%?[\w.\-]+)", line))]
    largest = 0
    for block in text.split("\n\n"):
        if any(block.lstrip().startswith(f"{name} (") for name in names):
            lines = [line for line in block.splitlines() if " = " in line]
            largest = max(largest, sum(not any(f" {word}" in line for word in IDLE) for line in lines))
    return largest or None


def _preparation(count: int) -> tuple[Callable[..., dict[str, Any]], Any]:
    world = make_environment(load_circuit(str(ROOT / CARTPOLE)))
    assert world is not None

    def prepare(key: Any, start: Any) -> dict[str, Any]:
        return {
            "uniform": streams.action_uniforms(key, start, count),
            "key": streams.step_keys(key, start, count),
            "reset": streams.reset_states(world, key, start, count),
        }

    return jax.jit(prepare), jnp.uint32(0)
