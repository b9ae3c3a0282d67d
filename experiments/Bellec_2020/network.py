"""The paper's network written anew in JAX, without the package, to be differentiated through time by autodiff.

Bellec et al. 2020, Methods: adapting integrate-and-fire neurons with a refractory period,
spikes with a pseudo-derivative in the place of their derivative, readouts of filtered spikes.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Numbers(NamedTuple):
    """What the circuit file says of its neurons; times in seconds."""

    dt: float
    steps: int
    tau: float
    tau_adaptation: float
    tau_readout: float
    threshold: float
    beta: float
    dampening: float
    refractory: float

    @classmethod
    def of(cls, circuit) -> Numbers:
        """Read them from a circuit of the package."""
        numbers = circuit.populations["cortex"].parameters
        names = ("tau", "tau_adaptation", "tau_readout", "v_threshold", "beta", "dampening", "refractory")
        return cls(circuit.timing.dt, circuit.timing.steps, *(numbers[name].constant for name in names))


@jax.custom_jvp
def fires(scaled, dampening):
    """Return 1 above the threshold; where a derivative is due, dampening * max(0, 1 - |scaled|) stands for it."""
    return (scaled > 0).astype(scaled.dtype)


@fires.defjvp
def _pseudo_derivative(primals, tangents):
    scaled, dampening = primals
    return fires(scaled, dampening), dampening * jnp.maximum(0.0, 1 - jnp.abs(scaled)) * tangents[0]


def free(z):
    """Let the gradient of a spike pass."""
    return z


def closed(z):
    """Let no gradient of a spike pass."""
    return jax.lax.stop_gradient(z)


def begin(size: int, dtype=jnp.float32):
    """Return a network at rest: potential, adaptation, filtered spikes, spikes (twice: see step), steps since one."""
    zero = jnp.zeros(size, dtype)
    return (zero, zero, zero, (zero, zero), jnp.full(size, 10**6))


def step(numbers: Numbers, theta, state, drive, added, passes):
    """One dt. ``added`` (zeros) is added to the spikes that others, the reset and the readout see: its gradient is the
    learning signal dE/dz of the paper's Eq. 1. ``passes`` is applied to what spikes do to others and, by the reset,
    to their own neuron: ``free``, or ``jax.lax.stop_gradient`` to close the paths that e-prop leaves out.
    """
    v, a, r, (own, z), since = state
    alpha, rho, kappa = (
        1 - numbers.dt / t for t in (numbers.tau, numbers.tau_adaptation, numbers.tau_readout)
    )
    arriving = theta["cortex_recurrent"] @ passes(z) - numbers.threshold * passes(z)
    v = alpha * v + arriving + (1 - alpha) * drive
    a = rho * a + own
    since = jnp.where(own > 0, 1, since + 1)
    ready = since >= round(numbers.refractory / numbers.dt)
    own = fires((v - numbers.threshold - numbers.beta * a) / numbers.threshold, numbers.dampening) * ready
    z = own + added
    return (v, a, kappa * r + z, (own, z), since), own


def decide(numbers: Numbers, theta, state, seen, added, passes=free):
    """One decision: ``steps`` of dt under one input. Return the state, logits, value and spikes (steps, neurons)."""
    drive = theta["sensory_to_cortex"] @ seen + theta["bias"]
    state, spikes = jax.lax.scan(
        lambda each, more: step(numbers, theta, each, drive, more, passes), state, added, unroll=numbers.steps
    )
    return state, theta["cortex_to_dorsal"] @ state[2], (theta["cortex_to_ventral"] @ state[2])[0], spikes


def episode(numbers: Numbers, theta, seen, actions, added, passes=free):
    """Return value + log-policy of each decision of an episode, shape (T,), and all spikes (T, steps, neurons)."""

    def decision(state, shown):
        inputs, action, more = shown
        state, logits, value, spikes = decide(numbers, theta, state, inputs, more, passes)
        return state, (value + jax.nn.log_softmax(logits)[action], spikes)

    return jax.lax.scan(decision, begin(theta["bias"].size, seen.dtype), (seen, actions, added))[1]


@partial(jax.jit, static_argnums=(0, 4))
def by_decision(numbers: Numbers, theta, seen, actions, passes):
    """Return d(value + log-policy)/d(theta) of each decision by autodiff, of episodes side by side, and the spikes.

    Parameters
    ----------
    seen : array (episodes, T, inputs)
    actions : int array (episodes, T)
    passes : callable
        ``free`` or ``closed``.
    """
    zeros = jnp.zeros((*actions.shape, numbers.steps, theta["bias"].size))
    gradient = jax.jacrev(partial(episode, numbers, passes=passes), has_aux=True)
    return jax.vmap(gradient, in_axes=(None, 0, 0, 0))(theta, seen, actions, zeros)


@partial(jax.jit, static_argnums=0)
def of_spikes(numbers: Numbers, theta, seen, actions, weight):
    """Return dE/dz of every spike (episodes, T, steps, neurons), E being the sum of weight * (value + log-policy)."""
    zeros = jnp.zeros((*actions.shape, numbers.steps, theta["bias"].size))

    def total(added, inputs, chosen, weights):
        return (weights * episode(numbers, theta, inputs, chosen, added)[0]).sum()

    return jax.vmap(jax.grad(total))(zeros, seen, actions, weight)
