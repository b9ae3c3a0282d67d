"""Battleship on a board that stays hidden (Morad et al. 2023, ``envs/battleship.py``)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.environments.popgym.encoding import one_hot, real

__all__ = ["SHIPS", "State", "battleship", "berths"]

#: Lengths of the ships, in the order in which they are placed.
SHIPS = (2, 3, 3, 4)


class State(NamedTuple):
    """``ships``, ``guessed`` (w * w,): per square, row by row; ``hits``: squares hit; ``time``: steps taken."""

    ships: jax.Array
    guessed: jax.Array
    hits: jax.Array
    time: jax.Array


def battleship(width: int):
    """Return ``reset`` and ``step`` of Battleship on a square board, with ships of :data:`SHIPS` squares.

    POPGym's action is a pair (row, column); here it is one number, row * ``width`` + column. Only whether
    the shot hit is seen. With H the squares of all ships, a first hit pays 1/H and anything else
    −1/(``width``² − H); the episode terminates when all is hit and is truncated after ``width``² steps.
    """
    squares, needed = width * width, sum(SHIPS)
    reward_of = (-1 / (squares - needed), 1 / needed)

    def reset(key):
        ships = jnp.zeros(squares, bool)
        for length, key_of_ship in zip(SHIPS, jax.random.split(key, len(SHIPS)), strict=True):
            ships = _placed(key_of_ship, ships, jnp.asarray(berths(width, length)))
        return one_hot(0, 2), State(ships, jnp.zeros(squares, bool), jnp.int32(0), jnp.int32(0))

    def step(key, state: State, action):
        hit = (state.ships[action] & ~state.guessed[action]).astype(jnp.int32)
        guessed = state.guessed | (jnp.arange(squares, dtype=jnp.int32) == action)
        after = State(state.ships, guessed, state.hits + hit, state.time + 1)
        terminated, truncated = after.hits == needed, after.time >= squares
        return one_hot(hit, 2), after, real(reward_of)[hit], terminated, truncated

    return reset, step


def berths(width: int, length: int) -> np.ndarray:
    """Return every way for a ship of ``length`` to lie on an empty board, bool (ways, ``width``²)."""
    ways = []
    for line in range(width):
        for start in range(width - length + 1):
            board = np.zeros((width, width), bool)
            board[line, start : start + length] = True
            ways += [board.reshape(-1), board.T.reshape(-1)]
    return np.array(ways)


def _placed(key, ships, ways):
    # POPGym draws an end and a direction until the ship fits: every way that is free is equally likely
    free = ~jnp.any(ways & ships, axis=1)
    chosen = jax.random.categorical(key, jnp.where(free, 0.0, -jnp.inf))
    return ships | ways[chosen]
