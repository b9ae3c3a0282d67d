"""MultiarmedBandit: find the best arm, anew in every episode (Morad et al. 2023, ``envs/multiarmed_bandit.py``)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.popgym.encoding import one_hot, right_or_wrong

__all__ = ["State", "multiarmed_bandit"]


class State(NamedTuple):
    """``payout`` (bandits,): each arm's probability of winning; ``time``: number of steps taken so far."""

    payout: jax.Array
    time: jax.Array


def multiarmed_bandit(bandits: int, length: int):
    """Return ``reset`` and ``step`` of a bandit with ``bandits`` arms, truncated after ``length`` pulls.

    Payout probabilities are uniform in [0, 1). A pull pays 1/``length`` when it wins and −1/``length`` when
    it does not, and whether it won is all that is seen (before the first pull: not won). The arm is known
    only from the efference copy of the action.
    """

    def reset(key):
        payout = jax.random.uniform(key, (bandits,), jnp.result_type(float))
        return one_hot(0, 2), State(payout, jnp.int32(0))

    def step(key, state: State, action):
        won = jax.random.uniform(key, (), jnp.result_type(float)) < state.payout[action]
        after = State(state.payout, state.time + 1)
        reward = right_or_wrong(won, 1 / length)
        return one_hot(won.astype(jnp.int32), 2), after, reward, jnp.bool_(False), after.time >= length

    return reset, step
