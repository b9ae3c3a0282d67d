"""Cart poles whose velocities are hidden, and noisy ones (Morad et al. 2023, ``envs/position_only_cartpole.py``)."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.popgym.encoding import real

__all__ = ["State", "noisy_stateless_cartpole", "stateless_cartpole"]

# Barto, Sutton & Anderson 1983, with the numbers of gymnasium's CartPole-v1
GRAVITY, FORCE, TIME_STEP = 9.8, 10.0, 0.02
MASS_OF_POLE, HALF_LENGTH = 0.1, 0.5
TOTAL_MASS = MASS_OF_POLE + 1.0
FARTHEST, STEEPEST = 2.4, 12 * 2 * math.pi / 360


class State(NamedTuple):
    """``motion`` (4,): x, x_dot, theta, theta_dot; ``time``: number of steps taken so far."""

    motion: jax.Array
    time: jax.Array


def stateless_cartpole(max_steps: int, published: bool = False):
    """Return ``reset`` and ``step`` of the cart pole that shows position and angle only.

    Every step pays 1/``max_steps``. The episode terminates when the pole falls or the cart leaves the track,
    and is truncated after ``max_steps``.

    Parameters
    ----------
    max_steps : int
    published : bool
        Call it a termination when time runs out, as the JAX port does on which published tables rest
        (popjaxrl, Lu et al. 2023); the learner then takes the value beyond for 0.
    """
    return _cartpole(max_steps, 0.0, published)


def noisy_stateless_cartpole(max_steps: int, noise: float, published: bool = False):
    """Return the same with normal noise of standard deviation ``noise`` on what is seen, first view included.

    The noisy observation is clipped to twice the bounds at which an episode ends.
    """
    return _cartpole(max_steps, noise, published)


def _cartpole(max_steps: int, noise: float, published: bool):
    def seen(key, motion):
        positions = motion[::2]
        if not noise:
            return positions
        bounds = real([2 * FARTHEST, 2 * STEEPEST])
        noisy = positions + noise * jax.random.normal(key, (2,), positions.dtype)
        return jnp.clip(noisy, -bounds, bounds)

    def reset(key):
        key_of_motion, key_of_noise = jax.random.split(key)
        motion = jax.random.uniform(key_of_motion, (4,), jnp.result_type(float), -0.05, 0.05)
        return seen(key_of_noise, motion), State(motion, jnp.int32(0))

    def step(key, state: State, action):
        motion = _pushed(state.motion, jnp.where(action == 1, FORCE, -FORCE))
        time = state.time + 1
        ended = (jnp.abs(motion[0]) > FARTHEST) | (jnp.abs(motion[2]) > STEEPEST)
        late = time >= max_steps
        terminated, truncated = (ended | late, jnp.bool_(False)) if published else (ended, late)
        return seen(key, motion), State(motion, time), real(1 / max_steps), terminated, truncated

    return reset, step


def _pushed(motion, force):
    """Return the motion (4,) one Euler step later (Barto, Sutton & Anderson 1983, Appendix; no friction)."""
    _, x_dot, theta, theta_dot = motion
    cosine, sine = jnp.cos(theta), jnp.sin(theta)
    push = (force + MASS_OF_POLE * HALF_LENGTH * jnp.square(theta_dot) * sine) / TOTAL_MASS
    inertia = HALF_LENGTH * (4.0 / 3.0 - MASS_OF_POLE * jnp.square(cosine) / TOTAL_MASS)
    theta_rate = (GRAVITY * sine - cosine * push) / inertia
    x_rate = push - MASS_OF_POLE * HALF_LENGTH * theta_rate * cosine / TOTAL_MASS
    return motion + TIME_STEP * jnp.stack([x_dot, x_rate, theta_dot, theta_rate]).astype(motion.dtype)
