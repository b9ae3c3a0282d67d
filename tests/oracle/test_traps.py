"""Mistakes that published implementations of this algorithm contain: ours has a test against each of the twelve.

``TRAPS`` says which tests hold which; those below show that they fail where the mistake is put back into the text of
the models.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuro_rtrrl.backends.jax.network import Network
from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.environments import streams
from neuro_rtrrl.graph.audit import audit
from neuro_rtrrl.lowering import lower
from neuro_rtrrl.randomness import key as seed_key
from tests.oracle.from_circuit import (
    CARTPOLE,
    SYMMETRIC,
    differences,
    drive,
    environment_of,
    load_small,
    masks_of,
    oracle_of,
    run_program,
)
from tests.oracle.mistakes import mistaken
from tests.oracle.test_diagonal_cells import (
    CELLS,
    assert_traces_are_gradients,
    load_cell,
    native_or_skip,
    still_run,
)
from tests.oracle.test_learned_feedback import settings
from tests.property.test_locality import tick_so_far

TESTS = Path(__file__).parents[1]

#: trap -> the mistake, and the tests against it
TRAPS = {
    1: (
        "the wrong axis of the Jacobian is contracted",
        "oracle/test_diagonal_cells.py::test_every_leaf_equals_autodiff_through_the_unrolled_network",
        "oracle/test_closed_forms.py::test_rflo_traces_equal_their_closed_form",
        "oracle/test_traps.py::test_a_trace_that_follows_the_wrong_neuron_is_found",
        "oracle/test_traps.py::test_a_transposed_jacobian_of_a_complex_cell_is_found",
        "oracle/test_rtrl.py::test_every_leaf_equals_autodiff_through_the_unrolled_network",
        "oracle/test_rtrl.py::test_an_influence_followed_along_the_wrong_axis_is_found",
    ),
    2: (
        "gamma_log stands for exp(gamma_log) in the trace of the LRU's B",
        "oracle/test_traps.py::test_the_logarithm_of_the_gain_in_place_of_the_gain_is_found",
    ),
    3: (
        "the sample of a continuous action is differentiated, too",
        "oracle/test_traps.py::test_the_error_of_a_gaussian_actor_is_the_gradient_of_the_summed_log_density",
    ),
    4: (
        "inputs are normalised in one of training and evaluation",
        "unit/test_study_rows.py::"
        "test_evaluated_is_the_first_episode_of_each_with_nothing_learned_and_the_statistics_of_training",
        "unit/test_study_rows.py::test_statistics_that_went_on_in_evaluation_would_be_seen",
    ),
    5: (
        "sparse wirings use weights of synapses that are not there; 'no self' is a column off",
        "oracle/test_traps.py::test_what_stands_where_no_synapse_is_changes_nothing",
        "oracle/test_traps.py::test_no_self_is_the_diagonal_and_a_column_off_is_found",
    ),
    6: (
        "one key for all environments, or for all resets",
        "oracle/test_traps.py::test_no_key_is_used_twice",
        "oracle/test_traps.py::test_every_reset_of_every_seed_is_another",
    ),
    7: (
        "weight decay with the wrong sign; slow copies that alias the fast ones",
        "oracle/test_learned_feedback.py::"
        "test_the_difference_of_feedback_and_forward_weights_follows_the_decay_alone",
        "oracle/test_traps.py::test_decay_with_the_wrong_sign_is_found",
        "oracle/test_traps.py::test_what_was_kept_does_not_follow_what_goes_on",
    ),
    8: (
        "dutch traces without the bias, or with V in place of V - V_old",
        "oracle/test_traces.py::test_a_critic_with_dutch_traces_is_true_online_td_lambda",
        "oracle/test_traces.py::test_it_is_not_if_the_correction_or_the_bias_is_left_out",
    ),
    9: (
        "a frozen cortex moves, for the entropy goes through Adam",
        "oracle/test_traps.py::test_in_a_frozen_cortex_nothing_moves_not_a_bit",
    ),
    10: (
        "truncation ends what it only cuts off; log pi is averaged; seed 0 is none",
        "unit/test_tick_order.py::test_a_terminated_episode_does_not_bootstrap_and_a_truncated_one_does",
        "unit/test_tick_order.py::test_seed_zero_is_a_seed",
        "oracle/test_traps.py::test_termination_and_truncation_taken_for_each_other_are_found",
        "oracle/test_traps.py::test_the_error_of_a_gaussian_actor_is_the_gradient_of_the_summed_log_density",
    ),
    11: (
        "weights are transported through the output matrix of a cell",
        "oracle/test_traps.py::test_with_the_errors_held_no_cortical_update_knows_the_readout_weights",
        "oracle/test_diagonal_cells.py::test_cortical_synapses_change_without_knowing_the_readout_weights",
    ),
    12: (
        "traces advance only where something differentiates through the cell",
        "oracle/test_traps.py::test_traces_advance_where_nothing_learns",
    ),
}


def test_each_of_the_twelve_traps_has_tests_that_exist():
    assert sorted(TRAPS) == list(range(1, 13))
    for _, *tests in TRAPS.values():
        for test in tests:
            file, _, name = test.partition("::")
            tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, test


SPARSE = (
    "projections.sensory_to_cortex.connectivity={probability: 0.7}",
    "projections.cortex_recurrent.connectivity={probability: 0.5}",
)
FOUR_STEPS = "timing.dt=5 ms"


def worst(circuit, *, seed=3, kernel="xla", decisions=60, change=lambda chunk: chunk, oracle=None) -> float:
    """Return the largest difference between a run and the oracle of Algorithm 1; ``oracle`` is of another circuit."""
    _, chunk = run_program(circuit, decisions, (seed,), kernel=kernel)
    right = oracle or oracle_of(circuit, seed)
    return max(differences(circuit, chunk, drive(right, circuit, change(chunk), seed)).values())


# --- 1 and 2: the Jacobian ---------------------------------------------------------------------------------------


def test_a_trace_that_follows_the_wrong_neuron_is_found():
    circuit = load_small(*CARTPOLE, *SPARSE, FOUR_STEPS)
    wrong = mistaken(circuit, "j)/tau_post", "j)/tau_pre", only=("cortex_recurrent",))
    assert worst(circuit) < 1e-10
    assert worst(wrong) > 1e-4


def found_wrong(cell, tmp_path, old, new, only=("sensory_to_cortex_re", "sensory_to_cortex_im")) -> None:
    """Assert that autodiff notices a mistake in the traces of a sparse cell with four steps a decision."""
    circuit, start, chunk = still_run(
        cell,
        tmp_path,
        "sparse",
        "5 ms",
        "xla",
        "float64",
        change=lambda right: mistaken(right, old, new, only),
    )
    with pytest.raises(AssertionError, match=only[0]):
        assert_traces_are_gradients(cell, circuit, start, chunk, 1e-3)


@pytest.mark.parametrize("cell", ["lru", "rtu"])
def test_a_transposed_jacobian_of_a_complex_cell_is_found(tmp_path, cell):
    """The Jacobian of one neuron is a rotation: transposed it turns the other way."""
    found_wrong(cell, tmp_path, "- lambda_im_post*p_im", "+ lambda_im_post*p_im")


def test_the_logarithm_of_the_gain_in_place_of_the_gain_is_found(tmp_path):
    found_wrong("lru", tmp_path, "input_gain_post*r_pre", "gamma_log_post*r_pre")


# --- 3 and 10: continuous actions --------------------------------------------------------------------------------

ACTOR = (
    "environment={name: PointRobot-misc}",
    "populations.dorsal_striatum={size: actions, neuron: gaussian, role: actor, log_deviation: {uniform: [-1, 0]}, "
    "plasticity: corticostriatal, learns: [log_deviation]}",
    "plasticity.corticostriatal.trace_decay=0",
)


def gaussian_run(circuit):
    keys = ("r", "sampled", "error", "log_deviation")
    record = tuple(f"dorsal_striatum.{key}" for key in keys)
    program = JaxProgram(
        circuit,
        environment_of(circuit),
        (3,),
        "float64",
        (*record, "dorsal_striatum.log_deviation.e", "cortex_to_dorsal.e", "cortex.r"),
        kernel="xla",
    )
    return {
        key.removeprefix("dorsal_striatum."): value[0] for key, value in program.advance(40).records.items()
    }


def log_density(mean, log_deviation, sample):
    """log pi of independent normal distributions: a sum over dimensions, of a sample that is what it is."""
    scaled = (sample - mean) / jnp.exp(log_deviation)
    return jnp.sum(-0.5 * scaled**2 - log_deviation - 0.5 * jnp.log(2 * jnp.pi))


def assert_gradients_of_the_density(run):
    with jax.enable_x64(True):
        gradients = jax.vmap(jax.grad(log_density, argnums=(0, 1)))
        # the width may have moved in the tick after the sample was drawn: the one before drew it
        mean, width = (
            np.asarray(each)
            for each in gradients(run["r"][1:], run["log_deviation"][:-1], run["sampled"][1:])
        )
    assert np.abs(mean).min() > 1e-3
    np.testing.assert_allclose(run["error"][1:], mean, rtol=1e-9)
    np.testing.assert_allclose(
        run["cortex_to_dorsal.e"][1:], mean[:, :, None] * run["cortex.r"][1:, None, :], rtol=1e-9
    )
    np.testing.assert_allclose(run["log_deviation.e"][1:], width, rtol=1e-9, atol=1e-12)


def test_the_error_of_a_gaussian_actor_is_the_gradient_of_the_summed_log_density():
    circuit = load_small(*ACTOR)
    assert_gradients_of_the_density(gaussian_run(circuit))
    through_the_sample = mistaken(circuit, "error = normal/deviation", "error = 0*normal")
    averaged = mistaken(circuit, "error = normal/deviation", "error = normal/deviation/2")
    for wrong in (through_the_sample, averaged):
        with pytest.raises(AssertionError):
            assert_gradients_of_the_density(gaussian_run(wrong))


# --- 5: wirings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", ["native", "xla"])
def test_what_stands_where_no_synapse_is_changes_nothing(kernel):
    native_or_skip(kernel)

    def states(circuit, rubbish):
        oracle = oracle_of(circuit, 3)
        absent = 1 - masks_of(load_small(*CARTPOLE, *SPARSE))["W_rec"]
        weights = {"cortex_recurrent.w": oracle.w["W_rec"] + rubbish * absent}
        _, chunk = run_program(circuit, 60, kernel=kernel, initials=[weights])
        return chunk.records["cortex.h"], chunk.records["sensory_to_cortex.e"]

    sparse, full = load_small(*CARTPOLE, *SPARSE), load_small(*CARTPOLE, *SPARSE[:1])
    for clean, dirty in zip(states(sparse, 0.0), states(sparse, 7.0), strict=True):
        np.testing.assert_array_equal(clean, dirty)
    assert np.abs(states(full, 0.0)[0] - states(full, 7.0)[0]).max() > 1e-3, "unmasked, it would be seen"


def test_no_self_is_the_diagonal_and_a_column_off_is_found():
    circuit = load_small(*CARTPOLE, "projections.cortex_recurrent.connectivity={no_self: true}")
    wired = masks_of(circuit)["W_rec"]
    np.testing.assert_array_equal(wired, ~np.eye(6, dtype=bool))
    assert worst(circuit) < 1e-10
    off = oracle_of(load_small(*CARTPOLE), 3)
    off.mask["W_rec"] = np.roll(wired, 1, axis=1).astype(float)
    off.w["W_rec"] = off.w["W_rec"] * off.mask["W_rec"]
    assert worst(circuit, oracle=off) > 1e-3


# --- 6: noise ----------------------------------------------------------------------------------------------------


def test_no_key_is_used_twice():
    found = [
        jax.random.key_data(make(seed_key(seed), 0, 200))
        for seed in (0, 1, 2)
        for make in (streams.step_keys, streams.reset_keys)
    ]
    keys = np.concatenate([np.asarray(each) for each in found])
    assert len(np.unique(keys, axis=0)) == len(keys) == 3 * 2 * 200
    numbers = np.concatenate(
        [np.asarray(streams.action_uniforms(seed_key(seed), 0, 200)) for seed in (0, 1, 2)]
    )
    assert len(np.unique(numbers)) == 600


def resets(seeds) -> np.ndarray:
    circuit = load_small(*CARTPOLE)
    _, chunk = run_program(circuit, 150, seeds, record=("sensory.r",), kernel="xla")
    return np.concatenate(
        [rows[first] for rows, first in zip(chunk.records["sensory.r"], chunk.first, strict=True)]
    )


def test_every_reset_of_every_seed_is_another():
    found = resets((0, 1, 2))
    assert len(np.unique(found, axis=0)) == len(found) > 20
    shared = resets((1, 1))
    assert len(np.unique(shared, axis=0)) == len(shared) // 2, "with one key for two it would be seen"


# --- 7: decay and slow copies ------------------------------------------------------------------------------------


def closer(circuit) -> float:
    """Return what a run leaves of the distance between feedback and forward weights, of 1 at its start."""
    names = ("dorsal_feedback.w", "cortex_to_dorsal.w")
    program = JaxProgram(circuit, environment_of(circuit), (3,), "float64", names, kernel="xla")
    records = program.advance(100).records
    apart = np.abs(records[names[0]][0] - records[names[1]][0].swapaxes(1, 2)).max(axis=(1, 2))
    return float(apart[-1] / apart[0])


def test_decay_with_the_wrong_sign_is_found():
    circuit = load_small(*settings(0.01))
    assert closer(circuit) < 0.6
    assert closer(mistaken(circuit, "- weight_decay*w", "+ weight_decay*w")) > 1.5


@pytest.mark.parametrize("kernel", ["native", "xla"])
def test_what_was_kept_does_not_follow_what_goes_on(kernel):
    native_or_skip(kernel)
    circuit = load_small(*CARTPOLE)
    program = JaxProgram(circuit, environment_of(circuit), (3,), "float64", ("cortex.h",), kernel=kernel)
    program.advance(40)
    kept = program.snapshot()
    state = {key: np.array(value) for key, value in program.state().items()}
    first = program.advance(40).records["cortex.h"]
    assert np.any(program.state()["cortex_recurrent.w"] != state["cortex_recurrent.w"])
    for _ in range(2):  # a snapshot can be restored again
        program.restore(kept)
        for key, value in program.state().items():
            np.testing.assert_array_equal(value, state[key], err_msg=key)
        np.testing.assert_array_equal(program.advance(40).records["cortex.h"], first)


# --- 9: a frozen cortex ------------------------------------------------------------------------------------------

ENTROPY = ("plasticity.cortical.entropy_rate=0.1", "plasticity.corticostriatal.entropy_rate=0.1")
FROZEN = (
    "projections.sensory_to_cortex.plasticity=null",
    "projections.cortex_recurrent.plasticity=null",
    "populations.cortex={size: 6, neuron: ctrnn, tau: {uniform: [20 ms, 100 ms]}}",
    "plasticity={corticostriatal: {rule: td_lambda, learning_rate: 1e-3, trace_decay: 0.9, entropy_rate: 0.1, "
    "modulator: dopamine, optimiser: adam}}",
)


def moved(circuit, kernel) -> set[str]:
    """Return what of the cortex has changed by a single bit after a run."""
    program = JaxProgram(circuit, environment_of(circuit), (3,), "float32", kernel=kernel)
    keys = [
        key
        for key in program.state()
        if key.startswith(("sensory_to_cortex.w", "cortex_recurrent.w", "cortex.tau"))
    ]
    keys += [key for key in program.state() if key == "cortex.bias"]
    before = {key: np.array(program.state()[key]) for key in keys}
    program.advance(100)
    after = program.state()
    assert np.any(after["cortex_to_dorsal.w"] != 0)
    assert len(keys) >= 3
    return {key for key in keys if before[key].tobytes() != np.asarray(after[key]).tobytes()}


@pytest.mark.parametrize("kernel", ["native", "xla"])
def test_in_a_frozen_cortex_nothing_moves_not_a_bit(kernel):
    native_or_skip(kernel)
    assert not moved(load_small(*CARTPOLE, *FROZEN), kernel)
    # put back: without dopamine nothing is learned from reward, and entropy still moves everything through Adam
    silent = mistaken(
        load_small(*CARTPOLE, *ENTROPY), "modulator*e", "0*modulator*e", only=("sensory_to_cortex",)
    )
    assert "sensory_to_cortex.w" in moved(silent, kernel)


# --- 10: ends ----------------------------------------------------------------------------------------------------


def test_termination_and_truncation_taken_for_each_other_are_found():
    circuit = load_small(*CARTPOLE)
    assert worst(circuit, decisions=200) < 1e-10
    bootstraps_always = mistaken(circuit, "(1 - terminated)*value", "value")
    assert worst(bootstraps_always, decisions=200) > 1e-4
    assert (
        worst(circuit, change=lambda chunk: replace(chunk, terminated=chunk.terminated | chunk.truncated))
        > 1e-4
    )


# --- 11: weight transport ----------------------------------------------------------------------------------------


def cell_circuit(cell, tmp_path, symmetric):
    if cell == "ctrnn":
        return load_small(*CARTPOLE, *(SYMMETRIC if symmetric else ()))
    return load_cell(cell, tmp_path, symmetric=symmetric)


def updates(lowered, readout: float) -> dict[str, np.ndarray]:
    """Make all of a tick after the choice, errors, activity and value held; return what became of the cortex."""
    cortical = (
        *(name for name in lowered.spaces if name.startswith(("sensory_to_", "cortex_recurrent"))),
        "cortex.",
    )
    with jax.enable_x64(True):
        network = Network(lowered, "float64")
        values = tick_so_far(lowered, network, "feedback")
        for key in values:
            if key.startswith("cortex_to_") and key.endswith(".w"):
                values[key] = values[key] + readout * jnp.arange(1.0, values[key].size + 1).reshape(
                    values[key].shape
                )
        for section in ("feedback", "modulate", "learn", "renew"):
            network.section(section, values)
        return {key: np.asarray(value) for key, value in values.items() if key.startswith(cortical)}


@pytest.mark.parametrize("cell", ["ctrnn", *CELLS])
def test_with_the_errors_held_no_cortical_update_knows_the_readout_weights(tmp_path, cell):
    def differing(symmetric):
        circuit = cell_circuit(cell, tmp_path, symmetric)
        one, other = (updates(lower(circuit), readout) for readout in (0.0, 3.7))
        assert len(one) > 10
        verdicts = {
            line.transport_free for line in audit(circuit) if line.name.startswith(("sensory_to_", "cortex."))
        }
        return {key for key in one if one[key].tobytes() != other[key].tobytes()}, verdicts

    assert differing(symmetric=False) == (set(), {True})
    found, verdicts = differing(symmetric=True)
    assert any(key.startswith("sensory_to_") and key.endswith(".e") for key in found)
    assert verdicts == {False}, "and the audit says so"


# --- 12: traces by themselves ------------------------------------------------------------------------------------

STILL = (
    "neuromodulators.dopamine.gain=0",
    *(
        f"plasticity.{group}.{line}"
        for group in ("cortical", "corticostriatal")
        for line in ("learning_rate=0", "entropy_rate=0")
    ),
)


@pytest.mark.parametrize("kernel", ["native", "xla"])
def test_traces_advance_where_nothing_learns(kernel):
    native_or_skip(kernel)
    circuit = load_small(*CARTPOLE, *STILL)
    assert worst(circuit, kernel=kernel) < 1e-10
    _, chunk = run_program(circuit, 60, kernel=kernel)
    weights, traces = chunk.records["cortex_recurrent.w"][0], chunk.records["cortex_recurrent.j"][0]
    np.testing.assert_array_equal(weights[0], weights[-1])
    assert np.abs(np.diff(traces, axis=0)).max(axis=(1, 2)).min() > 1e-6
    asleep = mistaken(circuit, "(slope_post*r_pre - j)", "int(dopamine != 0)*(slope_post*r_pre - j)")
    assert worst(asleep, kernel=kernel) > 1e-4
