"""Pendulums whose velocity is hidden, and noisy ones (Morad et al. 2023, ``envs/position_only_pendulum.py``)."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.base import stretched
from neuro_rtrrl.environments.popgym.encoding import real
from neuro_rtrrl.environments.spaces import Continuous

__all__ = ["TORQUE", "State", "noisy_stateless_pendulum", "stateless_pendulum"]

# the numbers of gymnasium's Pendulum-v1
GRAVITY, MASS, LENGTH, TIME_STEP, FASTEST = 10.0, 1.0, 1.0, 0.05, 8.0
TORQUE = Continuous((-2.0,), (2.0,))
DEAREST = 16.2736044  # what a step can cost at most: pi**2 + 0.1 * 8**2 + 0.001 * 2**2


class State(NamedTuple):
    """``motion`` (2,): angle from upright and its velocity; ``time``: number of steps taken so far."""

    motion: jax.Array
    time: jax.Array


def stateless_pendulum(max_steps: int):
    """Return ``reset`` and ``step`` of the pendulum that shows the cosine and sine of its angle only.

    The action is the torque, in [-1, 1] of its bounds. A step pays (1 - c/8.14)/``max_steps`` where c is gymnasium's
    cost; the episode is truncated after ``max_steps`` and never terminates.
    """
    return _pendulum(max_steps, 0.0)


def noisy_stateless_pendulum(max_steps: int, noise: float):
    """Return the same with normal noise of standard deviation ``noise`` on what is seen, clipped to [-1, 1]."""
    return _pendulum(max_steps, noise)


def _pendulum(max_steps: int, noise: float):
    def seen(key, angle):
        shown = jnp.stack([jnp.cos(angle), jnp.sin(angle)])
        if not noise:
            return shown
        return jnp.clip(shown + noise * jax.random.normal(key, (2,), shown.dtype), -1, 1)

    def reset(key):
        key_of_motion, key_of_noise = jax.random.split(key)
        widest = real([math.pi, 1.0])
        motion = widest * jax.random.uniform(key_of_motion, (2,), jnp.result_type(float), -1, 1)
        return seen(key_of_noise, motion[0]), State(motion, jnp.int32(0))

    def step(key, state: State, action):
        angle, velocity = state.motion
        torque = stretched(action, TORQUE)[0].astype(angle.dtype)
        upright = jnp.mod(angle + math.pi, 2 * math.pi) - math.pi
        cost = upright**2 + 0.1 * velocity**2 + 0.001 * torque**2
        fall = 3 * GRAVITY / (2 * LENGTH) * jnp.sin(angle) + 3 / (MASS * LENGTH**2) * torque
        velocity = jnp.clip(velocity + fall * TIME_STEP, -FASTEST, FASTEST)
        motion = jnp.stack([angle + velocity * TIME_STEP, velocity])
        time = state.time + 1
        reward = real(1 - cost / (DEAREST / 2)) / max_steps
        return seen(key, motion[0]), State(motion, time), reward, jnp.bool_(False), time >= max_steps

    return reset, step
