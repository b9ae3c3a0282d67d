"""Distributions over actions: one choice, several at once, or continuous actions.

Actions lead with any shape; their last axis holds the choices or dimensions. Noise is drawn in bulk and handed in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate, pairwise
from operator import add

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.environments.spaces import Actions, Continuous, Discrete

__all__ = ["Choices", "Gaussian", "Policy", "policy_of"]


@dataclass(frozen=True)
class Choices:
    """One choice or several independent ones; the parameters are their logits, one after another."""

    space: Discrete

    @property
    def outputs(self) -> int:
        """Number of parameters that follow from the network's state."""
        return self.space.width

    @property
    def free(self) -> int:
        """Number of parameters that depend on no state; they stand behind the others."""
        return 0

    def noise(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        """Return what :meth:`sample` needs for ``shape`` samples."""
        return jax.random.gumbel(key, (*shape, self.space.width))

    def sample(self, parameters: jax.Array, noise: jax.Array) -> jax.Array:
        """Return integers (..., choices): the largest of logit plus Gumbel noise has the softmax's probability."""
        picked = [jnp.argmax(part, axis=-1) for part in self._parts(parameters + noise)]
        return jnp.stack(picked, axis=-1).astype(jnp.int32)

    def log_probability(self, parameters: jax.Array, actions: jax.Array) -> jax.Array:
        """Return the logarithm of the probability of all choices together: the sum of theirs."""
        parts = [
            jnp.take_along_axis(jax.nn.log_softmax(part), actions[..., index, None], axis=-1)[..., 0]
            for index, part in enumerate(self._parts(parameters))
        ]
        return reduce(add, parts)

    def entropy(self, parameters: jax.Array) -> jax.Array:
        """Return the entropy, summed over the choices."""
        logarithms = [jax.nn.log_softmax(part) for part in self._parts(parameters)]
        return -reduce(add, [jnp.sum(jnp.exp(part) * part, axis=-1) for part in logarithms])

    def copy(self, actions: jax.Array) -> jax.Array:
        """Return what the network is told of its actions: 1 for each alternative taken, (..., width)."""
        parts = [jax.nn.one_hot(actions[..., index], size) for index, size in enumerate(self.space.sizes)]
        return jnp.concatenate(parts, axis=-1)

    def for_environment(self, actions: jax.Array) -> jax.Array:
        """Return the actions as an environment takes them."""
        return actions[..., 0] if len(self.space.sizes) == 1 else actions

    def _parts(self, parameters: jax.Array) -> list[jax.Array]:
        bounds = pairwise(accumulate(self.space.sizes, initial=0))
        return [parameters[..., start:stop] for start, stop in bounds]


@dataclass(frozen=True)
class Gaussian:
    """Independent normal actions; the parameters are the means and then the logarithms of the deviations.

    The density is that of the sample; the environment clips what lies outside [-1, 1].
    """

    space: Continuous

    @property
    def outputs(self) -> int:
        """Number of means."""
        return self.space.width

    @property
    def free(self) -> int:
        """Number of deviations."""
        return self.space.width

    def noise(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        """Return what :meth:`sample` needs for ``shape`` samples."""
        return jax.random.normal(key, (*shape, self.space.width))

    def sample(self, parameters: jax.Array, noise: jax.Array) -> jax.Array:
        """Return floats (..., dimensions).

        The sample is a fact and no function of the mean: with a gradient through it the density's two terms in the
        mean would cancel, and the policy would never move.
        """
        mean, log_deviation = jnp.split(parameters, 2, axis=-1)
        return jax.lax.stop_gradient(mean + jnp.exp(log_deviation) * noise)

    def log_probability(self, parameters: jax.Array, actions: jax.Array) -> jax.Array:
        """Return the logarithm of the density, summed over the dimensions."""
        mean, log_deviation = jnp.split(parameters, 2, axis=-1)
        standard = (actions - mean) * jnp.exp(-log_deviation)
        return jnp.sum(-0.5 * standard**2 - log_deviation - 0.5 * math.log(2.0 * math.pi), axis=-1)

    def entropy(self, parameters: jax.Array) -> jax.Array:
        """Return the entropy, summed over the dimensions."""
        log_deviation = jnp.split(parameters, 2, axis=-1)[1]
        return jnp.sum(log_deviation + 0.5 * math.log(2.0 * math.pi * math.e), axis=-1)

    def copy(self, actions: jax.Array) -> jax.Array:
        """Return the actions as they are carried out: within [-1, 1] where the task has bounds."""
        return jnp.where(np.asarray(self.space.bounded), jnp.clip(actions, -1.0, 1.0), actions)

    def for_environment(self, actions: jax.Array) -> jax.Array:
        """Return the actions as an environment takes them."""
        return actions


Policy = Choices | Gaussian


def policy_of(actions: Actions) -> Policy:
    """Return the distribution for a space of actions."""
    return Gaussian(actions) if isinstance(actions, Continuous) else Choices(actions)
