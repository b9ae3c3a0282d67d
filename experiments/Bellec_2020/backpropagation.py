"""The same spiking network learning the same task by backpropagation through time: what e-prop approximates.

An actor-critic over whole episodes. At its end the advantages of an episode's decisions (discounted by trace_decay as
e-prop's traces are) weigh the exact surrogate gradient, which Adam makes a step. This needs the whole history of the
network, and weights carried back: it is no model of a brain.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import optax
from network import Numbers, begin, decide

DISCOUNT, TRACE_DECAY = 0.99, 0.9
#: chosen on seeds 0 to 4
LEARNING_RATE, ENTROPY, BATCH = 5e-3, 1e-2, 8


def memory_chain(length: int, context, t, last_action, rewarded):
    """Return what the senses show at decision ``t``: time left, query, cue; efference copy; reward."""
    first = t == 0
    observation = jnp.array([1 - t / length, 0.0, jnp.where(first, context, 0.0)])
    copy = jnp.where(first, jnp.zeros(2), jax.nn.one_hot(last_action, 2))
    return jnp.concatenate([observation, copy, jnp.array([rewarded])])


def learn(
    start: Sequence[dict],
    numbers: Numbers,
    length: int,
    episodes: int,
    seeds: Sequence[int],
    learning_rate: float = LEARNING_RATE,
) -> np.ndarray:
    """Return the return of every episode, (seeds, episodes), of which BATCH at a time make one step.

    Parameters
    ----------
    start : sequence of dict
        Initial weights of each seed.
    length : int
        Of the memory chain: an episode has length + 1 decisions that matter, the last of which is rewarded.
    """
    optimiser = optax.adam(learning_rate)

    def play(theta, key):
        context_key, key = jax.random.split(key)
        context = 2.0 * jax.random.bernoulli(context_key) - 1

        def decision(carry, shown):
            state, last = carry
            t, uniform = shown
            seen = memory_chain(length, context, t, last, 0.0)
            added = jnp.zeros((numbers.steps, theta["bias"].size))
            state, logits, value, _ = decide(numbers, theta, state, seen, added)
            policy = jax.nn.log_softmax(logits)
            action = (uniform > jnp.exp(policy[0])).astype(int)
            return (state, action), (policy[action], policy.mean(), value, action)

        times = jnp.arange(length + 1), jax.random.uniform(key, (length + 1,))
        start = (begin(theta["bias"].size), 0)
        _, (chosen, mean, value, action) = jax.lax.scan(decision, start, times)
        reward = jnp.where(action[-1] == (context > 0), 1.0, -1.0)
        known = jax.lax.stop_gradient(value)
        delta = jnp.append(DISCOUNT * known[1:], reward) - known
        _, advantage = jax.lax.scan(
            lambda later, now: ((now + DISCOUNT * TRACE_DECAY * later),) * 2, 0.0, delta, reverse=True
        )
        return -(advantage * (value + chosen) + ENTROPY * mean).sum(), reward

    def together(theta, key):
        losses, rewards = jax.vmap(play, in_axes=(None, 0))(theta, jax.random.split(key, BATCH))
        return losses.mean(), rewards

    def one(carry, key):
        theta, memory = carry
        gradient, reward = jax.grad(together, has_aux=True)(theta, key)
        step, memory = optimiser.update(gradient, memory)
        return (optax.apply_updates(theta, step), memory), reward

    def whole(theta, key):
        return jax.lax.scan(one, (theta, optimiser.init(theta)), jax.random.split(key, episodes // BATCH))[
            1
        ].ravel()

    stacked = {name: jnp.stack([jnp.asarray(each[name], jnp.float32) for each in start]) for name in start[0]}
    keys = jnp.stack([jax.random.key(seed) for seed in seeds])
    return np.asarray(jax.jit(jax.vmap(whole))(stacked, keys))
