"""What our POPGym tasks are called, show, take and refuse."""

import subprocess
import sys

import numpy as np
import pytest

jax = pytest.importorskip("jax")
pytest.importorskip("popgym", reason="popgym (extra 'test') is what these tasks are held against")

from gymnasium import spaces  # noqa: E402
from popgym.core import deck  # noqa: E402

from neuro_rtrrl.environments import describe, make, registry  # noqa: E402
from neuro_rtrrl.environments.popgym.table import SUFFIX, TABLE  # noqa: E402
from neuro_rtrrl.environments.spaces import Continuous, Discrete  # noqa: E402
from neuro_rtrrl.errors import CircuitError  # noqa: E402
from tests.conformance.popgym_play import CASES, SETTINGS, SQUARES, ours_of, theirs_of  # noqa: E402

jnp = jax.numpy


@pytest.mark.parametrize(("task", "difficulty"), CASES)
def test_the_catalogue_says_what_popgym_shows_and_takes(task, difficulty):
    info, theirs = describe(task + SUFFIX, {"difficulty": difficulty}), theirs_of(task, difficulty)
    assert len(info.observation) == len(set(info.observation)) == spaces.flatdim(theirs.observation_space)
    taken = theirs.action_space
    if isinstance(taken, spaces.Box):
        assert info.actions == Continuous(tuple(taken.low.tolist()), tuple(taken.high.tolist()))
    elif isinstance(taken, spaces.MultiDiscrete):
        pair = {"difficulty": difficulty, "actions": "row_and_column"}
        assert info.actions == Discrete((int(np.prod(taken.nvec)),))
        assert describe(task + SUFFIX, pair).actions == Discrete(tuple(taken.nvec.tolist()))
        assert task in SQUARES
    else:
        assert info.actions == Discrete((int(taken.n),))
    assert info.parameters["difficulty"] == difficulty


@pytest.mark.parametrize(("task", "difficulty"), CASES)
@pytest.mark.parametrize("wide", [False, True])
def test_a_state_keeps_its_types_from_step_to_step(task, difficulty, wide):
    with jax.enable_x64(wide):
        environment, key = ours_of(task, difficulty), jax.random.key(0)
        observation, state = jax.eval_shape(environment.reset, key)
        action = jnp.zeros(1) if isinstance(environment.actions, Continuous) else jnp.int32(1)
        again, after, reward, *ends = jax.eval_shape(environment.step, key, state, action)
        assert observation.shape == again.shape == (environment.observation_size,)
        assert observation.dtype == again.dtype == reward.dtype == jnp.result_type(float)
        assert [(end.shape, end.dtype) for end in ends] == [((), bool)] * 2
        for one, other in zip(jax.tree.leaves(state), jax.tree.leaves(after), strict=True):
            assert (one.shape, one.dtype) == (other.shape, other.dtype)
            assert not other.weak_type


def test_names_of_cards_are_in_the_order_of_popgym():
    suits, ranks = describe("RepeatFirst-popgym").observation, describe("HigherLower-popgym").observation
    assert [name.removeprefix("suit_")[0] for name in suits] == list(deck.SUITS)
    short = [name.removeprefix("rank_") for name in ranks]
    assert [name if name.isdigit() else name[0] for name in short] == list(deck.RANKS)
    assert describe("CountRecall-popgym").observation == (
        "shown_black",
        "shown_red",
        "asked_black",
        "asked_red",
    )
    assert [name[0] for name in ("black", "red")] == list(deck.COLORS)


def test_tasks_are_known_without_jax():
    source = (
        "import sys; from neuro_rtrrl.environments import describe, registry; "
        "registry.available(); assert describe('CountRecall-popgym', {'difficulty': 'hard'}).actions.sizes == (17,); "
        "sys.exit(bool({'jax', 'gymnax', 'popgym'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0


def test_every_task_of_the_table_is_offered():
    assert set(TABLE) <= set(registry.available())
    assert set(TABLE) == {task + SUFFIX for task in SETTINGS}


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("RepeatPrevious-popgym", {"difficulty": "esy"}, "is one of easy, medium, hard"),
        ("RepeatPrevious-popgym", {"difficulty": 1}, "is one of easy, medium, hard"),
        ("RepeatPrevious-popgym", {"difficulty": ["easy"]}, "is one of easy, medium, hard"),
        ("RepeatPrevious-popgym", {"variant": "public"}, "is one of popgym, published"),
        ("RepeatPrevious-popgym", {"dificulty": "easy"}, "did you mean 'difficulty'"),
        ("RepeatFirst-popgym", {"variant": "published"}, "no parameter 'variant'"),
        ("RepeatPrevios-popgym", {}, "did you mean 'RepeatPrevious-popgym'"),
        ("RepeatFirst-popgym", {"actions": "flat"}, "no parameter 'actions'"),
        ("Battleship-popgym", {"actions": "pairs"}, "is one of flat, row_and_column"),
    ],
)
def test_what_cannot_be_made_is_refused_with_a_sentence(name, parameters, message):
    with pytest.raises(CircuitError, match=message) as caught:
        make(name, parameters)
    assert all(problem.where.startswith("environment.") for problem in caught.value.problems)
