"""Hand-written, fused JAX step of RTRRL with RFLO: what the generated JAX code is timed against.

One network only: a CT-RNN of 32 neurons with learned time constants and biases, a softmax actor, a linear
critic, feedback alignment, accumulating traces and Adam (Lemmel & Grosu 2025, Algorithms 1 and 2; Murray 2019
for RFLO). It shares no code with the package, so that neither can hide a mistake or a slowness of the other.

What makes it quick on a CPU, in order of weight:

1. The scan is one compiled kernel. XLA's CPU runtime starts every fused kernel of a loop body by itself, some
   70 a tick here, and that costs more than the arithmetic. A call that carries the frontend attribute
   ``xla_cpu_small_call`` is emitted as one function instead. The attribute is XLA's own, for small loops; a
   version that does not know it ignores it and is merely slower.
2. The post-synaptic neuron is the fastest axis of every array, so that each loop runs over full vectors and
   the sum over inputs needs no horizontal addition (32 x 37 with inputs last takes half as long again).
3. One array per parameter block: concatenations inside a fused loop become branches and stop it vectorising.
4. Whatever does not depend on the state (noise, reset states) is made in bulk outside the scan.
5. First ticks are scalars that multiply, not selections over arrays.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import gymnax
import jax
import jax.numpy as jnp
from jax.experimental.xla_metadata import set_xla_metadata

CARTPOLE = ("CartPole-v1", (0, 2), ())

Blocks = dict[str, jax.Array]
"""One array per block of learned parameters: cortex (Z, N), bias (N), tau (N), actor (A, N), critic (N)."""


@dataclass(frozen=True)
class Settings:
    """What the paper calls hyperparameters; the defaults are the paper's (Table 1)."""

    environment: tuple[str, tuple[int, ...], tuple[tuple[str, Any], ...]] = CARTPOLE
    neurons: int = 32
    discount: float = 0.99
    trace_decay: float = 0.99
    recurrent_rate: float = 1e-3
    head_rate: float = 1e-3
    actor_feedback: float = 1.0
    entropy_rate: float = 1e-5
    single_kernel: bool = True


class Carry(NamedTuple):
    """State of one agent and its environment between two ticks."""

    weights: Blocks
    momentum: Blocks
    square: Blocks
    eligibility: Blocks
    jacobian: Blocks
    membrane: jax.Array
    feedback: Blocks
    environment: Any
    action: jax.Array
    value: jax.Array
    momentum_power: jax.Array
    square_power: jax.Array
    first: jax.Array
    episode_return: jax.Array


