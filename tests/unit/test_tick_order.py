"""The order of one decision tick on the JAX backend, claim by claim, seen from its recordings alone."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from tests.oracle.from_circuit import CARTPOLE, environment_of, joined, load_small, run_program

GRADIENT_ASCENT = tuple(
    f"plasticity.{group}.{line}"
    for group in ("cortical", "corticostriatal")
    for line in ("optimiser=sgd", "learning_rate=1e-2", "entropy_rate=0")
)
PLASTIC = ("sensory_to_cortex", "cortex_recurrent", "cortex_to_dorsal", "cortex_to_ventral")
WEIGHTS = {
    **{f"{name}.w": name for name in PLASTIC},
    "cortex.bias": "cortex.bias",
    "cortex.tau": "cortex.tau",
}


@pytest.fixture(scope="module")
def adam():
    """A run with Adam and everything that lasts recorded: (circuit, chunk)."""
    circuit = load_small(*CARTPOLE)
    lasting = [
        *WEIGHTS,
        *(f"{owner}.{state}" for owner in WEIGHTS.values() for state in ("adam.m", "adam.s", "e")),
    ]
    powers = [f"{group}.power_{i}" for group in ("cortical", "corticostriatal") for i in (1, 2)]
    shown = ["dopamine", "ventral_striatum.r", "dopamine.value_previous", "sensory.r", "action", "cortex.h"]
    record = (*lasting, *powers, *shown)
    return circuit, run_program(circuit, 120, (0,), record=record)[1]


@pytest.fixture(scope="module")
def ascent():
    """Plain gradient ascent without entropy term: w moves by learning_rate * dopamine * e."""
    circuit = load_small(*CARTPOLE, *GRADIENT_ASCENT)
    record = (*WEIGHTS, *(f"{owner}.e" for owner in WEIGHTS.values()), "dopamine")
    return circuit, run_program(circuit, 60, (0,), record=record)[1]


def first_ticks(chunk) -> np.ndarray:
    """Return the first ticks that have a tick before them, of seed 0."""
    ticks = np.flatnonzero(chunk.first[0])
    assert len(ticks) > 3
    return ticks[ticks > 0]


def test_a_first_tick_changes_no_weight_and_no_state_of_an_optimiser(adam):
    _, chunk = adam
    for t in first_ticks(chunk):
        for key, values in chunk.records.items():
            if key in WEIGHTS or ".adam." in key or ".power_" in key:
                np.testing.assert_array_equal(values[0, t], values[0, t - 1], err_msg=key)
                assert not np.array_equal(values[0, t - 1], values[0, t - 2]), key  # others do
        assert chunk.records["dopamine"][0, t] == 0
        assert chunk.reward[0, t] == 0


def test_a_first_tick_starts_the_traces_from_itself(adam):
    _, chunk = adam
    for t in first_ticks(chunk):
        rate = chunk.records["cortex.h"][0, t]
        np.testing.assert_array_equal(chunk.records["cortex_to_ventral.e"][0, t, 0], rate)
        assert chunk.records["dopamine.value_previous"][0, t] == chunk.records["ventral_striatum.r"][0, t, 0]


def test_a_first_tick_sees_nothing_of_the_episode_before(adam):
    """With equal weights on both sides, only the new observation can matter."""
    circuit, chunk = adam
    tau, bias = chunk.records["cortex.tau"][0], chunk.records["cortex.bias"][0]
    incoming = chunk.records["sensory_to_cortex.w"][0]
    for t in first_ticks(chunk):
        seen = chunk.records["sensory.r"][0, t]
        assert not seen[2:].any()  # no action, no reward
        from_rest = circuit.timing.dt / tau[t] * np.tanh(incoming[t] @ seen + bias[t])
        np.testing.assert_allclose(chunk.records["cortex.h"][0, t], from_rest, rtol=1e-12)
        assert not chunk.records["cortex_recurrent.e"][0, t].any()  # its presynaptic rates were at rest


def test_weights_change_before_the_traces_are_renewed(ascent):
    circuit, chunk = ascent
    for key, owner in WEIGHTS.items():
        unit = circuit.timing.decision_interval if key == "cortex.tau" else 1.0
        for t in range(1, chunk.count):
            moved = chunk.records[key][0, t] - chunk.records[key][0, t - 1]
            old_trace = chunk.records[f"{owner}.e"][0, t - 1]
            expected = 1e-2 * unit * chunk.records["dopamine"][0, t] * old_trace
            free = (
                chunk.records[key][0, t] > 0.02 if key == "cortex.tau" else ...
            )  # not held at its lower bound
            np.testing.assert_allclose(moved[free], expected[free], rtol=1e-8, atol=1e-15, err_msg=key)
    assert np.abs(chunk.records["dopamine"]).max() > 0.1


def test_a_terminated_episode_does_not_bootstrap_and_a_truncated_one_does(adam):
    circuit, chunk = adam
    discount = circuit.neuromodulators["dopamine"].parameters["discount"]
    value, dopamine = chunk.records["ventral_striatum.r"][0, :, 0], chunk.records["dopamine"][0]
    for t in np.flatnonzero(~chunk.first[0]):
        beyond = 0.0 if chunk.terminated[0, t] else discount * value[t]
        np.testing.assert_allclose(dopamine[t], chunk.reward[0, t] + beyond - value[t - 1], rtol=1e-9)
    assert (chunk.terminated & ~chunk.truncated).any()
    assert (chunk.truncated & ~chunk.terminated).any()


def test_the_network_sees_the_last_action_and_the_reward_that_it_brought(adam):
    _, chunk = adam
    seen = chunk.records["sensory.r"][0]
    for t in np.flatnonzero(~chunk.first[0]):
        np.testing.assert_array_equal(seen[t, 2:4], np.eye(2)[int(chunk.records["action"][0, t - 1])])
        assert seen[t, 4] == chunk.reward[0, t] == 1


def test_seed_zero_is_a_seed(adam):
    circuit, chunk = adam
    programs = [
        run_program(circuit, 120, seeds, record=("action", "cortex.h"))[1] for seeds in ((0, 1), (0, 0))
    ]
    for again in programs:
        np.testing.assert_array_equal(again.records["action"][0], chunk.records["action"][0])
    assert not np.array_equal(programs[0].records["cortex.h"][1], programs[0].records["cortex.h"][0])
    np.testing.assert_array_equal(programs[1].records["cortex.h"][1], programs[1].records["cortex.h"][0])


def test_how_a_run_is_cut_into_chunks_does_not_change_it(adam):
    circuit, whole = adam
    program = JaxProgram(circuit, environment_of(circuit), (0,), "float64", tuple(whole.records))
    pieces = []
    for _ in range(3):
        assert program.run(40, pieces.append, chunk=20) == 40
    assert [piece.start for piece in pieces] == [0, 20, 40, 60, 80, 100]
    again = joined(pieces)
    for key, values in whole.records.items():
        np.testing.assert_allclose(again.records[key], values, rtol=0, atol=1e-13, err_msg=key)
    for name in ("reward", "first", "terminated", "truncated"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
