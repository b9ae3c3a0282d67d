"""A pole on a cart: keep it from falling, or swing it up, and the cart on its rail, by a force on the cart."""

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.spaces import Continuous

FAR = 100.0  # where the observation is between trials; no place cell knows it
# what is observed runs from -REACH to REACH, so that neighbouring place cells are 1 apart
REACH = (1.0, 1.0, 2.0, 2.0)
TOP = jnp.pi / 3  # so near to upright a pole must not spin, rad
GRAVITY, CART, POLE, HALF = 9.8, 1.0, 0.1, 0.5  # m/s2, kg, kg, m: Barto, Sutton & Anderson 1983


def slopes(state, force):
    """Return the derivatives of position, velocity, angle from upright and angular velocity (Barto et al. 1983)."""
    _, velocity, angle, turning = state
    sine, cosine, mass = jnp.sin(angle), jnp.cos(angle), CART + POLE
    pushed = (force + POLE * HALF * turning**2 * sine) / mass
    twisting = (GRAVITY * sine - cosine * pushed) / (HALF * (4 / 3 - POLE * cosine**2 / mass))
    return jnp.stack([velocity, pushed - POLE * HALF * twisting * cosine / mass, turning, twisting])


def moved(state, force, interval, parts=2):
    """Return the state after ``interval`` seconds of a constant force, by Runge-Kutta steps of fourth order."""
    h = interval / parts
    for _ in range(parts):
        a = slopes(state, force)
        b = slopes(state + h / 2 * a, force)
        c = slopes(state + h / 2 * b, force)
        d = slopes(state + h * c, force)
        state = state + h / 6 * (a + 2 * b + 2 * c + d)
    return state


def make(
    force=15.0,
    rail=10.0,
    falls=0.785398,
    upright=40.0,
    off_centre=1.0,
    fast=1.5,
    turns=2.0,
    spread=0.05,
    time_out=20.0,
    pause=0.8,
    any_angle=0.0,
    spins=jnp.inf,
    near=0.0,
    near_width=0.5,
    angle_reach=2.0,
    angle_power=1.0,
    interval=0.01,
):
    """Return the cart and its pole.

    Parameters
    ----------
    force : float
        What an action of 1 means, N.
    rail : float
        Its length, m. The cart begins within a fiftieth of it around the middle.
    falls : float
        Beyond this angle from upright the pole has fallen, rad.
    upright : float
        Reward for a second of a pole that stands upright in the middle of the rail; proportional to the tip's height.
    off_centre : float
        Share of it that is lost at the ends of the rail; grows with the square of the distance from the middle.
    fast, turns : float
        Velocity (m/s) and angular velocity (rad/s) at which the observation has come to 0.76 of its end.
    spread : float
        Largest angle, velocity (m/s) and angular velocity that a trial begins with.
    time_out : float
        After so many seconds the trial is over, and was a success.
    pause : float
        So many seconds after a failure the trial ends. Meanwhile no place cell fires.
    any_angle : float
        Share of trials that begin with the pole at any angle, hanging included; the others begin upright.
    spins : float
        A pole that turns faster than this (rad/s) within 60 degrees of upright has failed.
    near, near_width : float
        Reward for a second more, times a Gaussian of the angle; its standard deviation, rad.
    angle_reach, angle_power : float
        What is observed of the angle: its share of ``falls`` to this power, with its sign, times this reach. A power
        below 1 tells angles near upright apart more finely.
    interval : float
        Seconds between two decisions: the circuit's ``decision_interval``.

    Notes
    -----
    What is observed are the four coordinates of the state between -1 and 1, times ``REACH``: position over half a rail,
    tanh of the velocity, angle over that at which the pole has fallen, tanh of the angular velocity. With ``falls`` of
    pi a pole never falls: it has to be swung up.
    """
    patience, rest = round(time_out / interval), round(pause / interval)

    def seen(state):
        position, velocity, angle, turning = state["body"]
        leaning = jnp.sign(angle) * (jnp.abs(angle) / falls) ** angle_power
        here = jnp.stack([2 * position / rail, jnp.tanh(velocity / fast), leaning, jnp.tanh(turning / turns)])
        reach = jnp.asarray([*REACH[:2], angle_reach, REACH[3]])
        return jnp.where(state["over"] > 0, FAR, here * reach)

    def reset(key):
        near_middle, where, whether = jax.random.split(key, 3)
        body = jax.random.uniform(near_middle, (4,), minval=-spread, maxval=spread)
        anywhere = jax.random.uniform(where, minval=-jnp.pi, maxval=jnp.pi)
        angle = jnp.where(jax.random.uniform(whether) < any_angle, anywhere, body[2])
        body = body * jnp.asarray([4.0, 1, 0, 1]) + jnp.asarray([0.0, 0, 1, 0]) * angle
        state = {"body": body, "time": jnp.int32(0), "over": jnp.int32(0)}
        return seen(state), state

    def step(key, state, action):
        out = state["over"] > 0
        body = moved(state["body"], force * action[0], interval)
        body = body.at[2].set((body[2] + jnp.pi) % (2 * jnp.pi) - jnp.pi)
        body = jnp.where(out, state["body"], body)
        off, angle = 2 * body[0] / rail, jnp.abs(body[2])
        spinning = (angle < TOP) & (jnp.abs(body[3]) > spins)
        failed = (angle > falls) | (jnp.abs(off) > 1) | spinning
        over = jnp.where(out | failed, state["over"] + 1, 0)
        earned = upright * (jnp.cos(angle) - off_centre * off**2)
        earned = earned + near * jnp.exp(-0.5 * (angle / near_width) ** 2)
        reward = jnp.where(out, 0.0, interval * earned)
        after = {"body": body, "time": state["time"] + 1, "over": over}
        return seen(after), after, reward, over > rest, (over == 0) & (after["time"] >= patience)

    return Environment(
        "CartPole",
        observation=("position", "velocity", "angle", "turning"),
        actions=Continuous((-1.0,), (1.0,)),
        reset=reset,
        step=step,
    )
