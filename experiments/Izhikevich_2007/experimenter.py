"""The experimenter of Izhikevich 2007: a reward some seconds after each coincidence that is reported."""

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.spaces import Continuous


def make(earliest=100, latest=300):
    """What is reported (the action) is a number of coincidences; each is worth a reward of 1 after a time of chance.

    Parameters
    ----------
    earliest, latest : int
        Decisions from a coincidence to its reward, drawn evenly between the two.
    """
    nothing = jnp.zeros(1)

    def reset(key):
        return nothing, {"due": jnp.zeros(latest + 1), "now": jnp.int32(0)}

    def step(key, state, action):
        now = (state["now"] + 1) % (latest + 1)
        reward = state["due"][now]
        later = (now + jax.random.randint(key, (), earliest, latest + 1)) % (latest + 1)
        due = state["due"].at[now].set(0.0).at[later].add(jnp.where(action[0] > 0.5, 1.0, 0.0))
        return nothing, {"due": due, "now": now}, reward, jnp.bool_(False), jnp.bool_(False)

    return Environment(
        "Experimenter",
        observation=("nothing",),
        actions=Continuous(low=(-1.0,), high=(1.0,)),
        reset=reset,
        step=step,
    )
