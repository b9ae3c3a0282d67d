"""The bounded step is ObGD (Elsayed et al. 2024, Algorithm 3) over the synapses of each neuron; it never overshoots."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.lowering import lower
from neuro_rtrrl.programs import make_environment

DECISIONS, RATE, KAPPA = 80, 0.5, 3.0
CORTEX = ("sensory_to_cortex", "cortex_recurrent")
LEARNED = (*CORTEX, "cortex_to_dorsal", "cortex_to_ventral", "cortex.bias", "cortex.tau")


def bounded(*settings):
    lines = [
        f"plasticity.{group}.{line}"
        for group in ("cortical", "corticostriatal")
        for line in (f"learning_rate={RATE}", f"kappa={KAPPA}", "entropy_rate=0", "optimiser=obgd")
    ]
    return load_circuit("circuits/bg.yaml", ["populations.cortex.size=9", "record=[]", *lines, *settings])


@pytest.fixture(
    scope="module",
    params=[("native", 1.0), ("native", 0.5), ("xla", 1.0), ("xla", 0.5)],
    ids=lambda each: f"{each[0]}, connected {each[1]}",
)
def run(request):
    kernel, probability = request.param
    wiring = f"connectivity={{probability: {probability}}}"
    circuit = bounded(f"projections.cortex_recurrent.{wiring}", f"projections.cortex_to_dorsal.{wiring}")
    keys = [f"{owner}.w" if "." not in owner else owner for owner in LEARNED]
    keys += [f"{owner}.e" for owner in LEARNED] + ["cortex.r"]
    program = JaxProgram(
        circuit, make_environment(circuit), (1,), "float64", ("dopamine", *keys), kernel=kernel
    )
    chunk = program.advance(DECISIONS)
    series = {key: np.asarray(values[0]) for key, values in chunk.records.items()}
    return lower(circuit).masks, series, ~chunk.first[0]


def norms(masks, series, t):
    """L1 norm of the old traces of every neuron, by what learns: synapses that are there, bias and tau."""

    def of(owner):
        trace = np.abs(series[f"{owner}.e"][t - 1])
        return trace if "." in owner else (trace * masks.get(owner, 1.0)).sum(axis=1)

    cortex = sum(of(owner) for owner in (*CORTEX, "cortex.bias", "cortex.tau"))
    found = dict.fromkeys((*CORTEX, "cortex.bias", "cortex.tau"), cortex)
    return found | {owner: of(owner) for owner in ("cortex_to_dorsal", "cortex_to_ventral")}


def test_every_step_is_that_of_algorithm_3_over_the_synapses_of_a_neuron(run):
    masks, series, learning = run
    bound = 0
    for t in range(1, DECISIONS):
        if not learning[t]:
            continue
        delta = series["dopamine"][t]
        for owner, norm in norms(masks, series, t).items():
            if owner == "cortex.tau":
                continue  # its lower bound cuts steps short
            allowed = 1 / (RATE * KAPPA * max(abs(delta), 1.0) * norm)
            step = RATE * np.minimum(1.0, allowed)
            bound += np.any(allowed < 1)
            trace = series[f"{owner}.e"][t - 1]
            expected = (step[:, None] if trace.ndim == 2 else step) * delta * trace
            key = owner if "." in owner else f"{owner}.w"
            moved = series[key][t] - series[key][t - 1]
            mask = masks.get(owner)
            np.testing.assert_allclose(
                moved, expected if mask is None else expected * mask, rtol=1e-9, atol=1e-13, err_msg=owner
            )
    assert bound > 20, "the bound was reached"


def test_no_step_moves_a_value_by_more_than_its_share_of_the_error(run):
    _, series, learning = run
    for t in range(1, DECISIONS):
        if learning[t]:
            moved = series["cortex_to_ventral.w"][t] - series["cortex_to_ventral.w"][t - 1]
            before = series["cortex.r"][t - 1]  # rates are within [-1, 1]
            assert np.abs(moved @ before).max() <= abs(series["dopamine"][t]) / KAPPA + 1e-12


def test_the_audit_says_that_the_bound_is_a_sum_over_the_neurons_own_synapses():
    for line in bounded().audit():
        assert line.local, line
        assert "its synapses together: load" in line.local_by
