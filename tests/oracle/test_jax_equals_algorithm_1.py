"""The JAX backend, in closed loop and learning, is Algorithm 1: every variable, every decision."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle.from_circuit import (
    CARTPOLE,
    SYMMETRIC,
    SYNAPSES,
    action_uniforms,
    differences,
    drive,
    keys_of,
    load_small,
    masks_of,
    oracle_of,
    put_state,
    run_program,
)

SEED, DECISIONS = 3, 400
SPARSE = (
    "projections.sensory_to_cortex.connectivity={probability: 0.7}",
    "projections.cortex_recurrent.connectivity={probability: 0.3}",
    "projections.cortex_to_dorsal.connectivity={probability: 0.6}",
)
OTHER_NUMBERS = (
    "plasticity.cortical.optimiser=sgd",
    "plasticity.cortical.learning_rate=3e-3",
    "plasticity.cortical.trace_decay=0.8",
    "plasticity.cortical.entropy_rate=0.05",
    "plasticity.corticostriatal.optimiser=sgd",
    "plasticity.corticostriatal.learning_rate=1e-2",
    "plasticity.corticostriatal.trace_decay=0.3",
    "plasticity.corticostriatal.entropy_rate=0.02",
    "projections.ventral_feedback.gain=0.5",
    "projections.dorsal_feedback.gain=1.7",
    "neuromodulators.dopamine.gain=0.6",
    "neuromodulators.dopamine.discount=0.9",
)
READOUT_BIASES = tuple(
    f"populations.{name}.{line}"
    for name in ("dorsal_striatum", "ventral_striatum")
    for line in ("plasticity=corticostriatal", "learns=[bias]")
)
# what happens where may depend on the size: from some size on, matrices lie the other way round
LARGER = "populations.cortex.size=9"
CIRCUITS = {
    "cartpole": CARTPOLE,
    "memory chain": (LARGER,),
    "four steps a decision, readout biases": (*CARTPOLE, *READOUT_BIASES, "timing.dt=5 ms"),
    "twenty steps a decision": ("timing.dt=1 ms",),
    "small, sparse and symmetric": (*CARTPOLE, *SPARSE, *SYMMETRIC),
    "sparse and symmetric": (LARGER, *CARTPOLE, *SPARSE, *SYMMETRIC),
    "neural circuit policy": (LARGER, *CARTPOLE, "populations.cortex.wiring=ncp"),
    "four steps a decision, sparse": (LARGER, *CARTPOLE, *SPARSE, "timing.dt=5 ms"),
    "other numbers": (LARGER, *CARTPOLE, *SPARSE, *OTHER_NUMBERS),
}


@pytest.fixture(scope="module", params=["native", "xla"])
def kernel(request):
    """What computes the network's part of a tick."""
    return request.param


@pytest.fixture(scope="module")
def run(kernel):
    """Run a circuit of the table in float64, once."""
    runs: dict = {}

    def get(name):
        if name not in runs:
            circuit = load_small(*CIRCUITS[name])
            runs[name] = (circuit, *run_program(circuit, DECISIONS, (SEED,), kernel=kernel))
        return runs[name]

    return get


@pytest.mark.parametrize("name", CIRCUITS)
def test_every_variable_equals_the_oracle_in_double_precision(run, name):
    circuit, _, chunk = run(name)
    expected = drive(oracle_of(circuit, SEED), circuit, chunk, SEED)
    found = differences(circuit, chunk, expected)
    assert max(found.values()) < 1e-10, {key: value for key, value in found.items() if value >= 1e-10}
    assert len(found) > 30 or name == "other numbers"
    for projection in ("cortex_recurrent", "cortex_to_dorsal", "cortex_to_ventral", "sensory_to_cortex"):
        weights = chunk.records[f"{projection}.w"][0]
        assert np.abs(weights[-1] - weights[0]).max() > 1e-3  # it did learn


