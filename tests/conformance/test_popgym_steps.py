"""Our POPGym tasks are POPGym's: fed with the same chance, both say the same at every step."""

import numpy as np
import pytest

jax = pytest.importorskip("jax")
pytest.importorskip("popgym", reason="popgym (extra 'test') is what these tasks are held against")

from tests.conformance.popgym_play import (  # noqa: E402
    CARTS,
    CASES,
    DIFFICULTIES,
    MOVING,
    SQUARES,
    compare,
    compiled_little,  # noqa: F401  (used by itself)
    ours_of,
    reset_of,
    runner,
)

jnp = jax.numpy


@pytest.mark.parametrize(("task", "difficulty"), CASES)
def test_every_step_is_that_of_popgym(task, difficulty):
    with jax.enable_x64(task in MOVING):  # POPGym computes motions in float64
        for seed, skill in ((0, 0.0), (1, 0.9), (2, 1.0)):
            compare(task, difficulty, seed, skill)


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
@pytest.mark.parametrize("task", SQUARES)
def test_rows_and_columns_choose_the_squares_that_popgym_means(task, difficulty):
    compare(task, difficulty, 3, 0.9, actions="row_and_column")
    width = ours_of(task, difficulty, actions="row_and_column").actions.sizes
    assert ours_of(task, difficulty).actions.sizes == (width[0] * width[1],)


def test_an_episode_ends_both_ways_where_it_can():
    endings = {
        task: {compare(task, "easy", seed, skill)[:2] for seed, skill in enumerate((0.0, 0.9, 1.0))}
        for task in SQUARES
    }
    with jax.enable_x64(True):
        endings["StatelessCartPole"] = {
            compare("StatelessCartPole", "easy", 0, skill)[:2] for skill in (0, 1)
        }
    assert endings["StatelessCartPole"] == {(True, False), (False, True)}
    assert (True, False) in endings["MineSweeper"]
    assert (True, False) in endings["Battleship"]


@pytest.mark.parametrize("task", ["RepeatFirst", "RepeatPrevious", "Autoencode", "CountRecall"])
def test_answers_that_are_all_right_pay_one(task):
    assert compare(task, "easy", 5, 1.0)[2] == pytest.approx(1.0)


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_published_repeat_previous_asks_for_the_suit_of_k_steps_ago(difficulty):
    ours = ours_of("RepeatPrevious", difficulty, variant="published")
    first, state = reset_of(ours)(jax.random.key(11))
    k, count = {"easy": (4, 52), "medium": (32, 104), "hard": (64, 156)}[difficulty]
    keys = jax.random.split(jax.random.key(0), count)
    shown = runner(ours, False)(state, jnp.zeros(count, jnp.int32), keys)[0]
    cards = np.argmax(np.stack([first, *shown[:-1]]), axis=1)
    actions = np.random.default_rng(0).integers(4, size=count)
    actions[::2] = [cards[max(time - k, 0)] for time in range(0, count, 2)]
    seen, rewards, terminated, truncated = runner(ours, False)(state, jnp.asarray(actions, jnp.int32), keys)
    right = np.array([actions[time] == cards[time - k] for time in range(k, count)])
    np.testing.assert_array_equal(rewards[:k], 0)
    np.testing.assert_allclose(rewards[k:], np.where(right, 1, -1) / (count - k), rtol=1e-6)
    np.testing.assert_array_equal(np.argmax(seen, axis=1), [*cards[1:], cards[-1]])
    assert np.flatnonzero(terminated).tolist() == [count - 1]
    assert not truncated.any()


@pytest.mark.parametrize("task", CARTS)
def test_a_published_cart_pole_terminates_when_time_runs_out(task):
    for variant, late in (("popgym", (False, True)), ("published", (True, False))):
        ours = ours_of(task, "easy", variant=variant)
        step, (_, state) = jax.jit(ours.step), reset_of(ours)(jax.random.key(0))
        before, last = (
            step(jax.random.key(1), state._replace(time=jnp.int32(time)), 1) for time in (198, 199)
        )
        assert (bool(before[3]), bool(before[4])) == (False, False)
        assert (bool(last[3]), bool(last[4])) == late
