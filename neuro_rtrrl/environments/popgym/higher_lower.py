"""HigherLower: will the next card be higher or lower? (Morad et al. 2023, ``envs/higher_lower.py``)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.popgym.cards import DECK_SIZE, KINDS, drawn, whole
from neuro_rtrrl.environments.popgym.encoding import one_hot, right_or_wrong

__all__ = ["HIGHER", "State", "higher_lower"]

HIGHER = 0  # the other action, 1, says lower


class State(NamedTuple):
    """``current``: the rank in view; ``left`` (13,): cards of each rank in the deck; ``time``: steps taken."""

    current: jax.Array
    left: jax.Array
    time: jax.Array


def higher_lower(decks: int):
    """Return ``reset`` and ``step`` of HigherLower with ``decks`` packs of cards, n cards in all; an ace is low.

    A right guess pays 1/n, a wrong one −1/n, a card of the same rank nothing. The episode terminates with
    the last card, after n − 1 steps. Counting cards helps, which is what the task asks of a memory.
    """
    count, ranks = DECK_SIZE * decks, len(KINDS["rank"])

    def reset(key):
        rank, left = drawn(key, whole(decks, "rank"))
        return one_hot(rank, ranks), State(rank, left, jnp.int32(0))

    def step(key, state: State, action):
        rank, left = drawn(key, state.left)
        after = State(rank, left, state.time + 1)
        right = (rank > state.current) == (action == HIGHER)
        reward = right_or_wrong(right, 1 / count, asked=rank != state.current)
        return one_hot(rank, ranks), after, reward, after.time == count - 1, jnp.bool_(False)

    return reset, step
