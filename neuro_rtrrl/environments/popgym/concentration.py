"""Concentration: find pairs among cards that lie face down (Morad et al. 2023, ``envs/concentration.py``)."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.popgym.cards import DECK_SIZE, KINDS, shuffled
from neuro_rtrrl.environments.popgym.encoding import real

__all__ = ["NOTHING", "State", "concentration"]

NOTHING = -1


class State(NamedTuple):
    """``cards`` (n,): colours or ranks by place; ``up`` (n,): found for good; ``first``: the card turned; ``time``."""

    cards: jax.Array
    up: jax.Array
    first: jax.Array
    time: jax.Array


def concentration(decks: int, kind: str):
    """Return ``reset`` and ``step`` of Concentration with ``decks`` packs of cards, n cards in all.

    An action turns the card at one place, and every second one ends a trial: a pair of the same ``kind``
    ("colour" or "rank") stays up and pays 1/(n/2), anything else costs 2/T and is turned back after it was
    seen. To turn a card that is up ends the trial at once and costs 1/T for each card of the trial. The
    episode terminates when all cards are up and is truncated after T = ceil(2n − n/(2n − 1)) steps, the
    expected length of a perfect player's game.

    What is seen is one value a card: its colour or rank, or that it is down.
    """
    count, values = DECK_SIZE * decks, len(KINDS[kind])
    length = math.ceil(2 * count - count / (2 * count - 1))
    found, failed = 1 / (count // 2), -1 / length
    places = jnp.arange(count, dtype=jnp.int32)

    def observation(cards, visible):
        faces = jnp.where(visible, cards, values)
        return real(faces[:, None] == jnp.arange(values + 1, dtype=jnp.int32)).reshape(-1)

    def reset(key):
        cards = shuffled(key, decks, kind)
        up = jnp.zeros(count, bool)
        return observation(cards, up), State(cards, up, jnp.int32(NOTHING), jnp.int32(0))

    def step(key, state: State, action):
        second = state.first != NOTHING
        turned = (places == action) | (places == state.first)
        already_up = state.up[action]
        same = state.cards[jnp.maximum(state.first, 0)] == state.cards[action]
        pair = second & ~already_up & same & (state.first != action)
        cost = failed * jnp.where(second, 2, jnp.where(already_up, 1, 0))
        up = state.up | (turned & pair)
        first = jnp.where(second | already_up, NOTHING, action).astype(jnp.int32)
        reward = jnp.where(pair, real(found), real(cost))
        after = State(state.cards, up, first, state.time + 1)
        seen = observation(state.cards, state.up | turned)
        return seen, after, reward, jnp.all(up), after.time >= length

    return reset, step
