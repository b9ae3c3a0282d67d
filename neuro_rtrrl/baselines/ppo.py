"""Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347) with backpropagation through time.

The recipe is purejaxrl's for recurrent networks; one update, acting and learning, is one compiled function.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from neuro_rtrrl.baselines.advantages import advantages
from neuro_rtrrl.baselines.cells import States
from neuro_rtrrl.baselines.network import ActorCritic, within_bounds
from neuro_rtrrl.baselines.policy import policy_of
from neuro_rtrrl.baselines.rollout import Acting, Body, Seen
from neuro_rtrrl.baselines.settings import Settings
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.spaces import actions_of
from neuro_rtrrl.randomness import key as seed_key

__all__ = ["Batch", "Learner", "Learning", "Told"]


class Learning(NamedTuple):
    """Everything that changes from update to update."""

    parameters: Any
    optimiser: Any
    body: Body
    key: jax.Array


class Batch(NamedTuple):
    """What one gradient step learns from; T ticks of some lanes, and the cell's state before them."""

    state: States
    seen: Seen
    advantage: jax.Array
    target: jax.Array


class Told(NamedTuple):
    """What an update reports: rewards and ends of episodes (T, B), and whether all parameters are finite."""

    reward: jax.Array
    terminated: jax.Array
    truncated: jax.Array
    finite: jax.Array


class Learner:
    """PPO on one environment.

    Parameters
    ----------
    environment : Environment
    cell : {"ctrnn", "lstm"}
    settings : Settings
    decisions : int
        Of the whole run, over all lanes; what is annealed reaches zero with them.

    Attributes
    ----------
    ticks : int
        Of a lane in the whole run.
    """

    def __init__(self, environment: Environment, cell: str, settings: Settings, decisions: int) -> None:
        self.settings, self.policy = settings, policy_of(actions_of(environment.actions))
        self.network = ActorCritic(
            cell, settings.units, self.policy.outputs, self.policy.free, settings.width
        )
        self.acting = Acting(environment, self.network, self.policy, settings)
        self.ticks = -(-decisions // settings.lanes)
        self.optimiser = self._optimiser(-(-self.ticks // settings.steps))
        self._start_compiled = jax.jit(self._start)
        self.update = jax.jit(self._update, donate_argnums=0)

    def start(self, seed: int) -> Learning:
        """Return the state before the first update; everything random follows from the seed."""
        key = jax.random.wrap_key_data(jnp.asarray(seed_key(seed)))
        return self._start_compiled(key)

    def _start(self, key: jax.Array) -> Learning:
        for_weights, for_resets, key = jax.random.split(key, 3)
        body = self.acting.start(for_resets)
        parameters = self.network.init(for_weights, body.state, body.inputs[None], body.first[None])
        return Learning(parameters, self.optimiser.init(parameters), body, key)

    def _update(self, learning: Learning) -> tuple[Learning, Told]:
        for_acting, for_epochs, key = jax.random.split(learning.key, 3)
        before = learning.body.state
        body, seen, beyond = self.acting.run(learning.parameters, learning.body, for_acting)
        batch = self.batch(before, seen, beyond)

        def epoch(carry, key):
            lanes = jax.random.permutation(key, self.settings.lanes).reshape(self.settings.minibatches, -1)
            return jax.lax.scan(
                lambda carry, lanes: (self._step(carry, _of_lanes(batch, lanes)), None), carry, lanes
            )

        carry = learning.parameters, learning.optimiser
        carry, _ = jax.lax.scan(epoch, carry, jax.random.split(for_epochs, self.settings.epochs))
        finite = jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(carry[0])]))
        told = Told(seen.reward, seen.terminated, seen.truncated, finite)
        return Learning(*carry, body, key), told

    def batch(self, state: States, seen: Seen, beyond: jax.Array) -> Batch:
        """Return what to learn from a stretch; ``beyond (B,)`` is the value after its last tick."""
        value = jnp.concatenate([seen.value, beyond[None]])
        advantage = advantages(
            seen.learned_reward,
            seen.terminated,
            seen.truncated,
            value,
            self.settings.discount,
            self.settings.trace_decay,
        )
        return Batch(state, seen, advantage, advantage + seen.value)

    def loss(self, parameters: Any, batch: Batch) -> jax.Array:
        """Return the clipped surrogate loss with value error and entropy (eqs. 7 and 9).

        The value is clipped as the policy is, and advantages are normalised over the minibatch, as in purejaxrl.
        Ticks on which nothing is done, the last of each episode, have no part in any mean.
        """
        seen, clip = batch.seen, self.settings.clip
        weights = seen.acts / jnp.maximum(jnp.sum(seen.acts), 1)

        def mean(x):
            return jnp.sum(x * weights)

        _, policy, value = self.network.run(parameters, batch.state, seen.inputs, seen.first)
        ratio = self.ratio(policy, seen)
        centred = batch.advantage - mean(batch.advantage)
        advantage = centred / (jnp.sqrt(mean(centred**2)) + 1e-8)
        surrogate = jnp.minimum(ratio * advantage, jnp.clip(ratio, 1.0 - clip, 1.0 + clip) * advantage)
        near = seen.value + jnp.clip(value - seen.value, -clip, clip)
        error = jnp.maximum((value - batch.target) ** 2, (near - batch.target) ** 2)
        entropy = self.policy.entropy(policy)
        return (
            -mean(surrogate) + self.settings.value * 0.5 * mean(error) - self.settings.entropy * mean(entropy)
        )

    def ratio(self, policy: jax.Array, seen: Seen) -> jax.Array:
        """Return how much likelier each action is under ``policy`` than when it was taken, (T, B)."""
        return jnp.exp(self.policy.log_probability(policy, seen.action) - seen.log_probability)

    def _step(self, carry: tuple[Any, Any], batch: Batch) -> tuple[Any, Any]:
        parameters, state = carry
        changes, state = self.optimiser.update(jax.grad(self.loss)(parameters, batch), state, parameters)
        return within_bounds(optax.apply_updates(parameters, changes)), state

    def _optimiser(self, updates: int) -> optax.GradientTransformation:
        highest, steps = self.settings.learning_rate, self.settings.epochs * self.settings.minibatches

        def annealed(step):  # constant within an update
            return highest * (1.0 - (step // steps) / max(updates, 1))

        rate = annealed if self.settings.anneal else highest
        return optax.chain(optax.clip_by_global_norm(self.settings.gradient_norm), optax.adam(rate, eps=1e-5))


def _of_lanes(batch: Batch, lanes: jax.Array) -> Batch:
    """Return the part of a batch that some lanes hold; they are the second axis, but the states' first."""
    state = jax.tree.map(lambda x: x[lanes], batch.state)
    rest = jax.tree.map(lambda x: x[:, lanes], batch._replace(state=()))
    return rest._replace(state=state)
