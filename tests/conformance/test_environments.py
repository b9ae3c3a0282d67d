"""Every environment keeps its promises: the catalogue's, the scan's and the streams'."""

import dataclasses
import inspect
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

gymnax = pytest.importorskip("gymnax")
jax = pytest.importorskip("jax")
jnp = jax.numpy

from neuro_rtrrl import randomness  # noqa: E402
from neuro_rtrrl.environments import (  # noqa: E402
    Environment,
    catalogue,
    describe,
    make,
    names,
    registry,
    select,
    streams,
)
from neuro_rtrrl.environments.base import stretched  # noqa: E402
from neuro_rtrrl.environments.gymnax_adapter import make_gymnax  # noqa: E402
from neuro_rtrrl.environments.spaces import Continuous, Discrete  # noqa: E402
from neuro_rtrrl.errors import CircuitError, RunError  # noqa: E402
from neuro_rtrrl.randomness import Stream  # noqa: E402

GYMNAX = [name for name in names() if not name.endswith("-popgym")]  # POPGym's: test_popgym_catalogue.py
CONTINUOUS = [name for name in names() if describe(name).actions.by_degrees]
#: gymnax's own models mix 32-bit and 64-bit numbers in these
ONLY_32_BIT = {"Freeway-MinAtar", "GaussianBandit-misc", "MetaMaze-misc"}

gymnax_model = cache(gymnax.make)


def roll(environment: Environment, steps: int, action: int = 1):
    """Step under jit and scan without resetting; return the outcomes, time leading."""

    space = environment.actions
    kind, shape = (
        (jnp.result_type(float) if space.by_degrees else jnp.int32),
        () if space.scalar else (space.slots,),
    )
    acted = jnp.full(shape, action, kind)

    @jax.jit
    def run(key):
        _, state = environment.reset(key)

        def tick(state, key):
            observation, state, *outcome = environment.step(key, state, acted)
            return state, (observation, *outcome)

        # scan itself refuses a state whose types change
        return jax.lax.scan(tick, state, jax.random.split(key, steps))[1]

    return run(jax.random.key(0))


# --- the catalogue against gymnax


def test_no_gymnax_environment_is_missing():
    listed = {*GYMNAX, *catalogue.UNSUPPORTED}
    assert set(gymnax.registered_envs) == listed
    assert not set(names()) & set(catalogue.UNSUPPORTED)


@pytest.mark.parametrize("name", GYMNAX)
def test_catalogue_agrees_with_gymnax(name):
    model, defaults = gymnax_model(name)
    info = describe(name)
    observation, _ = jax.eval_shape(lambda key: model.reset_env(key, defaults), jax.random.key(0))
    assert len(info.observation) == int(np.prod(observation.shape))
    assert len(set(info.observation)) == len(info.observation)
    space = model.action_space(defaults)
    if hasattr(space, "n"):
        assert info.actions == Discrete((int(space.n),))
    else:
        assert isinstance(info.actions, Continuous)
        for ours, theirs in ((info.actions.low, space.low), (info.actions.high, space.high)):
            np.testing.assert_allclose(ours, np.broadcast_to(theirs, space.shape).reshape(-1), rtol=1e-6)

    theirs = {field.name: getattr(defaults, field.name) for field in dataclasses.fields(defaults)}
    ours = {key: value for key, value in info.parameters.items() if key not in info.structure}
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():
        np.testing.assert_allclose(value, theirs[key], rtol=1e-15, err_msg=key)
    arguments = inspect.signature(type(model)).parameters
    assert {key: info.parameters[key] for key in info.structure} == {
        key: arguments[key].default for key in info.structure
    }


def test_observation_names_are_in_the_order_of_the_values():
    state = {"x": 1.0, "x_dot": 2.0, "theta": 3.0, "theta_dot": 4.0}
    model, defaults = gymnax_model("CartPole-v1")
    _, start = model.reset_env(jax.random.key(0), defaults)
    shown = model.get_obs(start.replace(**{key: jnp.float32(value) for key, value in state.items()}))
    assert dict(zip(describe("CartPole-v1").observation, shown.tolist(), strict=True)) == state

    first = make("MemoryChain-bsuite").reset(jax.random.key(0))[0]
    remaining, query, context = first.tolist()
    assert describe("MemoryChain-bsuite").observation == ("time_remaining", "query", "context")
    assert (remaining, query, abs(context)) == (1.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("name", "parameters", "size"),
    [
        ("MemoryChain-bsuite", {"num_bits": 3}, 5),
        ("DeepSea-bsuite", {"size": 4}, 16),
        ("Catch-bsuite", {"rows": 6, "columns": 3}, 18),
        ("UmbrellaChain-bsuite", {"n_distractor": 20}, 23),
    ],
)
def test_sizes_follow_the_parameters(name, parameters, size):
    assert len(describe(name, parameters).observation) == size
    environment = make(name, parameters)
    assert environment.reset(jax.random.key(0))[0].shape == (environment.observation_size,) == (size,)


