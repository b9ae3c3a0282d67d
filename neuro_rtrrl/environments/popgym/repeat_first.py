"""RepeatFirst: name the suit of the first card, at every step (Morad et al. 2023, ``envs/repeat_first.py``)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.popgym.cards import DECK_SIZE, KINDS, drawn, whole
from neuro_rtrrl.environments.popgym.encoding import one_hot, right_or_wrong

__all__ = ["State", "repeat_first"]


class State(NamedTuple):
    """``first``: the suit to remember; ``left`` (4,): cards of each suit in the deck; ``time``: steps taken."""

    first: jax.Array
    left: jax.Array
    time: jax.Array


def repeat_first(decks: int):
    """Return ``reset`` and ``step`` of RepeatFirst with ``decks`` packs of cards.

    An episode has n − 1 steps, n the number of cards, and terminates as the last card is shown. Each step
    pays ±1/(n − 1), so a perfect episode returns 1 and one of chance −1/2.
    """
    count, suits = DECK_SIZE * decks, len(KINDS["suit"])

    def reset(key):
        suit, left = drawn(key, whole(decks, "suit"))
        return one_hot(suit, suits), State(suit, left, jnp.int32(0))

    def step(key, state: State, action):
        suit, left = drawn(key, state.left)
        reward = right_or_wrong(action == state.first, 1 / (count - 1))
        after = State(state.first, left, state.time + 1)
        return one_hot(suit, suits), after, reward, after.time == count - 1, jnp.bool_(False)

    return reset, step