@pytest.mark.parametrize("name", ["cartpole", "memory chain"])
def test_the_compared_runs_hold_the_episode_ends_that_matter(run, name):
    _, _, chunk = run(name)
    assert chunk.first[0, 0]
    assert chunk.first.sum() > 10
    np.testing.assert_array_equal(chunk.first[0, 1:], (chunk.terminated | chunk.truncated)[0, :-1])
    assert (chunk.terminated & ~chunk.truncated).any()
    assert (chunk.truncated & ~chunk.terminated).any() == (name == "cartpole")


@pytest.mark.parametrize("name", ["cartpole", "memory chain", "four steps a decision, sparse"])
def test_every_single_tick_equals_the_oracle_in_single_precision(name, kernel):
    """Each tick starts the float64 oracle from the backend's own state: no error can build up or hide.

    Differences are relative to the largest value that a variable takes in the run.
    """
    circuit = load_small(*CIRCUITS[name])
    _, chunk = run_program(circuit, DECISIONS, (SEED,), "float32", kernel=kernel)
    oracle, uniforms = oracle_of(circuit, SEED), action_uniforms(SEED, DECISIONS)
    assert circuit.environment is not None
    seen = chunk.records["sensory.r"][0][:, : len(circuit.environment.observation)]
    history = []
    for t in range(DECISIONS):
        if t:
            put_state(oracle, circuit, chunk, t - 1)
        answer = (seen[t], chunk.reward[0, t], bool(chunk.terminated[0, t]), bool(chunk.first[0, t]))
        history.append(oracle.tick(*answer, uniforms[t]))
    expected = {key: np.stack([variables[key] for variables in history]) for key in history[0]}
    found = differences(circuit, chunk, expected, relative=True)
    assert max(found.values()) < 1e-6, {key: value for key, value in found.items() if value >= 1e-6}
    np.testing.assert_array_equal(chunk.records["action"][0], expected["action"])
    # and left to itself the oracle takes the same actions; rounding adds up to no more than this
    alone = drive(oracle_of(circuit, SEED), circuit, chunk, SEED)
    np.testing.assert_array_equal(chunk.records["action"][0], alone["action"])
    assert max(differences(circuit, chunk, alone, relative=True).values()) < 1e-4


@pytest.mark.parametrize(
    ("name", "regroup"), [("cartpole", True), ("cartpole", False), ("other numbers", False)]
)
def test_neither_packing_nor_recording_changes_more_than_the_rounding(run, kernel, name, regroup):
    circuit, _, recorded = run(name)
    program, _ = run_program(circuit, DECISIONS, (SEED,), record=(), regroup=regroup, kernel=kernel)
    assert bool(program.lowered.members) == (regroup and kernel == "xla")
    masks = {SYNAPSES[short]: mask for short, mask in masks_of(circuit).items()}
    state, compared = program.state(), set()
    for key in set(keys_of(circuit).values()) & state.keys():
        existing = masks.get(key.partition(".")[0], ...)
        end, wanted = state[key][0][existing], recorded.records[key][0, -1][existing]
        np.testing.assert_allclose(end, wanted, rtol=0, atol=1e-12, err_msg=key)
        compared.add(key)
    assert {"cortex.h", "cortex_recurrent.w", "cortex_recurrent.e", "cortex.tau.j"} <= compared


def test_seeds_run_together_as_they_run_alone(run, kernel):
    circuit, _, alone = run("cartpole")
    _, together = run_program(circuit, DECISIONS, (SEED, 0), kernel=kernel)
    for key, values in together.records.items():
        np.testing.assert_allclose(values[0], alone.records[key][0], rtol=0, atol=1e-11, err_msg=key)
    zero = drive(oracle_of(circuit, 0), circuit, together, 0, index=1)
    assert max(differences(circuit, together, zero, index=1).values()) < 1e-10
    assert np.abs(together.records["cortex.h"][0] - together.records["cortex.h"][1]).max() > 1e-2
