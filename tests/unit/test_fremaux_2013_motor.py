"""Cart-pole and acrobot of Frémaux et al. 2013: bodies that keep their energy, trials that end as they should."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax")

from neuro_rtrrl import load, simulate
from neuro_rtrrl.programs import make_environment

FOLDER = Path(__file__).parents[2] / "experiments" / "Fremaux_2013"
UNWATCHED = "record=[{variable: dopamine}]"


def module(name):
    specification = importlib.util.spec_from_file_location(f"fremaux_{name}", FOLDER / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    found = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(found)
    return found


@pytest.fixture(scope="module")
def cartpole():
    return module("cartpole")


def swung(body, state, steps, force=0.0, interval=0.01):
    """Return the states of ``steps`` intervals of a constant force, (steps + 1, 4)."""
    import jax
    import jax.numpy as jnp

    one = jax.jit(lambda at: body.moved(at, force, interval))
    states = [jnp.asarray(state, jnp.float32)]
    for _ in range(steps):
        states.append(one(states[-1]))
    return np.asarray(states, dtype=float)


def test_a_cart_that_nothing_pushes_keeps_energy_and_momentum(cartpole):
    states = swung(cartpole, [0.0, 0.5, 0.3, 0.0], 300)
    _, velocity, angle, turning = states.T
    cart, pole, half, g = cartpole.CART, cartpole.POLE, cartpole.HALF, cartpole.GRAVITY
    # the pole is a rod of length 2*half: inertia m*half^2/3 about its middle
    along = velocity + half * turning * np.cos(angle)
    moving = 0.5 * cart * velocity**2 + 0.5 * pole * (along**2 + (half * turning * np.sin(angle)) ** 2)
    energy = moving + pole * half**2 / 6 * turning**2 + pole * g * half * np.cos(angle)
    assert np.abs(angle).max() > 3  # it fell and swung through
    assert np.ptp(energy) < 1e-3 * np.ptp(pole * g * half * np.cos(angle))
    momentum = (cart + pole) * velocity + pole * half * turning * np.cos(angle)
    assert np.ptp(momentum) < 1e-3 * np.ptp(pole * half * turning * np.cos(angle))


def test_an_upright_pole_falls_exponentially(cartpole):
    """The linear rate is sqrt(g/(half*(4/3 - m/(m + M))))."""
    mass = cartpole.CART + cartpole.POLE
    rate = np.sqrt(cartpole.GRAVITY / (cartpole.HALF * (4 / 3 - cartpole.POLE / mass)))
    states = swung(cartpole, [0.0, 0.0, 1e-3, rate * 1e-3], 60)
    np.testing.assert_allclose(states[:, 2], 1e-3 * np.exp(rate * np.arange(61) / 100), rtol=2e-3)


def test_a_pole_that_has_fallen_is_not_seen_and_ends_the_trial_after_a_pause():
    import jax
    import jax.numpy as jnp

    task = make_environment(load(FOLDER / "cartpole_circuit.yaml", [UNWATCHED]))
    assert task is not None
    _, state = task.reset(jax.random.key(0))
    state["body"] = jnp.asarray([0.0, 0.0, 0.7, 2.0])
    step, paid = jax.jit(task.step), []
    for _ in range(100):
        observation, state, reward, terminated, truncated = step(jax.random.key(1), state, jnp.asarray([0.0]))
        paid.append(float(reward))
        assert not truncated
        if terminated:
            break
    fell = 1 + int(np.flatnonzero(paid)[-1])
    assert len(paid) == fell + 80
    assert paid[0] == pytest.approx(0.4 * np.cos(0.72), abs=5e-3)
    assert float(observation[0]) > 10


def test_the_end_of_the_rail_ends_the_trial_and_time_runs_out():
    import jax
    import jax.numpy as jnp

    task = make_environment(
        load(FOLDER / "cartpole_circuit.yaml", [UNWATCHED, "environment.parameters.time_out=0.02"])
    )
    assert task is not None
    _, state = task.reset(jax.random.key(0))
    for start, failed in ((4.999, True), (0.0, False)):
        state["body"] = jnp.asarray([start, 1.0, 0.0, 0.0])
        state["time"] = jnp.int32(1)
        _, after, _, terminated, truncated = task.step(jax.random.key(1), state, jnp.asarray([1.0]))
        assert (int(after["over"]) > 0) == failed
        assert bool(truncated) != failed
        assert not terminated


def test_a_pole_to_be_swung_up_begins_anywhere_is_seen_finely_near_the_top_and_must_not_spin_past_it():
    import jax
    import jax.numpy as jnp

    task = make_environment(load(FOLDER / "swing_up_circuit.yaml", [UNWATCHED]))
    assert task is not None
    _, starts = jax.vmap(task.reset)(jax.random.split(jax.random.key(0), 400))
    angles = np.abs(np.asarray(starts["body"][:, 2]))
    upright = angles <= 0.05
    assert 0.2 < upright.mean() < 0.4  # 0.3, and few of the others by chance
    assert 1.4 < angles[~upright].mean() < 1.75
    assert angles.max() > 3
    _, state = task.reset(jax.random.key(0))
    for angle, turning, failed in ((0.9, 7.5, True), (0.9, 6.0, False), (2.0, 7.5, False), (3.1, 5.0, False)):
        state["body"] = jnp.asarray([0.0, 0.0, angle, turning])
        observation, after, reward, _, _ = task.step(jax.random.key(1), state, jnp.asarray([0.0]))
        assert (int(after["over"]) > 0) == failed
        turned = float(after["body"][2])
        assert -np.pi <= turned <= np.pi
        if not failed:
            assert float(observation[2]) == pytest.approx(
                3.5 * np.sign(turned) * np.sqrt(abs(turned) / np.pi), rel=1e-4
            )
            assert float(reward) == pytest.approx(
                0.01 * (5 * np.cos(turned) + 35 * np.exp(-2 * turned**2)), abs=1e-5
            )


def test_links_that_nothing_turns_keep_their_energy_and_swing_slightly_at_their_own_rates():
    body = module("acrobot")
    mass, length, middle, inertia, g = body.MASS, body.LENGTH, body.MIDDLE, body.INERTIA, body.GRAVITY

    def energies(states):
        first, second, fast, faster = states.T
        both = fast + faster
        speeds = (
            (length * fast) ** 2 + (middle * both) ** 2 + 2 * length * middle * fast * both * np.cos(second)
        )
        moving = 0.5 * (mass * middle**2 + inertia) * fast**2 + 0.5 * mass * speeds + 0.5 * inertia * both**2
        lifted = -mass * g * ((middle + length) * np.cos(first) + middle * np.cos(first + second))
        return moving, lifted

    moving, lifted = energies(swung(body, [1.5, -1.0, 0.0, 0.0], 500))
    assert np.ptp(moving) > 10
    assert np.ptp(moving + lifted) < 1e-3 * np.ptp(lifted)
    # small swings: M acceleration = -K angle, both angles from the vertical
    inertias = [[mass * (middle**2 + length**2) + inertia, mass * length * middle]]
    inertias.append([mass * length * middle, mass * middle**2 + inertia])
    springs = np.diag([mass * g * (middle + length), mass * g * middle])
    rates, shapes = np.linalg.eig(np.linalg.solve(np.array(inertias), springs))
    upper, lower = 1e-3 * shapes[:, 0]
    states = swung(body, [upper, lower - upper, 0.0, 0.0], 200)
    expected = upper * np.cos(np.sqrt(rates[0]) * np.arange(201) / 100)
    np.testing.assert_allclose(states[:, 0], expected, atol=2e-6)


def test_the_goal_pays_once_and_ends_the_trial_after_a_pause_and_time_runs_out():
    import jax
    import jax.numpy as jnp

    circuit = load(FOLDER / "acrobot_circuit.yaml", [UNWATCHED])
    task, body = make_environment(circuit), module("acrobot")
    assert task is not None
    assert circuit.environment is not None
    _, state = task.reset(jax.random.key(0))
    state["body"] = jnp.asarray([2.0, 0.0, 4.0, 0.0])  # rises and passes the goal
    step, paid = jax.jit(task.step), []
    for _ in range(200):
        lower = float(body.height(state["body"])) < 1
        observation, state, reward, terminated, truncated = step(jax.random.key(1), state, jnp.asarray([0.0]))
        paid.append(float(reward))
        assert lower == (len(paid) <= np.argmax(paid) + 1)
        assert not truncated
        if terminated:
            break
    arrived = int(np.argmax(paid))
    assert 0 < arrived < 50
    assert paid[arrived] == pytest.approx(90, abs=0.1)
    assert max(paid[:arrived]) < 0
    assert len(paid) == arrived + 1 + 80
    assert not any(paid[arrived + 1 :])
    assert float(observation[0]) > 10
    _, state = task.reset(jax.random.key(0))
    state["time"] = jnp.int32(5999)
    assert bool(step(jax.random.key(1), state, jnp.asarray([0.0]))[4])


def test_to_hang_for_ever_is_worth_less_than_silence():
    import jax
    import jax.numpy as jnp

    circuit = load(FOLDER / "acrobot_circuit.yaml", [UNWATCHED])
    task, value = make_environment(circuit), circuit.populations["value"].parameters
    assert task is not None
    _, state = task.reset(jax.random.key(0))
    state["body"] = jnp.zeros(4)
    reward = float(task.step(jax.random.key(1), state, jnp.asarray([0.0]))[2])
    discount = circuit.neuromodulators["dopamine"].parameters["tau_discount"]
    worth = reward / circuit.timing.decision_interval * discount
    assert worth == pytest.approx(-24)
    assert worth < value["offset"].constant == -23


def test_whoever_pushes_against_the_upper_link_needs_five_seconds():
    import jax
    import jax.numpy as jnp

    body = module("acrobot")
    step = jax.jit(lambda state: body.moved(state, -5.0 * jnp.sign(state[2]), 0.01))
    state, steps = jnp.asarray([0.02, 0.01, 0.01, 0.0]), 0
    while float(body.height(state)) <= 1 and steps < 1000:
        state, steps = step(state), steps + 1
    assert steps / 100 == pytest.approx(5.1, abs=0.1)


@pytest.mark.parametrize("task", ["cartpole", "swing_up", "acrobot"])
def test_the_actor_pushes_dopamine_teaches_and_every_synapse_is_local(task):
    circuit = load(FOLDER / f"{task}_circuit.yaml", ["record=[{variable: action}, {variable: dopamine}]"])
    assert not [each for each in circuit.audit() if not each.local]
    with_it = simulate(circuit, duration="0.5 s", seeds=1)
    without = simulate(circuit.intervene("no_dopamine"), duration="0.5 s", seeds=1)
    assert np.ptp(with_it["action"].values) > 0.1
    assert np.abs(with_it["dopamine"].values).max() > 1
    changed = {
        name: np.abs(
            with_it.of(0)[f"place_cells_to_{name}.w"] - without.of(0)[f"place_cells_to_{name}.w"]
        ).max()
        for name in ("critic", "left", "right")
    }
    assert changed["critic"] > 1e-6  # volts
    assert max(changed["left"], changed["right"]) > 1e-6  # one pool may silence the other for so long