def build(settings: Settings) -> tuple[Callable, Callable]:
    """Return ``init(key) -> Carry`` and ``chunk(carry, key, index, ticks) -> (carry, returns)`` for one seed.

    ``returns`` has shape (ticks,): the episode's return on the tick that ends it, NaN elsewhere.
    """
    name, observed, parameters = settings.environment
    environment, env_params = gymnax.make(name)
    env_params = env_params.replace(**dict(parameters))
    actions, n = environment.num_actions, settings.neurons
    inputs = len(observed) + actions + 1
    decay = settings.discount * settings.trace_decay

    def init(key: jax.Array) -> Carry:
        keys = jax.random.split(key, 8)

        def normal(k: jax.Array, shape: tuple[int, ...], variance: float) -> jax.Array:
            return math.sqrt(variance) * jax.random.normal(k, shape)

        glorot_actor, glorot_critic = 2 / (n + actions), 2 / (n + 1)
        weights = {
            # LeCun per projection: senses to cortex, cortex to cortex
            "cortex": jnp.concatenate(
                [normal(keys[0], (inputs, n), 1 / inputs), normal(keys[1], (n, n), 1 / n)]
            ),
            "bias": jnp.zeros(n),
            "tau": jax.random.uniform(keys[2], (n,), minval=1.0, maxval=5.0),
            "actor": normal(keys[3], (actions, n), glorot_actor),
            "critic": normal(keys[4], (n,), glorot_critic),
        }

        def zeros() -> Blocks:
            return {k: jnp.zeros_like(v) for k, v in weights.items()}

        _, state = environment.reset_env(keys[5], env_params)
        return Carry(
            weights=weights,
            momentum=zeros(),
            square=zeros(),
            eligibility=zeros(),
            jacobian={k: jnp.zeros_like(weights[k]) for k in ("cortex", "bias", "tau")},
            membrane=jnp.zeros(n),
            feedback={
                "actor": normal(keys[6], (actions, n), glorot_actor),
                "critic": normal(keys[7], (n,), glorot_critic),
            },
            environment=jax.tree.map(jnp.asarray, state),
            action=jnp.int32(0),
            value=jnp.float32(0),
            momentum_power=jnp.float32(1),
            square_power=jnp.float32(1),
            first=jnp.asarray(True),
            episode_return=jnp.float32(0),
        )

    def tick(c: Carry, prepared: tuple) -> tuple[Carry, jax.Array]:
        noise, (reset_observation, reset_state) = prepared
        first = c.first
        alive = jnp.where(first, 0.0, 1.0)

        # 1. the environment answers, or is reset on a first tick
        observation, state, reward, terminated, _ = environment.step_env(
            None, c.environment, c.action, env_params
        )
        ended = ~first & (terminated | environment.is_truncated(state, env_params))
        state = jax.tree.map(
            lambda new, old: jnp.where(first, new, old).astype(old.dtype), reset_state, state
        )
        observation = jnp.where(first, reset_observation, observation)
        reward = jnp.asarray(reward, jnp.float32) * alive

        # 2.-3. cortex and its local Jacobian traces (Murray 2019, with dt = 1)
        w, tau = c.weights, c.weights["tau"]
        h = c.membrane * alive
        x = jnp.concatenate(
            [
                jnp.stack([observation[i] for i in observed]),
                (jnp.arange(actions) == c.action) * alive,
                reward[None],
                h,
            ]
        )
        phi = jnp.tanh(jnp.sum(w["cortex"] * x[:, None], axis=0) + w["bias"])
        rate = 1 / tau
        leak = (1 - rate) * alive
        gain = rate * (1 - phi * phi)
        jacobian = {
            "cortex": leak * c.jacobian["cortex"] + gain * x[:, None],
            "bias": leak * c.jacobian["bias"] + gain,
            "tau": leak * c.jacobian["tau"] + rate * rate * (h - phi),
        }
        h = h + rate * (phi - h)

        # 4. policy, value, action
        logits = jnp.sum(w["actor"] * h, axis=-1)
        value = jnp.sum(w["critic"] * h)
        log_policy = logits - jax.nn.logsumexp(logits)
        policy = jnp.exp(log_policy)
        action = jnp.sum(noise >= jnp.cumsum(policy)[:-1]).astype(jnp.int32)

        # 5. dopamine
        td_error = alive * (reward + settings.discount * jnp.where(terminated, 0.0, value) - c.value)

        # 6.-7. gradients of log policy, value and entropy; random feedback carries them to the cortex
        score = (jnp.arange(actions) == action) - policy
        entropy = -jnp.sum(policy * log_policy)
        entropy_score = -settings.entropy_rate * policy * (log_policy + entropy)
        back = c.feedback["critic"] + settings.actor_feedback * jnp.sum(
            c.feedback["actor"] * score[:, None], axis=0
        )
        back_entropy = settings.actor_feedback * jnp.sum(c.feedback["actor"] * entropy_score[:, None], axis=0)
        gradient = {
            "cortex": jacobian["cortex"] * back,
            "bias": jacobian["bias"] * back,
            "tau": jacobian["tau"] * back,
            "actor": score[:, None] * h,
            "critic": h,
        }
        untraced = {
            "cortex": jacobian["cortex"] * back_entropy,
            "bias": jacobian["bias"] * back_entropy,
            "tau": jacobian["tau"] * back_entropy,
            "actor": entropy_score[:, None] * h,
            "critic": 0.0,
        }

        # Adam with one step counter; on a first tick its powers stand still and every factor is neutral
        momentum_power = jnp.where(first, c.momentum_power, c.momentum_power * 0.9)
        square_power = jnp.where(first, c.square_power, c.square_power * 0.999)
        step = jnp.where(first, 0.0, 1 / (1 - momentum_power))
        correction = jnp.where(first, 1.0, 1 / (1 - square_power))
        keep_momentum, add_momentum = jnp.where(first, 1.0, 0.9), 0.1 * alive
        keep_square, add_square = jnp.where(first, 1.0, 0.999), 0.001 * alive
        keep_trace = decay * alive
        weights, momentum, square, eligibility = {}, {}, {}, {}
        for block, grad in gradient.items():
            alpha = settings.head_rate if block in ("actor", "critic") else settings.recurrent_rate
            change = td_error * c.eligibility[block] + untraced[block]
            momentum[block] = keep_momentum * c.momentum[block] + add_momentum * change
            square[block] = keep_square * c.square[block] + add_square * change * change
            weights[block] = w[block] + (alpha * step) * momentum[block] / (
                jnp.sqrt(square[block] * correction) + 1e-8
            )
            eligibility[block] = keep_trace * c.eligibility[block] + grad
        weights["tau"] = jnp.maximum(weights["tau"], 1.0)

        episode_return = (c.episode_return + reward) * alive
        carry = Carry(
            weights, momentum, square, eligibility, jacobian, h, c.feedback, state, action, value,
            momentum_power, square_power, ended, episode_return,
        )  # fmt: skip
        return carry, jnp.where(ended, episode_return, jnp.nan)

    def loop(carry: Carry, prepared: tuple) -> tuple[Carry, jax.Array]:
        return jax.lax.scan(tick, carry, prepared)

    def chunk(carry: Carry, key: jax.Array, index: jax.Array, ticks: int) -> tuple[Carry, jax.Array]:
        noise_key, reset_key = jax.random.split(jax.random.fold_in(key, index))
        noise = jax.random.uniform(noise_key, (ticks,))
        resets = jax.vmap(lambda k: environment.reset_env(k, env_params))(jax.random.split(reset_key, ticks))
        carry, returns = jax.jit(loop)(carry, (noise, resets))
        if settings.single_kernel:
            # tags the call that makes this value, and only that call (a context manager would tag all within)
            returns = set_xla_metadata(returns, xla_cpu_small_call="true", inlineable="false")
        return carry, returns

    return init, chunk