def test_derived_parameters_follow_what_they_derive_from():
    heavier = describe("CartPole-v1", {"masspole": 0.5})
    assert heavier.parameters["total_mass"] == 1.5
    assert heavier.parameters["polemass_length"] == 0.25
    assert describe("DeepSea-bsuite", {"size": 12}).parameters["max_steps_in_episode"] == 12
    assert describe("CartPole-v1", {"masspole": 0.5, "total_mass": 9.0}).parameters["total_mass"] == 9.0


def test_catalogue_and_registry_start_without_jax():
    source = (
        "import sys; from neuro_rtrrl.environments import describe, registry, select; registry.available(); "
        "select(describe('CartPole-v1'), ['x']); "
        "sys.exit(bool({'jax', 'gymnax', 'brian2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0


# --- running them


def check_steps(name, float_type):
    environment = make(name)
    observations, rewards, terminated, truncated = roll(environment, 20)
    assert observations.shape == (20, environment.observation_size)
    assert np.isfinite(observations).all()
    assert (observations.dtype, rewards.dtype) == (float_type, float_type)
    assert (terminated.dtype, truncated.dtype) == (bool, bool)
    assert rewards.shape == terminated.shape == truncated.shape == (20,)


@pytest.mark.parametrize("name", names())
def test_every_environment_steps_under_scan(name):
    check_steps(name, np.float32)


@pytest.mark.parametrize("name", ["CartPole-v1", "MemoryChain-bsuite", "DiscountingChain-bsuite"])
def test_environments_step_under_scan_with_64_bit_numbers(name):
    with jax.enable_x64(True):
        check_steps(name, np.float64)


@pytest.mark.parametrize("name", sorted(ONLY_32_BIT))
def test_an_environment_that_mixes_precisions_says_so(name):
    with jax.enable_x64(True), pytest.raises(RunError, match="does not run with 64-bit numbers"):
        make(name).reset(jax.random.key(0))


def test_state_types_after_a_step_are_those_after_a_reset():
    environment = make("MetaMaze-misc")
    _, state = jax.eval_shape(environment.reset, jax.random.key(0))
    _, after, *_ = jax.eval_shape(environment.step, jax.random.key(0), state, jnp.int32(0))
    for before, later in zip(jax.tree.leaves(state), jax.tree.leaves(after), strict=True):
        assert (before.shape, before.dtype, before.weak_type) == (later.shape, later.dtype, False)


def test_step_and_reset_are_those_of_gymnax():
    model, defaults = gymnax_model("CartPole-v1")
    environment = make("CartPole-v1")
    key = jax.random.key(3)
    observation, state = environment.reset(key)
    expected, their_state = model.reset_env(key, defaults)
    np.testing.assert_array_equal(observation, expected)
    stepped = environment.step(key, state, jnp.int32(1))
    theirs = model.step_env(key, their_state, 1, defaults)
    np.testing.assert_allclose(stepped[0], theirs[0], rtol=1e-6)
    assert float(stepped[2]) == float(theirs[2])


def test_a_masked_observation_shows_the_chosen_entries_in_the_chosen_order():
    whole, part = make("CartPole-v1"), make("CartPole-v1", observe=["theta", 0])
    assert part.observation == ("theta", "x")
    assert part.observation_size == 2
    np.testing.assert_array_equal(roll(part, 10)[0], roll(whole, 10)[0][:, [2, 0]])
    np.testing.assert_array_equal(
        part.reset(jax.random.key(5))[0], whole.reset(jax.random.key(5))[0][jnp.array([2, 0])]
    )


def test_cartpole_is_truncated_when_time_runs_out_and_terminated_when_the_pole_falls():
    _, _, terminated, truncated = roll(make("CartPole-v1", {"max_steps_in_episode": 5}), 5)
    assert truncated.tolist() == [False] * 4 + [True]
    assert not terminated.any()
    _, _, terminated, truncated = roll(make("CartPole-v1"), 30)
    assert terminated.any()
    assert not truncated.any()


def test_the_last_observation_of_an_episode_is_not_the_next_ones_first():
    observations, _, terminated, _ = roll(make("CartPole-v1"), 30)
    end = int(np.argmax(terminated))
    fallen = describe("CartPole-v1").parameters["theta_threshold_radians"]
    assert abs(observations[end, 2]) > fallen or abs(observations[end, 0]) > 2.4


def test_memory_chain_ends_after_its_length():
    _, rewards, terminated, _ = roll(make("MemoryChain-bsuite", {"memory_length": 8}), 9)
    assert np.flatnonzero(terminated)[0] == np.flatnonzero(rewards)[0]
    longer = roll(make("MemoryChain-bsuite", {"memory_length": 12}), 13)[2]
    assert np.flatnonzero(longer)[0] == np.flatnonzero(terminated)[0] + 4


# --- what is refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("CartPole-v2",), "did you mean 'CartPole-v1'"),
        (("MNISTBandit-bsuite",), "downloads its images"),
        (("CartPole-v1", {"gravty": 1.0}), "did you mean 'gravity'"),
        (("CartPole-v1", {"gravity": "much"}), "is a finite number"),
        (("CartPole-v1", {"gravity": float("nan")}), "is a finite number"),
        (("CartPole-v1", {"max_steps_in_episode": 2.5}), "is a whole number"),
        (("CartPole-v1", {"max_steps_in_episode": 0}), "is at least 1"),
        (("DeepSea-bsuite", {"deterministic": 1}), "is true or false"),
        (("DeepSea-bsuite", {"size": "big"}), "is a finite number"),
        (("Acrobot-v1", {"available_torque": [1.0]}), "is a list of 3 numbers"),
        (("CartPole-v1", None, ["tetha"]), "did you mean 'theta'"),
        (("CartPole-v1", None, [4]), "its indices run from 0 to 3"),
        (("CartPole-v1", None, ["x", 0]), "lists 'x' twice"),
        (("CartPole-v1", None, []), "'observe' is empty"),
        (("CartPole-v1", None, "evn"), "did you mean 'even'"),
        (("SimpleBandit-bsuite", None, "odd"), "leaves none"),
        (("CartPole-v1", None, [True]), "a name or an index"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(arguments, message):
    with pytest.raises(CircuitError, match=message):
        make(*arguments)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_the_whole_of_what_a_task_allows_is_from_minus_one_to_one(name):
    space = describe(name).actions
    for bound, end in ((space.low, -1.0), (space.high, 1.0)):
        for action in (end, 7 * end):  # what is outside counts as the bound
            np.testing.assert_allclose(stretched(jnp.full(space.width, action), space), bound, rtol=1e-6)
    middle = np.add(space.low, space.high) / 2
    np.testing.assert_allclose(stretched(jnp.zeros(space.width), space), middle, atol=1e-7)


def test_a_step_by_degrees_is_that_of_gymnax_in_the_tasks_own_units():
    model, defaults = gymnax_model("Pendulum-v1")
    environment, key = make("Pendulum-v1"), jax.random.key(3)
    _, state = environment.reset(key)
    _, their_state = model.reset_env(key, defaults)
    ours = environment.step(key, state, jnp.array([0.25]))
    theirs = model.step_env(key, their_state, jnp.array([0.5]), defaults)  # the torque goes up to 2
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5)
    np.testing.assert_allclose(ours[2], theirs[2], rtol=1e-5)


def test_all_problems_come_at_once():
    with pytest.raises(CircuitError) as caught:
        make_gymnax("Pendulum-v1", {"mas": 1.0, "g": "heavy"}, observe=(7,))
    assert len(caught.value.problems) == 3


def test_select_raises_a_readable_value_error():
    with pytest.raises(ValueError, match=r"no observation 'y'; available: x, x_dot, theta, theta_dot"):
        select(describe("CartPole-v1"), ["y"])


# --- environments of other packages


def coin(sides: int = 2) -> Environment:
    def reset(key):
        return jnp.zeros(2), jnp.int32(0)

    def step(key, state, action):
        return jnp.array([1.0, 2.0]), state + 1, jnp.float32(1), state > 3, jnp.bool_(False)

    return Environment("Coin-test", ("head", "tail"), sides, reset, step)


@pytest.fixture
def installed(monkeypatch):
    from importlib.metadata import EntryPoint

    entry = EntryPoint("Coin-test", f"{__name__}:coin", registry.GROUP)
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    monkeypatch.setattr(registry, "_installed", lambda: {"Coin-test": entry})


@pytest.mark.usefixtures("installed")
def test_an_installed_environment_is_found_masked_and_checked():
    assert "Coin-test" in registry.available()
    environment = make("Coin-test", {"sides": 3}, ["tail"])
    assert (environment.actions, environment.observation) == (Discrete((3,)), ("tail",))
    assert roll(environment, 3)[0].tolist() == [[2.0]] * 3
    with pytest.raises(CircuitError, match="refuses its parameters"):
        make("Coin-test", {"side": 3})


# --- streams


SEED = randomness.key(7)
CARTPOLE = make("CartPole-v1")


@pytest.mark.parametrize(
    "draw",
    [
        lambda start, count: streams.action_uniforms(SEED, start, count),
        lambda start, count: streams.action_uniforms(SEED, start, count, draws=3),
        lambda start, count: streams.noise_uniforms(SEED, "lif", start, count, (2, 3)),
        lambda start, count: jax.random.key_data(streams.step_keys(SEED, start, count)),
        lambda start, count: jax.random.key_data(streams.reset_keys(SEED, start, count)),
        lambda start, count: streams.reset_states(CARTPOLE, SEED, start, count)[0],
    ],
    ids=["action", "action_3_draws", "noise", "step_keys", "reset_keys", "reset_states"],
)
def test_streams_do_not_depend_on_how_a_run_is_cut(draw):
    whole = np.asarray(draw(10, 20))
    assert whole.shape[0] == 20
    np.testing.assert_array_equal(whole, np.concatenate([draw(10, 7), draw(17, 13)]))
    np.testing.assert_array_equal(whole, draw(jnp.int32(10), 20))
    assert len(np.unique(whole.reshape(20, -1), axis=0)) == 20


def test_action_uniforms_are_the_words_of_the_numpy_generator():
    for draw in (0, 1):
        expected = (
            randomness.bits(randomness.stream_key(7, Stream.ACTION, draw), 9, start=5) >> 8
        ) * 2.0**-24
        np.testing.assert_array_equal(streams.action_uniforms(SEED, 5, 9, draws=2)[:, draw], expected)
    np.testing.assert_array_equal(
        streams.action_uniforms(SEED, 5, 9), streams.action_uniforms(SEED, 5, 9, draws=2)[:, 0]
    )


def test_keys_and_noise_are_those_of_the_numpy_generator():
    step_key = randomness.fold_in(randomness.stream_key(7, Stream.ENVIRONMENT_STEP), 4)
    np.testing.assert_array_equal(jax.random.key_data(streams.step_keys(SEED, 4, 1))[0], step_key)
    noise_key = randomness.fold_in(randomness.stream_key(7, Stream.NOISE, "lif"), 4)
    noise = (randomness.bits(noise_key, 6).reshape(2, 3) >> 8) * 2.0**-24
    np.testing.assert_array_equal(streams.noise_uniforms(SEED, "lif", 4, 1, (2, 3))[0], noise)


def test_streams_map_over_seeds():
    seeds = np.stack([randomness.key(seed) for seed in (0, 7, 2**40)])
    mapped = jax.vmap(lambda seed: streams.action_uniforms(seed, 3, 5))(seeds)
    np.testing.assert_array_equal(mapped[1], streams.action_uniforms(SEED, 3, 5))
    assert len(np.unique(mapped)) == 15
    environment = make("MemoryChain-bsuite")
    observations, _ = jax.vmap(lambda seed: streams.reset_states(environment, seed, 0, 4))(seeds)
    assert observations.shape == (3, 4, 3)


def test_streams_are_the_same_in_both_precisions():
    expected = np.asarray(streams.action_uniforms(SEED, 2**31, 6))
    with jax.enable_x64(True):
        wide = streams.action_uniforms(SEED, 2**31, 6)
        assert wide.dtype == np.float32
        np.testing.assert_array_equal(wide, expected)


@pytest.mark.parametrize("start", [-1, 2**32])
def test_an_index_beyond_a_stream_is_refused(start):
    with pytest.raises(ValueError, match="indices of a random stream"):
        streams.step_keys(SEED, start, 1)
