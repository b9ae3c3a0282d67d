"""PPO with backpropagation through time: what it sees, what it learns from, and that it learns."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from neuro_rtrrl.baselines import run_baseline, settings_of, train
from neuro_rtrrl.baselines.advantages import advantages
from neuro_rtrrl.baselines.cells import CTRNN, LSTM
from neuro_rtrrl.baselines.network import ActorCritic, within_bounds
from neuro_rtrrl.baselines.policy import policy_of
from neuro_rtrrl.baselines.ppo import Learner
from neuro_rtrrl.baselines.statistics import include, no_statistics
from neuro_rtrrl.environments import make
from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.spaces import Continuous, Discrete
from neuro_rtrrl.errors import CircuitError, RunError

LENGTH = 3  # steps of an episode of the clock
SPACES = [Discrete((3,)), Discrete((2, 4)), Continuous((-1.0, -2.0), (1.0, 2.0))]
SMALL = {"units": 5, "width": 0, "lanes": 4, "steps": 12, "epochs": 2, "minibatches": 2}


def one(action):
    return 1.0


def steep(action):
    return 1.0 + 20.0 * action


def clock(actions=SPACES[0], truncates=True, reward=one) -> Environment:
    """Return a task that shows the time and a random number, and ends after three steps."""

    def seen(time, key):
        return jnp.stack([time.astype(float), jax.random.uniform(key)])

    def reset(key):
        return seen(jnp.asarray(0), key), jnp.asarray(0)

    def step(key, state, action):
        end = state + 1 == LENGTH
        earned = jnp.asarray(reward(action), float)
        return seen(state + 1, key), state + 1, earned, end & (not truncates), end & truncates

    return Environment("clock", ("time", "noise"), actions, reset, step)


@pytest.fixture(autouse=True, scope="module")
def compiled_quickly():
    """Each test runs a few ticks: what counts is how long XLA takes to compile them."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


def stretch(cell="lstm", actions=SPACES[0], truncates=True, reward=one, **settings):
    """Return a learner of the clock, what it started from, what it then collected, and the batch made of that."""
    return _stretch(cell, actions, truncates, reward, tuple(settings.items()))


@cache  # asked for in one form only, so that tests share what is compiled
def _stretch(cell, actions, truncates, reward, settings):
    recipe = settings_of({**SMALL, **dict(settings)}, actions)
    learner = Learner(clock(actions, truncates, reward), cell, recipe, 10_000)
    start = learner.start(0)

    @jax.jit
    def collected(start):
        _, seen, beyond = learner.acting.run(start.parameters, start.body, jax.random.key(1))
        return seen, learner.batch(start.body.state, seen, beyond)

    return learner, start, *collected(start)


# what is seen


def test_an_episode_starts_with_nothing_done_and_nothing_earned_and_its_last_observation_is_seen():
    _, _, seen, _ = stretch()
    time = np.arange(SMALL["steps"]) % (LENGTH + 1)
    for lane in range(SMALL["lanes"]):
        np.testing.assert_array_equal(seen.inputs[:, lane, 0], time)
        np.testing.assert_array_equal(seen.first[:, lane], time == 0)
        np.testing.assert_array_equal(seen.acts[:, lane], time != LENGTH)
        np.testing.assert_array_equal(seen.inputs[:, lane, 2:5].sum(axis=1), time != 0)
        np.testing.assert_array_equal(seen.inputs[:, lane, 5], time != 0)
        np.testing.assert_array_equal(seen.reward[:, lane], time != LENGTH)
        np.testing.assert_array_equal(seen.truncated[:, lane], time == LENGTH - 1)
    assert not seen.terminated.any()


@pytest.mark.parametrize("actions", SPACES, ids=str)
def test_the_network_is_told_what_it_just_did(actions):
    _, _, seen, _ = stretch(actions=actions)
    told = seen.inputs[1:, :, 2:-1][~np.asarray(seen.first)[1:]]
    done = np.asarray(seen.action)[:-1][~np.asarray(seen.first)[1:]]
    if isinstance(actions, Continuous):
        expected = np.clip(done, -1, 1)
        assert (expected != done).any()
    else:
        expected = np.concatenate([np.eye(size)[done[:, i]] for i, size in enumerate(actions.sizes)], axis=1)
    np.testing.assert_array_equal(told, expected)


