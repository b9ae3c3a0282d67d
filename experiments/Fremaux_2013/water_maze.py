"""A water maze: a square pool with a hidden platform, from which the swimmer is taken out when it has found it."""

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.spaces import Continuous

FAR = 100.0  # m: where the swimmer is between trials; no place cell knows it


def make(
    side=1.0,
    platform_x=0.15,
    platform_y=0.15,
    radius=0.06,
    speed=1.0,
    goal=100.0,
    wall=-1.0,
    bounce=0.01,
    margin=0.05,
    time_out=50.0,
    pause=2.0,
    interval=0.01,
):
    """Return the pool.

    Parameters
    ----------
    side : float
        Length of a wall, m. The middle of the pool is at (0, 0).
    platform_x, platform_y : float
        Where its middle is, m.
    radius : float
        Of the platform, m.
    speed : float
        What an action of 1 means, m/s.
    goal, wall : float
        Reward at the platform, and each time that a wall is hit.
    bounce : float
        How far a wall throws the swimmer back, m.
    margin : float
        How far from a wall, drawn afresh for each trial, it is put into the water, m.
    time_out : float
        After so many seconds the trial is broken off.
    pause : float
        So many seconds after the platform was found the trial ends. Meanwhile the swimmer is out of the water, where no
        place cell fires, and what the reward releases is at work.
    interval : float
        Seconds between two decisions: the circuit's ``decision_interval``.
    """
    half = side / 2
    middle = jnp.asarray([platform_x, platform_y])
    patience, rest = round(time_out / interval), round(pause / interval)

    def seen(state):
        return jnp.where(state["found"] > 0, FAR, state["place"])

    def reset(key):
        which, where = jax.random.split(key)
        edge = jax.random.randint(which, (), 0, 4)
        along = jax.random.uniform(where, (), minval=margin - half, maxval=half - margin)
        near = jnp.where(edge % 2 == 0, margin - half, half - margin)
        place = jnp.where(edge < 2, jnp.stack([near, along]), jnp.stack([along, near]))
        state = {"place": place, "time": jnp.int32(0), "found": jnp.int32(0)}
        return seen(state), state

    def step(key, state, action):
        there = state["place"] + action * speed * interval
        hit = jnp.abs(there) > half
        inside = jnp.where(hit, jnp.sign(there) * (half - bounce), there)
        out = state["found"] > 0
        place = jnp.where(out, state["place"], inside)
        arrived = ~out & (jnp.sum((place - middle) ** 2) <= radius**2)
        found = jnp.where(out | arrived, state["found"] + 1, 0)
        reward = jnp.where(arrived, goal, 0.0) + jnp.where(~out & jnp.any(hit), wall, 0.0)
        after = {"place": place, "time": state["time"] + 1, "found": found}
        return seen(after), after, reward, found > rest, (found == 0) & (after["time"] >= patience)

    return Environment(
        "WaterMaze",
        observation=("x", "y"),
        actions=Continuous((-1.0, -1.0), (1.0, 1.0)),
        reset=reset,
        step=step,
    )
