"""Packs of cards: what there is on them (plain data), and how they are dealt (JAX, when asked to).

A card is a number from 0 to 52·decks − 1 and has a suit, a rank and a colour as in POPGym's ``core/deck.py``.

Cards that are dealt one by one are drawn as they are dealt, each from what is left of its deck: as likely as a
shuffled deck is, but a reset then makes one card and not hundreds (resets are made in bulk, one a decision).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jax import Array

__all__ = ["DECK_SIZE", "KINDS", "drawn", "kind_of", "shuffled", "whole"]

DECK_SIZE = 52

#: What a card can be told apart by, to the names of its values in POPGym's order.
KINDS: dict[str, tuple[str, ...]] = {
    "suit": ("spades", "diamonds", "clubs", "hearts"),
    "rank": ("ace", *map(str, range(2, 11)), "jack", "queen", "king"),
    "colour": ("black", "red"),
}


def kind_of(cards, kind: str):
    """Return the suit, rank or colour (an index into :data:`KINDS`) of cards, element by element.

    The four suits of a rank follow each other, ranks count up, and every deck begins anew; colours alternate
    with the suits.
    """
    if kind == "rank":
        return (cards // len(KINDS["suit"])) % len(KINDS["rank"])
    return cards % len(KINDS[kind])


def whole(decks: int, kind: str) -> Array:
    """Return how many cards of each suit, rank or colour ``decks`` packs hold, int32 (values,)."""
    import jax.numpy as jnp

    values = len(KINDS[kind])
    return jnp.full(values, DECK_SIZE * decks // values, jnp.int32)


def drawn(key: Array, left: Array) -> tuple[Array, Array]:
    """Return the suit, rank or colour of the next card, and what is left then.

    Parameters
    ----------
    key : typed JAX key
        Used up.
    left : array (values,), int32
        How many cards of each value the deck still holds. Of an empty deck the last value is drawn.

    Returns
    -------
    value : int32 ()
    left : array (values,), int32
    """
    import jax
    import jax.numpy as jnp

    # float32 carries 23 random bits, to choose one of at most 832 cards
    number = jnp.floor(jax.random.uniform(key, (), jnp.float32) * jnp.sum(left)).astype(jnp.int32)
    passed = jnp.sum(jnp.cumsum(left) <= number, dtype=jnp.int32)
    value = jnp.minimum(passed, left.shape[0] - 1)
    return value, left - (jnp.arange(left.shape[0], dtype=jnp.int32) == value)


def shuffled(key: Array, decks: int, kind: str) -> Array:
    """Return ``decks`` packs shuffled together, as suits, ranks or colours in the order of lying.

    Parameters
    ----------
    key : typed JAX key
        Used up.
    decks : int
    kind : str
        One of :data:`KINDS`.

    Returns
    -------
    array (52 * decks,), int32
    """
    import jax
    import jax.numpy as jnp

    return kind_of(jax.random.permutation(key, jnp.arange(DECK_SIZE * decks, dtype=jnp.int32)), kind)
