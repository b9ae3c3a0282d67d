"""A pole on a cart: keep it from falling, and the cart on its rail, by a force on the cart."""

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.spaces import Continuous

FAR = 100.0  # where the observation is between trials; no place cell knows it
# what is observed runs from -REACH to REACH, so that neighbouring place cells are 1 apart
REACH = (1.0, 1.0, 2.0, 2.0)
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
    interval : float
        Seconds between two decisions: the circuit's ``decision_interval``.

    Notes
    -----
    What is observed are the four coordinates of the state between -1 and 1, times ``REACH``: position over half a rail,
    tanh of the velocity, angle over that at which the pole has fallen, tanh of the angular velocity.
    """
    patience, rest = round(time_out / interval), round(pause / interval)

    def seen(state):
        position, velocity, angle, turning = state["body"]
        here = jnp.stack(
            [2 * position / rail, jnp.tanh(velocity / fast), angle / falls, jnp.tanh(turning / turns)]
        )
        return jnp.where(state["over"] > 0, FAR, here * jnp.asarray(REACH))

    def reset(key):
        body = jax.random.uniform(key, (4,), minval=-spread, maxval=spread) * jnp.asarray([4.0, 1, 1, 1])
        state = {"body": body, "time": jnp.int32(0), "over": jnp.int32(0)}
        return seen(state), state

    def step(key, state, action):
        out = state["over"] > 0
        body = jnp.where(out, state["body"], moved(state["body"], force * action[0], interval))
        off = 2 * body[0] / rail
        failed = (jnp.abs(body[2]) > falls) | (jnp.abs(off) > 1)
        over = jnp.where(out | failed, state["over"] + 1, 0)
        reward = jnp.where(out, 0.0, upright * interval * (jnp.cos(body[2]) - off_centre * off**2))
        after = {"body": body, "time": state["time"] + 1, "over": over}
        return seen(after), after, reward, over > rest, (over == 0) & (after["time"] >= patience)

    return Environment(
        "CartPole",
        observation=("position", "velocity", "angle", "turning"),
        actions=Continuous((-1.0,), (1.0,)),
        reset=reset,
        step=step,
    )
