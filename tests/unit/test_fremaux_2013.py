"""The water maze of Frémaux et al. 2013: the paper's numbers, a swimmer that swims, dopamine that teaches."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax")

from neuro_rtrrl import load, simulate
from neuro_rtrrl.graph import initial_values
from neuro_rtrrl.programs import make_environment

FOLDER = Path(__file__).parents[2] / "experiments" / "Fremaux_2013"
UNWATCHED = "record=[{variable: dopamine}]"
SEEN = "record=[{variable: observation}, {variable: dopamine}]"


@pytest.fixture(scope="module")
def reproduction():
    specification = importlib.util.spec_from_file_location("fremaux_2013", FOLDER / "reproduction.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_populations_are_as_large_as_in_the_paper():
    circuit = load(FOLDER / "circuit.yaml")
    sizes = {name: circuit.populations[name].size for name in ("place_cells", "critic", "actor")}
    assert sizes == {"place_cells": 121, "critic": 100, "actor": 180}
    assert not [each for each in circuit.audit() if not each.local]


def test_the_platform_pays_once_and_ends_the_trial_after_a_pause():
    import jax
    import jax.numpy as jnp

    pool = make_environment(load(FOLDER / "circuit.yaml", [UNWATCHED]))
    assert pool is not None
    place, state = pool.reset(jax.random.key(0))
    assert np.abs(np.asarray(place)).max() == pytest.approx(0.45)
    state["place"] = jnp.asarray([0.15, 0.081])
    step = jax.jit(pool.step)
    paid, seen = [], []
    for _ in range(300):
        place, state, reward, terminated, truncated = step(jax.random.key(1), state, jnp.asarray([0.0, 0.2]))
        paid.append(float(reward))
        seen.append(np.asarray(place))
        assert not truncated
        if terminated:
            break
    assert np.flatnonzero(paid).tolist() == [4]
    assert paid[4] == 100
    assert len(paid) == 5 + 150  # 1.5 s of pause, in which no place cell knows the place
    assert np.all(np.abs(seen[4:]) > 10)


def test_a_wall_costs_and_throws_back_and_time_runs_out():
    import jax
    import jax.numpy as jnp

    pool = make_environment(
        load(FOLDER / "circuit.yaml", [UNWATCHED, "environment.parameters.time_out=0.03"])
    )
    assert pool is not None
    _, state = pool.reset(jax.random.key(0))
    state["place"] = jnp.asarray([0.499, 0.0])
    for expected in (-1.0, 0.0, -1.0):
        place, state, reward, terminated, truncated = pool.step(
            jax.random.key(1), state, jnp.asarray([0.6, 0.0])
        )
        assert float(reward) == expected
    assert np.asarray(place)[0] == pytest.approx(0.49)
    assert truncated
    assert not terminated


def test_with_dopamine_weights_change_and_without_it_they_do_not():
    circuit = load(FOLDER / "circuit.yaml", [SEEN])
    before = initial_values(circuit, 0)
    with_it = simulate(circuit, duration="0.5 s", seeds=1)
    without = simulate(circuit.intervene("no_dopamine"), duration="0.5 s", seeds=1)
    assert np.linalg.norm(np.diff(with_it["observation"].values[0], axis=0), axis=1).sum() > 0.005  # it swims
    assert np.abs(with_it["dopamine"].values).max() > 1
    assert not without["dopamine"].values.any()
    for name in ("place_cells_to_critic.w", "place_cells_to_actor.w"):
        assert np.abs(with_it.of(0)[name] - before[name]).max() > 1e-6  # volts
        np.testing.assert_allclose(without.of(0)[name], before[name], rtol=1e-6)


def test_the_value_map_is_what_critic_neurons_fire(reproduction):
    """The value of a swimmer that stays where it is, over 2.5 s, is that of the map at its place."""
    stays = ["environment.parameters.speed=0", "projections.place_cells_to_critic.weights=0.5 mV"]
    circuit = load(FOLDER / "circuit.yaml", [*stays, "record=[{variable: value.r}, {variable: observation}]"])
    result = simulate(circuit, duration="3 s", seeds=1, freeze=True)
    place = np.asarray(result["observation"].values[0, 0])
    expected = reproduction.value_map(circuit, np.full((100, 121), 0.5e-3), place[None])
    assert np.mean(result["value.r"].values[0, 50:]) == pytest.approx(expected[0], abs=5)
    assert reproduction.value_map(circuit, np.full((100, 121), 0.4e-3), place[None])[0] < expected[0] - 10
