"""The native kernel computes what XLA computes: every variable of every tick, for every declared model."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.lowering import lower
from neuro_rtrrl.models import models
from neuro_rtrrl.native import find_compiler
from neuro_rtrrl.native.compiler import CompilationError
from tests.conformance.dopamine_circuits import DOPAMINE
from tests.conformance.test_brian import (
    CIRCUITS,
    CLOSED,
    JAX_ONLY,
    METHODS,
    OWN_MODELS,
    PLACES,
    PLAIN_SPIKES,
    SPIKING_NEURONS,
    VOTES,
    circuit_of,
    environment_of,
    everything,
    written,
)

try:
    find_compiler()
except CompilationError as error:
    pytest.skip(str(error), allow_module_level=True)

SIZES = {"as tested elsewhere": (), "vectors by columns": ("populations.cortex.size=9",)}


def runs(circuit, decisions, seeds, record, precision="float64", **options):
    programs = [
        JaxProgram(circuit, environment_of(circuit), seeds, precision, record, kernel=kernel, **options)
        for kernel in ("native", "xla")
    ]
    assert [program.kernel for program in programs] == ["native", "xla"]
    return programs, [program.advance(decisions) for program in programs]


def assert_equal_runs(circuit, decisions, seeds=(3,), extra=(), **options):
    record = (*everything(circuit), *extra)
    programs, (native, xla) = runs(circuit, decisions, seeds, record, **options)
    # where an action is by degrees, the task answers to its last bits
    np.testing.assert_allclose(native.reward, xla.reward, rtol=1e-12, atol=1e-12)
    for flag in ("first", "terminated", "truncated"):
        np.testing.assert_array_equal(getattr(native, flag), getattr(xla, flag), err_msg=flag)
    for key, expected in xla.records.items():
        found = native.records[key]
        assert found.shape == expected.shape, key
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12, err_msg=key)
    states = [program.state() for program in programs]
    assert set(states[0]) >= set(states[1])
    for key, expected in states[1].items():
        np.testing.assert_allclose(states[0][key], expected, rtol=1e-12, atol=1e-12, err_msg=key)
    return native


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("case", CLOSED)
def test_every_variable_of_every_tick_equals_that_of_xla(case, size):
    name, overrides, options = CLOSED[case]
    circuit = circuit_of(name, (*SIZES[size], *overrides), **options)
    chunk = assert_equal_runs(circuit, 60, (3, 5))
    assert chunk.first.sum() > 2, "no episode ended, so the reset was not compared"


@pytest.mark.parametrize("method", METHODS)
def test_every_spiking_neuron_equals_that_of_xla_under_every_method(tmp_path, method):
    circuit = written(tmp_path, SPIKING_NEURONS.replace("METHOD", method).replace("OTHER", METHODS[method]))
    spikes = tuple(f"{p.name}.spike" for p in circuit.populations.values() if p.model.spikes)
    chunk = assert_equal_runs(circuit, 40, extra=spikes)
    assert all(chunk.records[key].any() for key in spikes)


@pytest.mark.parametrize("text", [PLACES, VOTES], ids=["places", "votes"])
def test_a_loop_through_spikes_equals_that_of_xla(tmp_path, text):
    assert assert_equal_runs(written(tmp_path, text), 60).first.sum() > 1


def test_equations_as_written_equal_those_of_xla():
    assert_equal_runs(circuit_of("bg"), 60, regroup=False)


def test_a_users_own_neuron_and_rule_equal_those_of_xla(tmp_path):
    circuit = written(tmp_path, OWN_MODELS)
    chunk = assert_equal_runs(circuit, 40, (0, 4))
    assert np.abs(np.diff(chunk.records["around.w"][0], axis=0)).max() > 0


@pytest.mark.parametrize("steps", ["10 ms", "20 ms"])
def test_coupled_traces_of_a_users_own_move_together(tmp_path, steps):
    """Each derivative reads the other's old value, at one and at several steps a decision."""
    text = OWN_MODELS.replace(
        "e: {role: eligibility_trace}}",
        "e: {role: eligibility_trace}, j: {role: local_trace}, k: {role: local_trace}}\n"
        "      dynamics: |\n"
        "        dj/dt = (r_pre*r_post - 0.7*k - j)/decision_interval\n"
        "        dk/dt = (0.9*j - 0.5*k)/decision_interval",
    ).replace("coincidence = r_pre*r_post", "coincidence = r_pre*r_post + j - k")
    circuit = written(tmp_path, text.replace("decision_interval: 20 ms", f"decision_interval: {steps}"))
    chunk = assert_equal_runs(circuit, 40, (0,))
    assert np.abs(chunk.records["around.j"]).max() > 0
    assert not np.array_equal(chunk.records["around.j"], chunk.records["around.k"])


