"""What a normalising neuron and a normalised dopamine compute is the textbook's running mean and deviation."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.programs import make_environment
from neuro_rtrrl.studies.evaluation import held

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


@pytest.mark.parametrize("kernel", ["native", "xla"])
def test_a_scaling_neuron_divides_by_the_running_deviation_of_its_own_discounted_sum(kernel):
    scaling = "populations.sensory={neuron: scaled_input, encodes: [observation, action, reward], %s}"
    circuit = load_circuit("circuits/bg.yaml", [*SMALL, scaling % "discount: 0.9, limit: 2"])
    record = ("sensory.observed", "sensory.r")
    program = JaxProgram(circuit, make_environment(circuit), (2,), "float64", record, kernel=kernel)
    chunk = program.advance(DECISIONS)
    observed, rates = (chunk.records[key][0] for key in record)
    gathered, so_far = np.zeros(observed.shape[1]), []
    for t in range(DECISIONS):
        gathered = observed[t] + (0.0 if chunk.first[0, t] else 0.9 * gathered)
        so_far.append(gathered)
        deviation = np.std(so_far, axis=0)
        expected = observed[t] / np.where(deviation > 0, deviation, 1)
        np.testing.assert_allclose(rates[t], np.clip(expected, -2, 2), rtol=1e-9, atol=1e-9)
    assert np.abs(rates).max() == 2, "the limit was reached"
    assert chunk.first.sum() > 2


def test_evaluation_reads_the_deviations_of_training_and_renews_none():
    circuit = load_circuit("experiments/circuits/cartpole_rtu.yaml")
    statistics = [f"outcome.{name}" for name in ("count", "mean", "spread")]
    environment = make_environment(circuit)
    program = JaxProgram(circuit, environment, (2,), "float64", kernel="xla")
    program.advance(DECISIONS)
    learned = {key: np.asarray(values)[0] for key, values in program.state().items()}
    record = ("outcome.observed", "outcome.r", *statistics)
    still = JaxProgram(held(circuit), environment, (3,), "float64", record, initials=[learned], kernel="xla")
    chunk = still.advance(DECISIONS)
    for key in statistics:
        np.testing.assert_array_equal(chunk.records[key][0], np.broadcast_to(learned[key], (DECISIONS, 1)))
    deviation = np.sqrt(learned["outcome.spread"] / learned["outcome.count"])
    expected = np.clip(chunk.records["outcome.observed"][0] / deviation, -5, 5)
    np.testing.assert_allclose(chunk.records["outcome.r"][0], expected, rtol=1e-12)


def _discount() -> float:
    circuit = load_circuit("circuits/bg.yaml", SMALL)
    return circuit.neuromodulators["dopamine"].parameters["discount"]
