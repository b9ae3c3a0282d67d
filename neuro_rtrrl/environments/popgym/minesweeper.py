"""MineSweeper on a board that stays hidden (Morad et al. 2023, ``envs/minesweeper.py``)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.popgym.encoding import one_hot, real

__all__ = ["CLEAR", "MINE", "VIEWED", "State", "minesweeper", "neighbours"]

CLEAR, MINE, VIEWED = 0, 1, 2


class State(NamedTuple):
    """``squares`` (w * w,): clear, mine or viewed, row by row; ``time``: number of steps taken so far."""

    squares: jax.Array
    time: jax.Array


def minesweeper(width: int, mines: int):
    """Return ``reset`` and ``step`` of MineSweeper on a square board with ``mines`` mines.

    POPGym's action is a pair (row, column); here it is one number, row * ``width`` + column. What is seen
    is the number of mines on the chosen square and around it, and 0 before the first choice.

    With L the number of squares without a mine: a new one pays 1/L, one seen before −0.5/(L − 2), and a mine
    −0.5 − 1/L and terminates the episode, as does the last square without a mine. After L steps it is
    truncated.
    """
    squares = width * width
    length = squares - mines
    values = min(mines + 1, 10)

    def reset(key):
        places = jax.random.permutation(key, jnp.arange(squares, dtype=jnp.int32))
        return one_hot(0, values), State((places < mines).astype(jnp.int32), jnp.int32(0))

    def step(key, state: State, action):
        chosen, time = state.squares[action], state.time + 1
        rewards = real([1 / length, -0.5 - 1 / length, -0.5 / (length - 2)])
        here = jnp.arange(squares, dtype=jnp.int32) == action
        after = jnp.where(here & (chosen == CLEAR), VIEWED, state.squares)
        terminated = (chosen == MINE) | jnp.all(after != CLEAR)
        truncated = (time == length) & ~terminated
        seen = neighbours(state.squares == MINE, width)[action]
        return one_hot(seen, values), State(after, time), rewards[chosen], terminated, truncated

    return reset, step


def neighbours(mined, width: int):
    """Return how many mines lie on each square and the eight around it, (w * w,) from (w * w,)."""
    board = jnp.pad(mined.reshape(width, width).astype(jnp.int32), 1)
    rows = board[:-2] + board[1:-1] + board[2:]
    return (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]).reshape(-1)
