"""What our POPGym tasks leave to chance is distributed as POPGym's is."""

from functools import cache

import numpy as np
import pytest

jax = pytest.importorskip("jax")
pytest.importorskip("popgym", reason="popgym (extra 'test') is what these tasks are held against")

from scipy.special import chdtrc, ndtr  # noqa: E402

from tests.conformance.popgym_play import (  # noqa: E402
    compiled,
    compiled_little,  # noqa: F401  (used by itself)
    ours_of,
    theirs_of,
)

jnp = jax.numpy


def chance_of(counts) -> float:
    """Return how likely counts as uneven as these are where all are equally likely (Pearson's chi-square)."""
    expected = np.mean(counts)
    return chdtrc(len(counts) - 1, ((np.asarray(counts) - expected) ** 2 / expected).sum())


def chance_of_uniform(numbers) -> float:
    """Return how likely numbers like these are drawn uniformly from 0 to 1."""
    assert 0 <= np.min(numbers) <= np.max(numbers) <= 1
    return chance_of(np.histogram(numbers, bins=20, range=(0, 1))[0])


@cache
def resets(task, difficulty="easy", count=4000):
    keys = jax.random.split(jax.random.key(2), count)
    return jax.tree.map(np.asarray, jax.jit(jax.vmap(ours_of(task, difficulty).reset))(keys)[1])


@cache
def decks_of(task, count=4000):
    """Return the cards that we show in ``count`` episodes, (count, 52, o): one-hot."""
    ours = ours_of(task, "easy")

    @jax.jit
    @jax.vmap
    def episode(keys):
        observation, state = ours.reset(keys[0])
        shown = compiled(ours, False)(state, jnp.zeros(51, jnp.int32), keys[1:])[0]
        return jnp.concatenate([observation[None], shown])

    return np.asarray(episode(jax.random.split(jax.random.key(2), (count, 52))), int)


@pytest.mark.parametrize(
    ("task", "piles"),
    [("RepeatFirst", 1), ("RepeatPrevious", 1), ("HigherLower", 1), ("CountRecall", 2), ("Autoencode", 1)],
)
def test_decks_are_whole_and_every_card_is_as_likely_at_every_place(task, piles):
    shown = decks_of(task)[:, :, 2:] if task == "Autoencode" else decks_of(task)
    for pile in np.split(shown, piles, axis=2):
        values = pile.shape[2]
        assert (pile.sum(axis=2) == 1).all()
        assert (pile.sum(axis=1) == 52 // values).all()
        for place in (0, 1, 25, 51):
            assert chance_of(pile[:, place].sum(axis=0)) > 1e-4
        # two places are as alike as two cards of one deck are
        alike = (52 // values - 1) / 51
        for place in (1, 51):
            found = np.mean((pile[:, 0] * pile[:, place]).sum(axis=1))
            assert abs(found - alike) < 4 * np.sqrt(alike * (1 - alike) / len(pile))


def test_the_two_decks_of_count_recall_are_independent():
    for place in (0, 25, 51):
        shown, asked = np.split(decks_of("CountRecall")[:, place], 2, axis=1)
        assert abs((shown * asked).sum(axis=1).mean() - 0.5) < 4 * 0.5 / np.sqrt(4000)


def test_mines_lie_anywhere_and_are_as_many_as_said():
    squares = np.asarray(resets("MineSweeper", "hard").squares)
    assert (squares.sum(axis=1) == 10).all()
    assert set(np.unique(squares)) == {0, 1}
    assert chance_of(squares.sum(axis=0)) > 1e-4


def test_ships_lie_where_popgym_puts_them():
    ours = np.asarray(resets("Battleship", count=4000).ships)
    assert (ours.sum(axis=1) == 12).all()
    theirs, boards = theirs_of("Battleship", "easy"), []
    for seed in range(400):
        theirs.reset(seed=seed)
        boards.append(theirs.board.ravel())
    p, q = ours.mean(axis=0), np.mean(boards, axis=0)
    spread = np.sqrt(p * (1 - p) / 4000 + q * (1 - q) / 400)
    assert (abs(p - q) < 5 * spread).all()
    corners, middle = [0, 7, 56, 63], [27, 28, 35, 36]
    assert p[corners].max() < p[middle].min()  # not simply uniform


def test_chance_of_carts_pendulums_and_bandits_has_the_distributions_of_popgym():
    motion = np.asarray(resets("StatelessCartPole").motion)
    for entry in motion.T:
        assert chance_of_uniform((entry + 0.05) / 0.1) > 1e-4
    angle, velocity = np.asarray(resets("StatelessPendulum").motion).T
    assert chance_of_uniform(angle / (2 * np.pi) + 0.5) > 1e-4
    assert chance_of_uniform(velocity / 2 + 0.5) > 1e-4
    payout = np.asarray(resets("MultiarmedBandit").payout)
    assert payout.shape == (4000, 10)
    assert chance_of_uniform(payout) > 1e-4
    assert abs(np.corrcoef(payout.T) - np.eye(10)).max() < 0.08


def test_noise_is_normal_and_clipped_at_resets_and_steps():
    ours = ours_of("NoisyStatelessCartPole", "hard")
    keys = jax.random.split(jax.random.key(3), 2000)
    first, state = jax.jit(jax.vmap(ours.reset))(keys)
    later, after, *_ = jax.jit(jax.vmap(ours.step))(
        jax.random.split(keys[0], 2000), state, jnp.ones(2000, int)
    )
    for seen, motion in ((first, state.motion), (later, after.motion)):
        assert chance_of_uniform(ndtr(np.asarray(seen[:, 0] - motion[:, 0]) / 0.3)) > 1e-4
        assert abs(np.asarray(seen)[:, 1]).max() <= 24 * 2 * np.pi / 360 + 1e-6
