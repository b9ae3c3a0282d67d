"""The average-reward error is that of Sutton & Barto 2018, section 13.6, and finds the average."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.programs import make_environment

DOPAMINE = "neuromodulators.dopamine={source: td_error_average, critic: ventral_striatum, average_rate: 0.05}"
DECISIONS, ETA = 400, 0.05


@pytest.mark.parametrize("kernel", ["native", "xla"])
def test_errors_count_from_the_average_and_the_average_follows_the_errors(kernel):
    circuit = load_circuit("circuits/bg.yaml", ["populations.cortex.size=5", "record=[]", DOPAMINE])
    keys = ("dopamine", "ventral_striatum.r", "dopamine.average")
    program = JaxProgram(circuit, make_environment(circuit), (0,), "float64", keys, kernel=kernel)
    chunk = program.advance(DECISIONS)
    value, average = chunk.records["ventral_striatum.r"][0, :, 0], 0.0
    for t in range(DECISIONS):
        if chunk.first[0, t]:
            assert chunk.records["dopamine"][0, t] == 0
        else:
            following = 0.0 if chunk.terminated[0, t] else value[t]
            error = chunk.reward[0, t] - average + following - value[t - 1]
            np.testing.assert_allclose(chunk.records["dopamine"][0, t], error, rtol=1e-9, atol=1e-12)
            average += ETA * error
        np.testing.assert_allclose(chunk.records["dopamine.average"][0, t], average, rtol=1e-9, atol=1e-12)
    assert abs(average) > 1e-3


def test_rules_that_read_the_discount_are_told_that_there_is_none():
    circuit = load_circuit("circuits/bg.yaml", [DOPAMINE])
    assert circuit.neuromodulators["dopamine"].parameters["discount"] == 1.0
    with pytest.raises(CircuitError, match="discount"):
        load_circuit("circuits/bg.yaml", [DOPAMINE, "neuromodulators.dopamine.discount=0.99"])
