"""Environments of gymnasium through the host: what the loop sees is what one gets by stepping them by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

jax = pytest.importorskip("jax")
gymnasium = pytest.importorskip("gymnasium")

from gymnasium import spaces  # noqa: E402

from neuro_rtrrl import load, simulate  # noqa: E402
from neuro_rtrrl.environments import make, streams  # noqa: E402
from neuro_rtrrl.environments.gymnasium_adapter import episode_words, seed_of  # noqa: E402
from neuro_rtrrl.environments.gymnasium_host import Host  # noqa: E402
from neuro_rtrrl.environments.gymnasium_spaces import actions_in, entries_of, taken  # noqa: E402
from neuro_rtrrl.environments.spaces import Continuous, Discrete  # noqa: E402
from neuro_rtrrl.errors import CircuitError, RunError  # noqa: E402
from neuro_rtrrl.randomness import key  # noqa: E402

BG = Path(__file__).parents[2] / "circuits" / "bg.yaml"
RECORD = "record=[{variable: action}, {variable: sensory.r}, {variable: reward}]"


def circuit(environment: str):
    return load(BG, [f"environment={environment}", RECORD])


def by_hand(instance, seed: int, actions, act) -> list:
    """Step gymnasium with the seeds and actions of a run; return (observation, reward, first) of every decision."""
    count, history, over = len(actions), [], True
    words = np.asarray(jax.vmap(episode_words)(streams.reset_keys(key(seed), 0, count)))
    for decision in range(count):
        if over:
            observation, _ = instance.reset(seed=seed_of(words[decision]))
            history.append((observation, 0.0, True))
            over = False
        else:
            observation, reward, terminated, truncated, _ = instance.step(act(actions[decision - 1]))
            history.append((observation, reward, False))
            over = terminated or truncated
    return history


# a short time limit, so that episodes end both ways
@pytest.mark.parametrize(
    ("backend", "decisions", "seeds", "options"),
    [
        ("jax", 100, 2, {"kernel": "xla"}),
        ("jax", 200, 3, {"kernel": "native", "precision": "float64"}),
        ("brian2", 60, 1, {"codegen": "numpy"}),
    ],
)
def test_a_run_is_what_gymnasium_does_by_hand(backend, decisions, seeds, options):
    task = circuit("{name: gymnasium/CartPole-v1, parameters: {max_episode_steps: 15}}")
    result = simulate(task, decisions=decisions, seeds=seeds, backend=backend, **options)
    ends = set(result.episodes.table.end.tolist())
    for row in range(seeds):
        actions = result.recordings["action"].values[row]
        instance = gymnasium.make("CartPole-v1", max_episode_steps=15)
        expected = by_hand(instance, row, actions.astype(int), int)
        shown, rewards = result.recordings["sensory_r"].values[row], result.recordings["reward"].values[row]
        for decision, (observation, reward, _) in enumerate(expected):
            np.testing.assert_allclose(shown[decision, :4], observation, rtol=1e-6, err_msg=str(decision))
            assert rewards[decision] == pytest.approx(reward)
        firsts = [decision for decision, (*_, first) in enumerate(expected) if first]
        assert len(firsts) - 1 == (result.episodes.table.seed == row).sum()
    assert len(ends) > 2


def test_mapped_over_a_batch_each_member_is_an_episode_of_its_own():
    environment = make("gymnasium/CartPole-v1", {"max_episode_steps": 9})
    keys = jax.random.split(jax.random.key(4), 5)
    actions = np.random.default_rng(0).integers(2, size=(12, 5))

    @jax.jit
    def run(keys, actions):
        observation, state = jax.vmap(environment.reset)(keys)

        def tick(state, action):
            seen, state, *told = jax.vmap(environment.step)(keys, state, action)
            return state, (seen, *told)

        return observation, jax.lax.scan(tick, state, actions)[1]

    first, (seen, reward, terminated, truncated) = jax.tree.map(np.asarray, run(keys, actions))
    for member, one in enumerate(keys):
        instance = gymnasium.make("CartPole-v1", max_episode_steps=9)
        observation, _ = instance.reset(seed=seed_of(np.asarray(episode_words(one))))
        np.testing.assert_allclose(first[member], observation)
        for time in range(9):
            observation, paid, over, late, _ = instance.step(int(actions[time, member]))
            np.testing.assert_allclose(seen[time, member], observation)
            assert (reward[time, member], terminated[time, member], truncated[time, member]) == (
                paid,
                over,
                late,
            )
        assert late
        assert not over
        assert not seen[9:, member].any(), "an episode that has ended is not stepped on"


def test_continuous_actions_reach_their_bounds():
    environment = make("gymnasium/Pendulum-v1")
    assert environment.actions == Continuous((-2.0,), (2.0,))
    assert environment.observation == ("cos_theta", "sin_theta", "theta_dot")
    for action, torque in ((-1.0, -2.0), (0.5, 1.0), (7.0, 2.0)):
        _, state = environment.reset(jax.random.key(1))
        seen, *_ = environment.step(jax.random.key(0), state, jax.numpy.array([action]))
        instance = gymnasium.make("Pendulum-v1")
        instance.reset(seed=seed_of(np.asarray(episode_words(jax.random.key(1)))))
        np.testing.assert_allclose(seen, instance.step(np.array([torque], np.float32))[0], rtol=1e-5)


def test_the_same_step_is_answered_once_more_without_another():
    host = Host(lambda: gymnasium.make("CartPole-v1"))
    first = [host.step((1, 2), 7, time, 1) for time in range(3)]
    np.testing.assert_array_equal(host.step((1, 2), 7, 2, 1), first[2])
    again = [host.step((1, 2), 7, time, 1) for time in (0, 1, 2)]
    np.testing.assert_array_equal(first, again)
    with pytest.raises(RunError, match="in its middle"):
        host.step((1, 2), 7, 9, 1)
    with pytest.raises(RunError, match="in its middle"):
        host.step((3, 4), 7, 1, 1)


def test_few_instances_serve_many_episodes():
    made = []
    host = Host(lambda: made.append(1) or gymnasium.make("CartPole-v1"))
    for name in range(1000):
        host.first(name)
        host.step((name, 0), name, 0, 1)
    assert len(made) < 300


# --- spaces

SPACES = {
    "box": (spaces.Box(-1, 1, (2, 2)), ("entry_0_0", "entry_0_1", "entry_1_0", "entry_1_1")),
    "choice": (spaces.Discrete(3), ("value_0", "value_1", "value_2")),
    "choices": (spaces.MultiDiscrete([2, 1]), ("value_0_0", "value_0_1", "value_1_0")),
    "bits": (spaces.MultiBinary(2), ("entry_0", "entry_1")),
    "parts": (
        spaces.Dict({"speed": spaces.Box(0, 1, (1,)), "goal": spaces.Dict({"at": spaces.Box(0, 1, (2,))})}),
        ("goal_at_entry_0", "goal_at_entry_1", "speed"),
    ),
    "pair": (
        spaces.Tuple([spaces.Discrete(2), spaces.Box(0, 1, ())]), ("part_0_value_0", "part_0_value_1", "part_1"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SPACES)
def test_every_entry_of_a_flat_observation_has_a_name(name):
    space, names = SPACES[name]
    assert entries_of(space) == names
    assert len(names) == spaces.flatdim(space)


def test_actions_are_those_of_the_space():
    for space, action, expected in (
        (spaces.Discrete(3, start=5), [2], 7),
        (spaces.MultiDiscrete([[3, 2], [4, 4]]), [2, 1, 0, 3], [[2, 1], [0, 3]]),
        (spaces.MultiBinary(3), [1, 0, 1], [1, 0, 1]),
        (spaces.Box(-2, 2, (2, 1)), [2.0000001, -3.0], [[2.0], [-2.0]]),
    ):
        given = taken(space, np.array(action))
        assert space.contains(given)
        np.testing.assert_array_equal(given, expected)
    assert actions_in(spaces.MultiDiscrete([3, 2])) == Discrete((3, 2))
    assert actions_in(spaces.MultiBinary(2)) == Discrete((2, 2))
    with pytest.raises(ValueError, match="makes choices or acts by degrees"):
        actions_in(spaces.Text(3))
    with pytest.raises(ValueError, match="no fixed size"):
        entries_of(spaces.Sequence(spaces.Discrete(2)))


# --- what is refused


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ("{name: gymnasium/CartPol-v1}", "cannot make CartPol-v1"),
        ("{name: gymnasium/}", "cannot make"),
        ("{name: gymnasium/CartPole-v1, parameters: {colour: red}}", "unexpected keyword argument 'colour'"),
        ("{name: gymnasium/CartPole-v1, observe: [y]}", "no observation 'y'"),
    ],
)
def test_what_gymnasium_does_not_make_is_told_in_the_circuit_file(environment, message):
    with pytest.raises(CircuitError, match=message) as caught:
        circuit(environment)
    assert caught.value.problems[0].location is not None


class Breaking(gymnasium.Env):
    observation_space, action_space = spaces.Box(0, 1, (1,)), spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        return np.zeros(1), {}

    def step(self, action):
        raise ValueError("the floor gave way")


@pytest.mark.parametrize(("backend", "decisions"), [("jax", 30), ("brian2", 5)])
def test_what_breaks_on_the_host_ends_the_run_with_its_reason(backend, decisions):
    gymnasium.register("Breaking-v0", Breaking)
    try:
        with pytest.raises(RunError, match="ValueError: the floor gave way"):
            simulate(circuit("{name: gymnasium/Breaking-v0}"), decisions=decisions, seeds=1, backend=backend)
    finally:
        del gymnasium.registry["Breaking-v0"]
