"""What a normalising neuron and a normalised dopamine compute is the textbook's running mean and deviation."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.programs import make_environment

SENSES = "populations.sensory={neuron: normalised_input, encodes: [observation, action, reward], limit: 3}"
DOPAMINE = "neuromodulators.dopamine.source=td_error_normalised"
SMALL = (
    "populations.cortex.size=9",
    "record=[]",
    "environment={name: CartPole-v1, observe: [x, theta]}",
)
DECISIONS = 150


@pytest.fixture(scope="module", params=["native", "xla"])
def chunk(request):
    circuit = load_circuit("circuits/bg.yaml", [*SMALL, SENSES, DOPAMINE])
    record = ("sensory.observed", "sensory.r", "dopamine", "ventral_striatum.r", "sensory.mean")
    program = JaxProgram(circuit, make_environment(circuit), (2,), "float64", record, kernel=request.param)
    return program.advance(DECISIONS)


def test_rates_are_observations_in_running_deviations_from_the_running_mean(chunk):
    observed, rates = chunk.records["sensory.observed"][0], chunk.records["sensory.r"][0]
    for t in (0, 1, 7, DECISIONS - 1):
        seen = observed[: t + 1]
        expected = (seen[t] - seen.mean(axis=0)) / np.sqrt(seen.var(axis=0) + 1e-8)
        np.testing.assert_allclose(rates[t], np.clip(expected, -3, 3), rtol=1e-9, atol=1e-9)
    assert np.abs(rates).max() == 3, "the limit was reached"


def test_statistics_outlast_episodes_and_observations_are_those_of_the_environment(chunk):
    observed, mean = chunk.records["sensory.observed"][0], chunk.records["sensory.mean"][0]
    assert chunk.first.sum() > 2
    np.testing.assert_allclose(mean[-1], observed.mean(axis=0), rtol=1e-9)
    np.testing.assert_array_equal(observed[chunk.first[0], -1], 0.0)  # no reward on a first tick


def test_dopamine_is_divided_by_the_running_deviation_of_the_return_so_far(chunk):
    discount = _discount()
    reward, first, ended = chunk.reward[0], chunk.first[0], chunk.terminated[0]
    value, dopamine = chunk.records["ventral_striatum.r"][0, :, 0], chunk.records["dopamine"][0]
    gained, so_far = 0.0, []
    for t in range(DECISIONS):
        gained = 0.0 if first[t] else discount * gained + reward[t]
        so_far.append(gained)
        if first[t]:
            assert dopamine[t] == 0
            continue
        spread = np.var(so_far)
        scale = np.sqrt(spread + 1e-8) + (spread == 0)
        error = reward[t] + discount * (not ended[t]) * value[t] - value[t - 1]
        np.testing.assert_allclose(dopamine[t], error / scale, rtol=1e-9, atol=1e-12)


def test_rewards_are_divided_by_the_running_deviation_of_the_return_so_far():
    circuit = load_circuit(
        "circuits/bg.yaml", [*SMALL, SENSES, "neuromodulators.dopamine.source=td_error_scaled"]
    )
    program = JaxProgram(
        circuit,
        make_environment(circuit),
        (2,),
        "float64",
        ("dopamine", "ventral_striatum.r"),
        kernel="native",
    )
    chunk = program.advance(DECISIONS)
    discount, reward, first = _discount(), chunk.reward[0], chunk.first[0]
    value, dopamine = chunk.records["ventral_striatum.r"][0, :, 0], chunk.records["dopamine"][0]
    gained, so_far = 0.0, []
    for t in range(DECISIONS):
        gained = 0.0 if first[t] else discount * gained + reward[t]
        so_far.append(gained)
        if not first[t]:
            scale = np.sqrt(np.var(so_far) + 1e-8) + (np.var(so_far) == 0)
            error = reward[t] / scale + discount * (not chunk.terminated[0, t]) * value[t] - value[t - 1]
            np.testing.assert_allclose(dopamine[t], error, rtol=1e-9, atol=1e-12)


def _discount() -> float:
    circuit = load_circuit("circuits/bg.yaml", SMALL)
    return circuit.neuromodulators["dopamine"].parameters["discount"]
