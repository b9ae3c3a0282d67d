"""CountRecall: how often has this card been shown? (Morad et al. 2023, ``envs/count_recall.py``)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.popgym.cards import DECK_SIZE, KINDS, drawn, whole
from neuro_rtrrl.environments.popgym.encoding import one_hot, right_or_wrong

__all__ = ["State", "count_recall"]


class State(NamedTuple):
    """The question and the decks.

    ``asked``: the value in question; ``shown_left``, ``asked_left`` (values,): cards of each value in the two
    decks; ``time``: steps taken.
    """

    asked: jax.Array
    shown_left: jax.Array
    asked_left: jax.Array
    time: jax.Array


def count_recall(decks: int, kind: str):
    """Return ``reset`` and ``step`` of CountRecall with two shuffled decks of ``decks`` packs each.

    A card of the first deck is shown with one of the second; the action says how often the value of the
    second has been shown so far, the card beside it included. Cards are told apart by ``kind`` ("colour",
    "suit" or "rank"). Each of n − 1 answers pays ±1/(n − 1), n the number of cards of a deck; the episode
    terminates with the last card.
    """
    count, values = DECK_SIZE * decks, len(KINDS[kind])

    def deal(key, shown_left, asked_left, time):
        key_of_shown, key_of_asked = jax.random.split(key)
        shown, shown_left = drawn(key_of_shown, shown_left)
        asked, asked_left = drawn(key_of_asked, asked_left)
        observation = jnp.concatenate([one_hot(shown, values), one_hot(asked, values)])
        return observation, State(asked, shown_left, asked_left, time)

    def reset(key):
        return deal(key, whole(decks, kind), whole(decks, kind), jnp.int32(0))

    def step(key, state: State, action):
        so_far = count // values - state.shown_left[state.asked]
        reward = right_or_wrong(action == so_far, 1 / (count - 1))
        observation, after = deal(key, state.shown_left, state.asked_left, state.time + 1)
        return observation, after, reward, after.time == count - 1, jnp.bool_(False)

    return reset, step
