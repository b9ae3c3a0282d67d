"""Bodies of brax: stepped as brax steps them, truncated by time, moved by a circuit that acts by degrees."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pytest

jax = pytest.importorskip("jax")

from neuro_rtrrl import load, simulate  # noqa: E402
from neuro_rtrrl.environments import make  # noqa: E402
from neuro_rtrrl.environments.spaces import Continuous  # noqa: E402
from neuro_rtrrl.errors import CircuitError  # noqa: E402

BG = Path(__file__).parents[2] / "circuits" / "bg.yaml"
TASK = "{name: brax/inverted_pendulum, parameters: {max_steps_in_episode: 20}}"
INSTALLED = importlib.util.find_spec("brax") is not None
needs_brax = pytest.mark.skipif(not INSTALLED, reason="brax is an extra")
pytestmark = [pytest.mark.extra, pytest.mark.filterwarnings("ignore")]


@needs_brax
def test_every_step_is_that_of_brax_and_time_truncates():
    from brax import envs

    ours = make("brax/inverted_pendulum", {"max_steps_in_episode": 6})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = envs.get_environment("inverted_pendulum", backend="positional")
    assert ours.actions == Continuous((-1.0,), (1.0,))
    assert ours.observation_size == theirs.observation_size
    key = jax.random.key(3)
    (observation, state), expected = jax.jit(ours.reset)(key), jax.jit(theirs.reset)(key)
    np.testing.assert_allclose(observation, expected.obs, rtol=1e-5, atol=1e-6)
    step, their_step = jax.jit(ours.step), jax.jit(theirs.step)
    for time, push in enumerate((0.3, -1.0, 0.7, 0.1, -0.2, 1.0)):
        action = jax.numpy.array([push])
        observation, state, reward, terminated, truncated = step(key, state, action)
        expected = their_step(expected, action)
        np.testing.assert_allclose(observation, expected.obs, rtol=1e-4, atol=1e-5)
        assert float(reward) == pytest.approx(float(expected.reward))
        assert bool(terminated) == bool(expected.done)
        assert bool(truncated) == (time == 5)


@needs_brax
def test_a_circuit_that_acts_by_degrees_moves_it(tmp_path):
    text = BG.read_text(encoding="utf-8").replace("neuron: softmax", "neuron: gaussian")
    (tmp_path / "bg.yaml").write_text(text, encoding="utf-8")
    circuit = load(tmp_path / "bg.yaml", [f"environment={TASK}", "environment.observe=odd"])
    assert circuit.environment.observation == ("entry_1", "entry_3")
    result = simulate(circuit, decisions=120, seeds=2)
    assert len(result.episodes) >= 6
    assert result.episodes.table.total.max() > 2


@needs_brax
@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("{name: brax/inverted_pendulm}", "did you mean 'brax/inverted_pendulum'"),
        ("{name: brax/ant, parameters: {backend: positionl}}", "did you mean 'positional'"),
        ("{name: brax/ant, parameters: {max_steps_in_episode: 0}}", "at least 1"),
        ("{name: brax/ant, parameters: {colour: red}}", "cannot make brax/ant"),
    ],
)
def test_what_brax_does_not_have_is_told(task, message):
    with pytest.raises(CircuitError, match=message):
        load(BG, [f"environment={task}"])


@pytest.mark.skipif(INSTALLED, reason="brax is installed")
def test_without_brax_the_extra_is_named():
    with pytest.raises(CircuitError, match=r"pip install 'neuro-rtrrl\[brax\]'"):
        load(BG, [f"environment={TASK}"])
