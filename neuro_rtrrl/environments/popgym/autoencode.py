"""Autoencode: watch a whole deck, then name its suits backwards (Morad et al. 2023, ``envs/autoencode.py``)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.popgym.cards import DECK_SIZE, KINDS, drawn, whole
from neuro_rtrrl.environments.popgym.encoding import one_hot, right_or_wrong

__all__ = ["State", "autoencode"]

PLAY, WATCH = 0, 1


class State(NamedTuple):
    """``seen`` (n,): suits as they were shown; ``left`` (4,): cards of each suit in the deck; ``time``: steps."""

    seen: jax.Array
    left: jax.Array
    time: jax.Array


def autoencode(decks: int):
    """Return ``reset`` and ``step`` of Autoencode with ``decks`` packs of cards, n cards in all.

    While watching, a step shows the next card and pays nothing. The last card is shown with the sign to
    play; then n answers are due, from the last card back to the first, each paying ±1/n. While playing,
    POPGym shows spades. The episode terminates with the answer for the first card, after 2n − 1 steps.
    """
    count, suits = DECK_SIZE * decks, len(KINDS["suit"])
    last = count - 1

    def observation(suit, time):
        mode = one_hot(jnp.where(time < last, WATCH, PLAY), 2)
        return jnp.concatenate([mode, one_hot(jnp.where(time <= last, suit, 0), suits)])

    def reset(key):
        suit, left = drawn(key, whole(decks, "suit"))
        state = State(jnp.zeros(count, jnp.int32).at[0].set(suit), left, jnp.int32(0))
        return observation(suit, state.time), state

    def step(key, state: State, action):
        answer = state.seen[jnp.clip(2 * last - state.time, 0, last)]
        reward = right_or_wrong(action == answer, 1 / count, asked=state.time >= last)
        time = state.time + 1
        suit, left = drawn(key, state.left)
        after = State(state.seen.at[time].set(suit, mode="drop"), left, time)  # drop: all have been shown
        return observation(suit, time), after, reward, time == 2 * count - 1, jnp.bool_(False)

    return reset, step
