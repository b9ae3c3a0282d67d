"""What is new is told by synapses that depress with use, in closed form, and dopamine adds it to the reward."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.programs import make_environment

RATE, BONUS, SIZE = 0.2, 0.3, 4
DOPAMINE = "neuromodulators.dopamine={source: %s, critic: ventral_striatum, discount: 0.9, epsilon: 1%s}"
NOVEL = ", bonus: %s, novelty: hippocampus"
TASK = (
    "populations.cortex.size=7",
    "record=[]",
    f"environment={{name: DeepSea-bsuite, parameters: {{size: {SIZE}}}}}",
    "populations.sensory={neuron: input, encodes: [observation]}",
    "populations.hippocampus={neuron: linear, size: 1}",
    f"plasticity.novelty={{rule: habituation, learning_rate: {RATE}}}",
    "projections.sensory_to_hippocampus={source: sensory, target: hippocampus, weights: 2, plasticity: novelty}",
)
RECORD = (
    "sensory.r",
    "hippocampus.r",
    "sensory_to_hippocampus.w",
    "ventral_striatum.r",
    "dopamine",
    "cortex_to_dorsal.w",
    "cortex_recurrent.w",
)
DECISIONS = 200


def run(kernel, *overrides):
    circuit = load_circuit("circuits/bg.yaml", [*TASK, *overrides])
    program = JaxProgram(circuit, make_environment(circuit), (1,), "float64", RECORD, kernel=kernel)
    return program.advance(DECISIONS)


@pytest.fixture(scope="module", params=["native", "xla"])
def chunk(request):
    return run(request.param, DOPAMINE % ("td_error_novelty", NOVEL % BONUS))


def test_novelty_of_a_place_falls_by_the_same_share_at_each_visit(chunk):
    seen, novelty, first = (
        chunk.records["sensory.r"][0],
        chunk.records["hippocampus.r"][0, :, 0],
        chunk.first[0],
    )
    visits = np.zeros(SIZE * SIZE)
    for t in range(DECISIONS):
        if not seen[t].any():  # below the sea's ground nothing is shown
            assert novelty[t] == 0
            continue
        place = seen[t].argmax()
        np.testing.assert_allclose(novelty[t], 2 * (1 - RATE) ** visits[place], rtol=1e-9)
        visits[place] += not first[t]  # a first tick teaches nothing
    weights = chunk.records["sensory_to_hippocampus.w"][0, -1, 0]
    np.testing.assert_allclose(weights, 2 * (1 - RATE) ** visits, rtol=1e-9)
    assert visits.max() > 20, "a place became familiar"
    assert (weights[visits == 0] == 2).any(), "one was never seen"


def test_dopamine_adds_the_bonus_to_the_scaled_reward(chunk):
    reward, first, ended = chunk.reward[0], chunk.first[0], chunk.terminated[0]
    records = {name: chunk.records[name][0] for name in ("dopamine", "hippocampus.r", "ventral_striatum.r")}
    novelty, value = records["hippocampus.r"][:, 0], records["ventral_striatum.r"][:, 0]
    gained, so_far = 0.0, []
    for t in range(DECISIONS):
        gained = 0.0 if first[t] else 0.9 * gained + reward[t]
        so_far.append(gained)
        if first[t]:
            continue
        spread = np.var(so_far)
        worth = reward[t] / (np.sqrt(spread + 1) + (spread == 0)) + BONUS * novelty[t]
        expected = worth + 0.9 * (not ended[t]) * value[t] - value[t - 1]
        np.testing.assert_allclose(records["dopamine"][t], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kernel", ["native", "xla"])
def test_without_a_bonus_nothing_differs_by_a_bit(kernel):
    plain = run(kernel, DOPAMINE % ("td_error_scaled", ""))
    without = run(kernel, DOPAMINE % ("td_error_novelty", NOVEL % 0))
    for name in RECORD:
        np.testing.assert_array_equal(plain.records[name], without.records[name], err_msg=name)


def test_the_strongest_and_the_most_inputs_never_take_a_weight_below_nil():
    strong = (
        "environment={name: MetaMaze-misc}",  # tells the time, up to 200
        "plasticity.novelty.learning_rate=1",
        "plasticity.cortical.learning_rate=0",
    )
    weights = run("xla", DOPAMINE % ("td_error_novelty", NOVEL % 0), *strong).records[
        "sensory_to_hippocampus.w"
    ]
    assert weights.min() == 0
    assert weights.max() <= 2
