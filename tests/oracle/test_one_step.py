"""Rules without a memory of the past: BPTT(1) is autodiff through one step, LocalMSE a delta rule."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.lowering import lower
from neuro_rtrrl.programs import make_environment
from tests.oracle.textbook import one_step_gradients

DECISIONS, INTERVAL = 25, 20e-3
PARAMETERS = {
    "W_in": "sensory_to_cortex.w",
    "W_rec": "cortex_recurrent.w",
    "bias": "cortex.bias",
    "tau": "cortex.tau",
    "W_A": "cortex_to_dorsal.w",
    "W_C": "cortex_to_ventral.w",
}
TRACES = {name: PARAMETERS[name].removesuffix(".w") + ".e" for name in ("W_in", "W_rec", "bias", "tau")}
SEEN = ("cortex.h", "sensory.r", "dorsal_striatum.chosen", "cortex.feedback", "cortex.slope")


def run(kernel, *settings):
    settings = ["populations.cortex.size=6", "record=[]", "plasticity.cortical.trace_decay=0", *settings]
    circuit = load_circuit("circuits/bg.yaml", settings)
    keys = (*PARAMETERS.values(), *TRACES.values(), *SEEN)
    keys = tuple(key for key in keys if key in lower(circuit, set(keys)).variables)
    program = JaxProgram(circuit, make_environment(circuit), (0,), "float64", keys, kernel=kernel)
    chunk = program.advance(DECISIONS)
    return circuit, {key: np.asarray(values[0]) for key, values in chunk.records.items()}, chunk.first[0]


@pytest.mark.parametrize("kernel", ["native", "xla"])
@pytest.mark.parametrize("probability", [1.0, 0.6])
def test_the_trace_of_one_step_is_autodiff_through_one_step(kernel, probability):
    circuit, series, first = run(
        kernel,
        "plasticity.cortical.rule=one_step_td",
        "projections.dorsal_feedback.feedback=symmetric",
        "projections.ventral_feedback.feedback=symmetric",
        f"projections.cortex_recurrent.connectivity={{probability: {probability}}}",
    )
    masks = lower(circuit).masks
    assert first.sum() > 2
    for t in range(1, DECISIONS):
        before = {name: series[key][t - 1] for name, key in PARAMETERS.items()}
        h = np.zeros(6) if first[t] else series["cortex.h"][t - 1]
        action = int(np.argmax(series["dorsal_striatum.chosen"][t]))
        gradients = one_step_gradients(before, h, series["sensory.r"][t], action, INTERVAL)
        for name, key in TRACES.items():
            mask = masks.get(key.partition(".")[0], 1.0) if name.startswith("W") else 1.0
            expected = (gradients["log_pi"][name] + gradients["v"][name]) * mask
            np.testing.assert_allclose(
                series[key][t] * mask, expected, rtol=1e-9, atol=1e-12, err_msg=f"{name} at {t}"
            )


@pytest.mark.parametrize("kernel", ["native", "xla"])
def test_the_local_rule_is_a_delta_rule_on_what_is_fed_back(kernel):
    _, series, first = run(kernel, "plasticity.cortical.rule=local_mse", "populations.cortex.learns=[bias]")
    for t in range(1, DECISIONS):
        error = series["cortex.feedback"][t] * series["cortex.slope"][t]
        h = np.zeros(6) if first[t] else series["cortex.h"][t - 1]
        np.testing.assert_allclose(series["cortex_recurrent.e"][t], np.outer(error, h), rtol=1e-9, atol=1e-13)
        sensed = np.outer(error, series["sensory.r"][t])
        np.testing.assert_allclose(series["sensory_to_cortex.e"][t], sensed, rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(series["cortex.bias.e"][t], error, rtol=1e-9, atol=1e-13)