def test_no_two_lanes_or_ticks_share_a_key():
    _, _, seen, _ = stretch()
    numbers = np.asarray(seen.inputs)[..., 1].ravel()
    assert len(np.unique(numbers)) == numbers.size


@pytest.mark.parametrize(("meta_inputs", "size"), [(1, 2 + 3 + 1), (0, 2)])
def test_meta_inputs_can_be_left_out(meta_inputs, size):
    learner = Learner(clock(), "lstm", settings_of({**SMALL, "meta_inputs": meta_inputs}, SPACES[0]), 100)
    assert jax.eval_shape(learner.acting.start, jax.random.key(0)).inputs.shape == (4, size)


def test_running_statistics_are_those_of_all_that_counted():
    random = np.random.default_rng(0)
    values, weights = random.normal(3, 2, (20, 4, 2)), random.random((20, 4)) < 0.7
    weights[5] = False
    running = no_statistics((2,))
    for value, weight in zip(values, weights, strict=True):
        running = include(running, jnp.asarray(value), jnp.asarray(weight, float))
    np.testing.assert_allclose(running.mean, values[weights].mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(running.variance, values[weights].var(axis=0), rtol=1e-4)


def test_normalised_observations_and_rewards_reach_the_network_and_the_true_rewards_are_reported():
    _, _, seen, _ = stretch(reward=steep, normalise_observations=1, normalise_rewards=1, steps=400)
    late = np.asarray(seen.inputs)[100:, :, :2].reshape(-1, 2)
    np.testing.assert_allclose(late.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(late.std(axis=0), 1, atol=0.1)
    assert set(np.unique(seen.reward)) == {0, 1, 21, 41}
    ratio = np.asarray(seen.learned_reward)[-4] / np.asarray(seen.reward)[-4]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)  # one scale for all lanes
    assert ratio[0] < 0.1
    np.testing.assert_allclose(seen.inputs[1:, :, -1], seen.learned_reward[:-1])


# the cells


def test_the_lstm_is_that_of_flax():
    theirs: Any = linen.OptimizedLSTMCell(6)
    inputs = jax.random.normal(jax.random.key(0), (5, 2, 3))
    carry = theirs.initialize_carry(jax.random.key(1), (2, 3))
    given = jax.jit(theirs.init)(jax.random.key(1), carry, inputs[0])["params"]
    given = jax.tree.map(lambda x: x + 0.1 * jax.random.normal(jax.random.key(2), x.shape), given)
    gates = "ifgo"
    ours = {
        "inputs": {
            "kernel": jnp.concatenate([given[f"i{gate}"]["kernel"] for gate in gates], axis=1),
            "bias": jnp.concatenate([given[f"h{gate}"]["bias"] for gate in gates]),
        },
        "recurrent": jnp.concatenate([given[f"h{gate}"]["kernel"] for gate in gates], axis=1),
    }
    rates: Any = LSTM(6).apply({"params": ours}, LSTM.initial(2, 6), inputs, jnp.zeros((5, 2), bool))[1]
    for x, expected in zip(inputs, rates, strict=True):
        carry, y = theirs.apply({"params": given}, carry, x)
        np.testing.assert_allclose(y, expected, rtol=1e-5)


def test_the_ctrnn_is_one_euler_step_a_tick():
    inputs = jax.random.normal(jax.random.key(0), (5, 2, 3))
    cell = CTRNN(4)
    parameters = cell.init(jax.random.key(1), CTRNN.initial(2, 4), inputs, jnp.zeros((5, 2), bool))
    rates: Any = cell.apply(parameters, CTRNN.initial(2, 4), inputs, jnp.zeros((5, 2), bool))[1]
    own = jax.tree.map(np.asarray, parameters["params"])
    assert ((own["tau"] >= 1) & (own["tau"] <= 5)).all()
    h = np.zeros((2, 4))
    for x, expected in zip(np.asarray(inputs), rates, strict=True):
        wanted = np.tanh(x @ own["inputs"]["kernel"] + own["inputs"]["bias"] + h @ own["recurrent"])
        h = h + (wanted - h) / own["tau"]
        np.testing.assert_allclose(h, expected, rtol=1e-4, atol=1e-6)


def test_time_constants_stay_at_least_one_tick():
    parameters = {"params": {"cell": {"tau": jnp.array([0.2, 3.0])}, "actor": 1}}
    np.testing.assert_array_equal(within_bounds(parameters)["params"]["cell"]["tau"], [1, 3])


@pytest.mark.parametrize("cell", ["ctrnn", "lstm"])
@pytest.mark.parametrize("width", [0, 6])
def test_gradients_flow_through_time_but_not_across_an_episodes_start(cell, width):
    with jax.enable_x64(True):
        network = ActorCritic(cell, 6, 3, width=width)
        inputs = jax.random.normal(jax.random.key(0), (8, 1, 2))
        first = jnp.zeros((8, 1), bool).at[3].set(True)
        state = network.initial_state(1)
        parameters = jax.jit(network.init)(jax.random.key(1), state, inputs, first)

        def last_value(inputs):
            return network.run(parameters, state, inputs, first)[2][-1, 0]

        gradient = np.asarray(jax.jit(jax.grad(last_value))(inputs))[:, 0]
        nudges = 1e-6 * np.eye(16).reshape(16, 8, 1, 2)
        values = jax.jit(jax.vmap(last_value))(np.concatenate([inputs + nudges, inputs - nudges]))
        differences = np.reshape((values[:16] - values[16:]) / 2e-6, (8, 2))
        np.testing.assert_allclose(gradient, differences, rtol=1e-5, atol=1e-9)
    assert (np.abs(gradient[3:]).max(axis=1) > 1e-6).all()
    assert (gradient[:3] == 0).all()


@pytest.mark.parametrize("cell", ["ctrnn", "lstm"])
def test_the_state_starts_anew_with_each_episode(cell):
    learner, start, seen, _ = stretch(cell)
    run = jax.jit(learner.network.run)
    episode = run(start.parameters, learner.network.initial_state(4), seen.inputs[4:8], seen.first[4:8])
    after_another = run(start.parameters, start.body.state, seen.inputs[:8], seen.first[:8])
    for alone, within in zip(episode[1:], after_another[1:], strict=True):
        np.testing.assert_allclose(alone, within[4:], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(episode[2], seen.value[4:8], rtol=1e-5, atol=1e-7)


# what is learned from


def test_advantages_are_those_of_a_loop_through_truncations_and_terminations():
    random = np.random.default_rng(1)
    ticks, discount, decay = 12, 0.9, 0.8
    reward, value = random.normal(size=ticks), random.normal(size=ticks + 1)
    terminated, truncated = np.zeros(ticks, bool), np.zeros(ticks, bool)
    terminated[3] = truncated[7] = True
    given = [jnp.asarray(array) for array in (reward, terminated, truncated, value)]
    found = advantages(given[0], given[1], given[2], given[3], discount, decay)
    for start in range(ticks):
        expected = 0.0
        for later in range(start, ticks):
            bootstrap = 0.0 if later == 3 else value[later + 1]
            td_error = reward[later] + discount * bootstrap - value[later]
            expected += (discount * decay) ** (later - start) * td_error
            if later in (3, 7):
                break
        np.testing.assert_allclose(found[start], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("truncates", [True, False])
def test_a_truncated_episode_bootstraps_from_its_last_observation_and_a_terminated_one_does_not(truncates):
    _, _, seen, batch = stretch(truncates=truncates)
    last, end = LENGTH - 1, LENGTH
    assert (np.abs(seen.value[end]) > 1e-3).any()
    expected = 1.0 + 0.99 * truncates * np.asarray(seen.value[end])
    np.testing.assert_allclose(batch.target[last], expected, rtol=1e-5)


@pytest.mark.parametrize("actions", SPACES, ids=str)
def test_before_the_first_step_every_action_is_as_likely_as_when_it_was_taken(actions):
    learner, start, seen, batch = stretch(actions=actions)
    _, policy, _ = jax.jit(learner.network.run)(start.parameters, batch.state, seen.inputs, seen.first)
    np.testing.assert_allclose(learner.ratio(policy, seen), 1, rtol=1e-4)


def test_the_tick_that_ends_an_episode_has_no_part_in_the_loss():
    learner, start, seen, batch = stretch()
    there = ~np.asarray(seen.acts)
    spoilt = batch._replace(
        advantage=jnp.where(there, 1e3, batch.advantage),
        target=jnp.where(there, 1e3, batch.target),
        seen=seen._replace(log_probability=jnp.where(there, -20.0, seen.log_probability)),
    )
    loss = jax.jit(jax.value_and_grad(learner.loss))
    before, after = loss(start.parameters, batch), loss(start.parameters, spoilt)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), before, after)


def test_a_choice_of_several_has_the_summed_log_probability_and_entropy():
    policy, logits = policy_of(Discrete((2, 3))), jnp.array([0.3, -0.2, 1.0, 0.0, -1.0])
    first, second = (np.exp(part) / np.exp(part).sum() for part in (logits[:2], logits[2:]))
    joint = np.outer(first, second)
    for a in range(2):
        for b in range(3):
            found = policy.log_probability(logits, jnp.array([a, b]))
            np.testing.assert_allclose(found, np.log(joint[a, b]), rtol=1e-5)
    np.testing.assert_allclose(policy.entropy(logits), -(joint * np.log(joint)).sum(), rtol=1e-5)
    actions = policy.sample(logits, policy.noise(jax.random.key(0), (20_000,)))
    counts = np.histogram2d(*np.asarray(actions).T, bins=(range(3), range(4)))[0] / 20_000
    np.testing.assert_allclose(counts, joint, atol=0.015)


def test_a_continuous_action_has_the_density_of_independent_normals():
    from scipy.stats import norm

    policy = policy_of(SPACES[2])
    mean, deviation, action = np.array([0.3, -2.0]), np.array([0.5, 1.5]), np.array([1.7, 0.1])
    parameters = jnp.concatenate([mean, np.log(deviation)])
    found = policy.log_probability(parameters, jnp.asarray(action))
    np.testing.assert_allclose(found, norm.logpdf(action, mean, deviation).sum(), rtol=1e-5)
    np.testing.assert_allclose(policy.entropy(parameters), norm.entropy(mean, deviation).sum(), rtol=1e-5)
    samples = policy.sample(parameters, policy.noise(jax.random.key(0), (20_000,)))
    np.testing.assert_allclose(samples.mean(axis=0), mean, atol=0.04)
    np.testing.assert_allclose(samples.std(axis=0), deviation, rtol=0.03)


def test_no_gradient_flows_through_a_sample_so_the_mean_learns():
    policy, noise = policy_of(SPACES[2]), jnp.array([0.7, -1.2])
    mean, deviation = np.array([0.3, -2.0]), np.array([0.5, 1.5])
    parameters = jnp.concatenate([mean, np.log(deviation)])

    def of_a_sample(parameters):
        return policy.log_probability(parameters, policy.sample(parameters, noise))

    def density(mean, action):  # written down once more, for autodiff
        return jnp.sum(jnp.log(jnp.exp(-(((action - mean) / deviation) ** 2) / 2) / deviation))

    expected = jax.grad(density)(jnp.asarray(mean), jnp.asarray(mean + deviation * noise))
    found = jax.grad(of_a_sample)(parameters)[:2]
    assert (np.abs(found) > 0.1).all()
    np.testing.assert_allclose(found, expected, rtol=1e-4)


# the run


def test_decisions_are_counted_over_all_lanes_with_the_ticks_of_resets():
    chunks = []
    run_baseline(clock(), "ppo_ctrnn", 0, 90, SMALL, lambda reward, ended: chunks.append((reward, ended)))
    assert [reward.shape for reward, _ in chunks] == [(4, 12), (4, 11)]
    reward, ended = (np.concatenate(parts, axis=1) for parts in zip(*chunks, strict=True))
    np.testing.assert_array_equal(reward[0, :8], [1, 1, 1, 0, 1, 1, 1, 0])
    np.testing.assert_array_equal(np.flatnonzero(ended[0]), [2, 6, 10, 14, 18, 22])


def test_a_run_follows_from_its_seed():
    learner, *_ = stretch()

    def after_two_updates(seed):
        learning, _ = learner.update(learner.start(seed))
        return jax.tree.leaves(learner.update(learning)[0].parameters)

    first, again, other = map(after_two_updates, (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_continuous_actions_move_to_where_the_reward_is():
    environment = clock(SPACES[2], reward=lambda action: -jnp.sum((action - 0.6) ** 2))
    earned = []
    settings = {"learning_rate": 1e-2, "steps": 32, "width": 0}
    run_baseline(
        environment, "ppo_ctrnn", 0, 16 * 32 * 40, settings, lambda r, e: earned.append(r.sum() / r.size)
    )
    assert earned[-1] > earned[0] / 4


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["ppo_ctrnn", "ppo_lstm"])
def test_a_cue_is_remembered(algorithm):
    ends = []

    def take(reward, terminated, truncated):
        ends.append(reward[terminated | truncated])

    environment = make("MemoryChain-bsuite", {"memory_length": 2})
    train(environment, algorithm, settings_of(None, environment.actions), 0, 60_000, take)
    assert np.abs(ends[0].mean()) < 0.3, "chance is 0"
    assert ends[-1].mean() > 0.9


@pytest.mark.slow
def test_acrobot_is_solved_where_rewards_are_normalised():
    """With rewards as they are PPO ends near -490; the clip of its value, 0.2 an update, is a likely cause."""
    rewards, ends = [], []

    def take(reward, ended):
        rewards.append(np.asarray(reward))
        ends.append(np.asarray(ended))

    run_baseline(make("Acrobot-v1"), "ppo_lstm", 0, 500_000, {"normalise_rewards": 1}, take)
    last = slice(-len(rewards) // 10, None)
    mean = np.sum([each.sum() for each in rewards[last]]) / np.sum([each.sum() for each in ends[last]])
    assert mean > -100


def test_a_run_whose_numbers_overflow_ends_with_a_sentence():
    with pytest.raises(RunError, match="ppo_ctrnn diverged between its decisions 0 and 48"):
        run_baseline(
            clock(), "ppo_ctrnn", 0, 96, {**SMALL, "learning_rate": 1e38, "anneal": 0}, lambda *_: None
        )


def test_without_flax_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("neuro_rtrrl.baselines.run.find_spec", lambda name: None if name == "flax" else name)
    with pytest.raises(RunError, match=r"(?s)baselines need flax.*extra 'baselines'"):
        run_baseline(clock(), "ppo_ctrnn", 0, 96, SMALL, lambda *_: None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"clipp": 0.1}, "did you mean 'clip'"),
        ({"lanes": 3.5}, "lanes is an integer from 1 on"),
        ({"discount": 1.5}, "discount is a number from 0 to 1"),
        ({"anneal": 2}, "anneal is true or false"),
        ({"lanes": 6}, "6 lanes cannot be parted into 4 equal minibatches"),
        ({"entropy": float("nan")}, "entropy is a number"),
        ({"learning_rate": -1}, "learning_rate is not negative"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_setting_is_named(given, said):
    with pytest.raises(CircuitError, match=said):
        settings_of(given, Discrete((2,)))


def test_an_unknown_algorithm_is_named():
    with pytest.raises(CircuitError, match=r"(?s)no baseline 'ppo_gru'.*ppo_ctrnn, ppo_lstm"):
        run_baseline(clock(), "ppo_gru", 0, 96, None, lambda *_: None)
