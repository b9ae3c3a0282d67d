"""Act in many lanes at once and keep what was seen, tick by tick as RTRRL counts them.

A tick is one pass through the network. The last observation of an episode gets its pass, so that its value is known;
the environment is reset on the tick after it, on which the cell starts anew and action and reward read zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from neuro_rtrrl.baselines.cells import States
from neuro_rtrrl.baselines.network import ActorCritic
from neuro_rtrrl.baselines.policy import Policy
from neuro_rtrrl.baselines.settings import Settings
from neuro_rtrrl.baselines.statistics import Running, include, no_statistics, normalised, scaled
from neuro_rtrrl.environments.base import Environment

__all__ = ["Acting", "Body", "Seen"]


class Body(NamedTuple):
    """Where B lanes stand: tick t is sensed, and not yet thought about."""

    environment: Any
    inputs: jax.Array  # (B, i)
    first: jax.Array  # (B,), an episode starts at this tick
    ended: jax.Array  # (B,), and ends at this tick
    state: States
    of_observations: Running
    of_returns: Running
    discounted: jax.Array  # (B,), the discounted sum of rewards whose deviation scales them


class Seen(NamedTuple):
    """One tick of B lanes; stacked over ticks, T leads."""

    inputs: jax.Array
    first: jax.Array
    acts: jax.Array  # whether the action was carried out: not at the end of an episode
    action: jax.Array
    log_probability: jax.Array
    value: jax.Array
    learned_reward: jax.Array  # what the next tick brought, scaled where that is asked for
    reward: jax.Array
    terminated: jax.Array
    truncated: jax.Array


@dataclass(frozen=True)
class Acting:
    """The pure functions that move lanes on."""

    environment: Environment
    network: ActorCritic
    policy: Policy
    settings: Settings

    def start(self, key: jax.Array) -> Body:
        """Reset every lane with a key of its own."""
        lanes = self.settings.lanes
        observation, state = jax.vmap(self.environment.reset)(jax.random.split(key, lanes))
        everywhere = jnp.ones(lanes, bool)
        of_observations = no_statistics((self.environment.observation_size,))
        if self.settings.normalise_observations:
            of_observations = include(of_observations, observation, jnp.ones(lanes))
        return Body(
            environment=state,
            inputs=self._inputs(
                of_observations,
                observation,
                jnp.zeros((lanes, self.environment.actions.width)),
                jnp.zeros(lanes),
            ),
            first=everywhere,
            ended=~everywhere,
            state=self.network.initial_state(lanes),
            of_observations=of_observations,
            of_returns=no_statistics(()),
            discounted=jnp.zeros(lanes),
        )

    def run(self, parameters: Any, body: Body, key: jax.Array) -> tuple[Body, Seen, jax.Array]:
        """Act for ``settings.steps`` ticks.

        Returns
        -------
        body : Body
        seen : Seen
            Its arrays are (T, B, ...).
        beyond : array (B,)
            The value of the tick that ``body`` has sensed.
        """
        shape = (self.settings.steps, self.settings.lanes)
        for_steps, for_resets, for_actions = jax.random.split(key, 3)
        # keys, noise and resets depend on no state: drawn in bulk, one of each for every tick of every lane
        resets = jax.random.split(for_resets, shape)
        if self.environment.resume is None:
            resets = jax.vmap(jax.vmap(self.environment.reset))(resets)
        drawn = jax.random.split(for_steps, shape), self.policy.noise(for_actions, shape), resets
        body, seen = jax.lax.scan(lambda body, drawn: self._tick(parameters, body, drawn), body, drawn)
        _, _, beyond = self._think(parameters, body)
        return body, seen, beyond

    def _tick(self, parameters: Any, body: Body, drawn: Any) -> tuple[Body, Seen]:
        keys, noise, fresh = drawn
        if self.environment.resume is not None:
            fresh = jax.vmap(self.environment.resume)(fresh, body.environment)
        fresh_observation, fresh_environment = fresh
        state, policy, value = self._think(parameters, body)
        action = self.policy.sample(policy, noise)
        observation, environment, reward, terminated, truncated = jax.vmap(self.environment.step)(
            keys, body.environment, self.policy.for_environment(action)
        )
        anew = body.ended
        observation = _choose(anew, fresh_observation, observation)
        environment = jax.tree.map(
            lambda fresh, old: _choose(anew, fresh, old), fresh_environment, environment
        )
        reward = jnp.where(anew, 0.0, reward)
        terminated, truncated = terminated & ~anew, truncated & ~anew
        ended = terminated | truncated

        of_observations, of_returns = body.of_observations, body.of_returns
        if self.settings.normalise_observations:
            of_observations = include(of_observations, observation, jnp.ones_like(reward))
        discounted = jnp.where(anew, 0.0, self.settings.discount * body.discounted) + reward
        if self.settings.normalise_rewards:
            of_returns = include(of_returns, discounted, 1.0 - anew)
        learned_reward = scaled(of_returns, reward) if self.settings.normalise_rewards else reward
        copy = _choose(anew, jnp.zeros(()), self.policy.copy(action))
        seen = Seen(
            inputs=body.inputs,
            first=body.first,
            acts=~body.ended,
            action=action,
            log_probability=self.policy.log_probability(policy, action),
            value=value,
            learned_reward=learned_reward,
            reward=reward,
            terminated=terminated,
            truncated=truncated,
        )
        inputs = self._inputs(of_observations, observation, copy, learned_reward)
        return Body(environment, inputs, anew, ended, state, of_observations, of_returns, discounted), seen

    def _think(self, parameters: Any, body: Body) -> tuple[States, jax.Array, jax.Array]:
        state, policy, value = self.network.run(parameters, body.state, body.inputs[None], body.first[None])
        return state, policy[0], value[0]

    def _inputs(
        self, of_observations: Running, observation: jax.Array, copy: jax.Array, reward: jax.Array
    ) -> jax.Array:
        if self.settings.normalise_observations:
            observation = normalised(of_observations, observation)
        if not self.settings.meta_inputs:
            return observation
        return jnp.concatenate([observation, copy, reward[:, None]], axis=-1)


def _choose(which: jax.Array, yes: jax.Array, no: jax.Array) -> jax.Array:
    """Return ``yes`` for the lanes ``which``, whatever the arrays hold for each."""
    return jnp.where(which.reshape(-1, *(1,) * (no.ndim - 1)), yes, no)
