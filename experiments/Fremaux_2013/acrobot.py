"""Two links that hang from a pivot: swing the tip above a height by a torque at the joint between them."""

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.spaces import Continuous

FAR = 100.0  # where the observation is between trials; no place cell knows it
REACH = 2.5  # an angle runs from -REACH to REACH, so that five place cells, 1 apart, go once around
FAST, FASTER = 4 * jnp.pi, 9 * jnp.pi  # rad/s: the bounds of both velocities (Sutton 1996)
GRAVITY, MASS, LENGTH, MIDDLE, INERTIA = 9.8, 1.0, 1.0, 0.5, 1.0  # of each link (Sutton 1996), SI


def slopes(state, torque):
    """Return the derivatives of both angles, 0 where they hang, and both velocities (Sutton & Barto 1998, p. 271)."""
    first, second, fast, faster = state
    lever = MASS * LENGTH * MIDDLE
    d1 = 2 * MASS * MIDDLE**2 + MASS * LENGTH**2 + 2 * lever * jnp.cos(second) + 2 * INERTIA
    d2 = MASS * MIDDLE**2 + lever * jnp.cos(second) + INERTIA
    phi2 = MASS * MIDDLE * GRAVITY * jnp.sin(first + second)
    phi1 = -lever * (faster**2 + 2 * faster * fast) * jnp.sin(second)
    phi1 = phi1 + MASS * (MIDDLE + LENGTH) * GRAVITY * jnp.sin(first) + phi2
    lower = torque + d2 / d1 * phi1 - lever * fast**2 * jnp.sin(second) - phi2
    lower = lower / (MASS * MIDDLE**2 + INERTIA - d2**2 / d1)
    return jnp.stack([fast, faster, -(d2 * lower + phi1) / d1, lower])


def moved(state, torque, interval, parts=2):
    """Return the state after ``interval`` seconds of a constant torque, by Runge-Kutta steps of fourth order."""
    h = interval / parts
    for _ in range(parts):
        a = slopes(state, torque)
        b = slopes(state + h / 2 * a, torque)
        c = slopes(state + h / 2 * b, torque)
        d = slopes(state + h * c, torque)
        state = state + h / 6 * (a + 2 * b + 2 * c + d)
    return state


def height(state):
    """Return how high the tip is above the pivot, in lengths of a link."""
    return -jnp.cos(state[0]) - jnp.cos(state[0] + state[1])


def make(
    torque=5.0,
    goal_height=1.0,
    goal=60.0,
    below=3.0,
    spread=0.05,
    time_out=60.0,
    pause=0.8,
    interval=0.01,
):
    """Return the acrobot.

    Parameters
    ----------
    torque : float
        What an action of 1 means, N m.
    goal_height : float
        The tip has to be so high above the pivot, in lengths of a link: -2 where it hangs, 2 at most.
    goal : float
        Reward there.
    below : float
        What a second costs, for each length of a link that the tip is below the goal.
    spread : float
        Largest angle (rad) and velocity (rad/s) that a trial begins with.
    time_out : float
        After so many seconds the trial is broken off.
    pause : float
        So many seconds after the goal was reached the trial ends. Meanwhile no place cell fires.
    interval : float
        Seconds between two decisions: the circuit's ``decision_interval``.

    Notes
    -----
    What is observed: both angles, between -2.5 and 2.5, and the arc tangents of a quarter of both velocities, between
    -2 and 2.
    """
    patience, rest = round(time_out / interval), round(pause / interval)

    def seen(state):
        first, second, fast, faster = state["body"]
        angles = jnp.stack([first, second]) / jnp.pi * REACH
        velocities = [
            jnp.arctan(fast / 4) / jnp.arctan(FAST / 4),
            jnp.arctan(faster / 4) / jnp.arctan(FASTER / 4),
        ]
        here = jnp.concatenate([angles, 2 * jnp.stack(velocities)])
        return jnp.where(state["over"] > 0, FAR, here)

    def reset(key):
        body = jax.random.uniform(key, (4,), minval=-spread, maxval=spread)
        state = {"body": body, "time": jnp.int32(0), "over": jnp.int32(0)}
        return seen(state), state

    def step(key, state, action):
        out = state["over"] > 0
        body = moved(state["body"], torque * action[0], interval)
        angles = (body[:2] + jnp.pi) % (2 * jnp.pi) - jnp.pi
        fast, faster = jnp.clip(body[2], -FAST, FAST), jnp.clip(body[3], -FASTER, FASTER)
        body = jnp.where(out, state["body"], jnp.concatenate([angles, jnp.stack([fast, faster])]))
        arrived = ~out & (height(body) > goal_height)
        over = jnp.where(out | arrived, state["over"] + 1, 0)
        reward = jnp.where(out, 0.0, below * interval * (height(body) - goal_height))
        reward = reward + jnp.where(arrived, goal, 0.0)
        after = {"body": body, "time": state["time"] + 1, "over": over}
        return seen(after), after, reward, over > rest, (over == 0) & (after["time"] >= patience)

    return Environment(
        "Acrobot",
        observation=("first", "second", "first_turning", "second_turning"),
        actions=Continuous((-1.0,), (1.0,)),
        reset=reset,
        step=step,
    )