def test_stdp_agrees_spike_for_spike():
    circuit = load_circuit(CIRCUITS / "stdp.yaml")
    chunk = assert_equal_runs(circuit, 100, extra=("afferents.spike", "neurons.spike"))
    assert chunk.records["neurons.spike"].any()


@pytest.mark.parametrize("probability", [0.3, 0.8])
def test_delayed_spikes_agree_over_sparse_synapses(tmp_path, probability):
    circuit = written(tmp_path, PLAIN_SPIKES.replace("probability: 0.5", f"probability: {probability}"))
    spikes = ("noise.spike", "near.spike", "far.spike")
    chunk = assert_equal_runs(circuit, 100, (1, 2), extra=spikes)
    assert all(chunk.records[name].any() for name in spikes)


def test_sparse_synapses_that_learn_from_both_sides_agree():
    circuit = load_circuit(CIRCUITS / "stdp.yaml")
    name = next(name for name, each in circuit.projections.items() if each.rule.on_post)
    overrides = [f"projections.{name}.connectivity={{probability: 0.3}}", "populations.neurons.drive=15 mV"]
    sparse = load_circuit(CIRCUITS / "stdp.yaml", overrides)
    chunk = assert_equal_runs(sparse, 100, extra=("afferents.spike", "neurons.spike"))
    assert chunk.records["neurons.spike"].any()
    mask = lower(sparse).masks[name]
    weights = chunk.records[f"{name}.w"][0]
    assert not weights[:, ~mask].any()
    assert np.abs(weights[-1] - weights[0]).max() > 0


def test_single_precision_stays_close():
    record = ("cortex.h", "cortex_recurrent.w", "dopamine")
    _, (native, xla) = runs(circuit_of("bg"), 30, (3,), record, "float32")
    for key in record:
        assert native.records[key].dtype == np.float32
        np.testing.assert_allclose(native.records[key], xla.records[key], atol=1e-5, err_msg=key)


def test_every_registered_model_runs_natively_in_some_case(tmp_path):
    circuits = [circuit_of(name, overrides) for name, overrides, _ in CLOSED.values()]
    circuits += [load_circuit(CIRCUITS / "stdp.yaml"), written(tmp_path, PLAIN_SPIKES)]
    circuits += [written(tmp_path, text) for text in DOPAMINE.values()]  # in test_dopamine.py
    spiking = SPIKING_NEURONS.replace("METHOD", "euler").replace("OTHER", "euler")
    circuits += [written(tmp_path, text) for text in (spiking, PLACES, VOTES)]
    groups = [group for c in circuits for group in c.plasticity.values()]
    used = {
        "neurons": {p.model.name for c in circuits for p in c.populations.values()},
        "plasticity": {p.rule.name for c in circuits for p in c.projections.values()},
        "optimisers": {group.optimiser.name for group in groups if group.optimiser},
        "modulators": {m.model.name for c in circuits for m in c.neuromodulators.values()},
    }
    for kind, names in used.items():
        assert names >= set(models(kind)) - JAX_ONLY, kind
