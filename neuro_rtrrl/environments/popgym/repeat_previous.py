"""RepeatPrevious: name the suit of an earlier card (Morad et al. 2023, ``envs/repeat_previous.py``)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.popgym.cards import DECK_SIZE, KINDS, drawn, whole
from neuro_rtrrl.environments.popgym.encoding import one_hot, right_or_wrong

__all__ = ["State", "repeat_previous"]


class State(NamedTuple):
    """What is to be remembered, and the deck.

    ``recent`` (lag + 1,): a ring of suits, that of step t at t mod (lag + 1); ``left`` (4,): cards of each suit in
    the deck; ``time``: steps taken.
    """

    recent: jax.Array
    left: jax.Array
    time: jax.Array


def repeat_previous(decks: int, k: int, published: bool = False):
    """Return ``reset`` and ``step`` of RepeatPrevious with ``decks`` packs of cards.

    POPGym counts the card in view as the first: the answer is the suit shown k − 1 steps ago, and is asked
    for as soon as k cards have been shown. Each answer pays ±1/(n − k), n the number of cards; a perfect
    episode returns 1.

    Parameters
    ----------
    decks, k : int
    published : bool
        Take the task of the JAX port on which published tables rest (popjaxrl, Lu et al. 2023): the answer
        is the suit shown k steps ago, asked for from the (k + 1)th card on, and an episode is one step longer
        (n instead of n − 1), its last observation repeating the last card.
    """
    count, suits = DECK_SIZE * decks, len(KINDS["suit"])
    lag, length = (k, count) if published else (k - 1, count - 1)

    def reset(key):
        suit, left = drawn(key, whole(decks, "suit"))
        recent = jnp.zeros(lag + 1, jnp.int32).at[0].set(suit)
        return one_hot(suit, suits), State(recent, left, jnp.int32(0))

    def step(key, state: State, action):
        time = state.time + 1
        oldest = time % (lag + 1)  # where the suit of lag steps ago makes room for the next
        right = action == state.recent[oldest]
        reward = right_or_wrong(right, 1 / (count - k), asked=state.time >= lag)
        suit, left = drawn(key, state.left)
        # the published task looks for one card more than there is, and so sees the last one twice
        suit = jnp.where(time < count, suit, state.recent[state.time % (lag + 1)])
        after = State(state.recent.at[oldest].set(suit), left, time)
        return one_hot(suit, suits), after, reward, after.time == length, jnp.bool_(False)

    return reset, step