@cache
def compiled(settings: Settings, ticks: int, batch: int | None = None) -> tuple[Callable, Callable]:
    """Return compiled ``init(key)`` and ``chunk(carry, key, index)``, over ``batch`` seeds if given."""
    init, chunk = build(settings)
    key = jax.random.key(0)

    def run(carry: Carry, key: jax.Array, index: jax.Array) -> tuple[Carry, jax.Array]:
        return chunk(carry, key, index, ticks)

    if batch is not None:
        init, run = jax.vmap(init), jax.vmap(run, in_axes=(0, 0, None))
        key = jax.random.split(key, batch)
    init = jax.jit(init)
    lowered = jax.jit(run, donate_argnums=0).lower(jax.eval_shape(init, key), key, jnp.int32(0))
    # under vmap XLA turns sums of products into library calls, which one kernel cannot hold
    options = {"xla_cpu_experimental_ynn_fusion_type": ""} if settings.single_kernel and batch else None
    return init, lowered.compile(compiler_options=options)


def measure(
    settings: Settings = Settings(), seconds: float = 1.0, ticks: int = 10_000, batch: int | None = None
) -> float:
    """Return ticks per second (of all seeds together) in the steady state, compilation excluded."""
    init, run = compiled(settings, ticks, batch)
    key = jax.random.key(0)
    if batch is not None:
        key = jax.random.split(key, batch)
    carry, _ = jax.block_until_ready(run(init(key), key, jnp.int32(0)))
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        done += 1
        carry, _ = jax.block_until_ready(run(carry, key, jnp.int32(done)))
    return done * ticks * (batch or 1) / (time.perf_counter() - start)


def kernels_per_tick(settings: Settings = Settings()) -> int:
    """Count the instructions in the optimised loop body that the CPU runtime starts one by one."""
    _, run = compiled(settings, 1_000)
    body = max(run.as_text().split("\n\n"), key=lambda text: text.count("get-tuple-element"))
    idle = ("get-tuple-element(", "tuple(", "parameter(", "constant(", "bitcast(", "iota(")
    lines = [line for line in body.splitlines() if " = " in line]
    return sum(not any(f" {word}" in line for word in idle) for line in lines)


if __name__ == "__main__":
    for single_kernel in (False, True):
        chosen = Settings(single_kernel=single_kernel)
        rate, kernels = measure(chosen), kernels_per_tick(chosen)
        print(f"single_kernel={single_kernel}: {rate:,.0f} ticks/s, {kernels} kernels in the loop body")
