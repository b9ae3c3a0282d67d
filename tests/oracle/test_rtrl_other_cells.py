"""Exact RTRL beside other rules, on other cells and across areas: where it must be what is known to be exact."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import initial_values, load_circuit
from neuro_rtrrl.lowering import lower
from tests.oracle.from_circuit import environment_of

CIRCUITS = Path(__file__).parents[2] / "circuits"


def both_rules(name, group, rules, key, overrides=(), change=lambda circuit: circuit):
    """Run two rules, learning on; return the records of both."""
    found = []
    for rule in rules:
        small = ("populations.cortex.size=6", "record=[]", f"plasticity.{group}.rule={rule}")
        circuit = change(load_circuit(CIRCUITS / f"{name}.yaml", (*small, *overrides)))
        keys = tuple(
            each
            for each, variable in lower(circuit).variables.items()
            if variable.persistent and variable.value is None and not each.endswith(".j") and key in each
        )
        program = JaxProgram(
            circuit, environment_of(circuit), (3,), "float64", keys, kernel="xla", single_kernel=False
        )
        found.append(program.advance(60))
    assert found[0].first.sum() > 2
    return [chunk.records for chunk in found]


@pytest.mark.parametrize("dt", ["20 ms", "5 ms"])
def test_without_recurrent_synapses_exact_rtrl_is_rflo(dt):
    def without_recurrence(circuit):
        kept = {name: p for name, p in circuit.projections.items() if name != "cortex_recurrent"}
        return circuit.replace(projections=kept)

    fast = (
        "plasticity.cortical.learning_rate=1e-2",
        "plasticity.cortical.entropy_rate=0.1",
        f"timing.dt={dt}",
    )
    exact, rflo = both_rules("bg", "cortical", ("rtrl_td", "rflo_td"), "", fast, without_recurrence)
    assert {"sensory_to_cortex.w", "cortex.bias", "cortex.tau", "cortex.tau.e"} <= set(exact) & set(rflo)
    for key in exact:
        np.testing.assert_allclose(exact[key], rflo[key], rtol=1e-10, atol=1e-13, err_msg=key)
    assert np.abs(np.diff(exact["cortex.tau"][0], axis=0)).max() > 0


@pytest.mark.parametrize("cell", ["lru", "rtu"])
def test_of_a_cell_without_synapses_between_neurons_it_is_that_cells_own_exact_rule(cell):
    """Two states a neuron, several ports, a port of feedback for each; an rtu shows what is no state."""
    overrides = [
        "environment.parameters={memory_length: 8}",
        "plasticity.cortical_im.entropy_rate=0.1",
    ]
    if cell == "rtu":
        overrides.append(
            "populations.cortex={size: 6, neuron: rtu, nu: {uniform: [-6, -2]}, theta: {uniform: [-4, 0]}, "
            "plasticity: cortical_re}"
        )
    rules = ("rtrl_td", "diagonal_rtrl_im")
    exact, own = both_rules("lru", "cortical_im", rules, "sensory_to_cortex_im", overrides)
    assert np.abs(own["sensory_to_cortex_im.e"]).max() > 1e-3
    for key in exact:
        np.testing.assert_allclose(exact[key], own[key], rtol=1e-9, atol=1e-12, err_msg=key)


TWO_AREAS = """
circuit: two_areas
format: 1
timing: {dt: 10 ms, decision_interval: 20 ms, method: euler}
environment: {name: CartPole-v1, parameters: {max_steps_in_episode: 5}}
populations:
  sensory: {neuron: input, encodes: [observation]}
  near: {neuron: ctrnn, size: 3, tau: 40 ms, plasticity: slow, learns: [bias]}
  far: {neuron: ctrnn, size: 4, tau: 60 ms}
  chooser: {neuron: softmax, size: actions, role: actor}
  judge: {neuron: linear, size: 1, role: critic}
neuromodulators:
  dopamine: {source: td_error, critic: judge, discount: 0.9}
plasticity:
  slow: {rule: rtrl_td, learning_rate: 0, trace_decay: 0, modulator: dopamine, optimiser: sgd}
projections:
  in: {source: sensory, target: near, weights: lecun_normal, plasticity: slow}
  up: {source: near, target: far, weights: lecun_normal, plasticity: slow}
  down: {source: far, target: near, weights: lecun_normal}
  out: {source: far, target: chooser, weights: glorot_normal}
  value: {source: far, target: judge, weights: glorot_normal}
  back: {source: judge.error, target: far.feedback, weights: {transpose_of: value}}
"""


def test_credit_crosses_areas_and_synapses_that_do_not_learn(tmp_path):
    """Only the far area is told the error of the value; what leads there is judged through both areas."""
    file = tmp_path / "two.yaml"
    file.write_text(TWO_AREAS, encoding="utf-8")
    circuit = load_circuit(file)
    leaves = {"in": "in.w", "up": "up.w", "near.bias": "near.bias"}
    record = ("sensory.r", *(f"{owner}.e" for owner in leaves))
    chunk = JaxProgram(circuit, environment_of(circuit), (5,), "float64", record).advance(13)
    assert chunk.first[0, 1:].sum() >= 2

    def values(theta):
        def decision(state, shown):
            inputs, begins = shown
            near, far = (jnp.where(begins, 0.0, each) for each in state)
            for _ in range(2):
                u = theta["in.w"] @ inputs + theta["down.w"] @ far + theta["near.bias"]
                v = theta["up.w"] @ near
                near, far = near + 0.25 * (jnp.tanh(u) - near), far + (jnp.tanh(v) - far) / 6
            return (near, far), (theta["value.w"] @ far)[0]

        seen = jnp.asarray(chunk.records["sensory.r"][0])
        return jax.lax.scan(decision, (jnp.zeros(3), jnp.zeros(4)), (seen, jnp.asarray(chunk.first[0])))[1]

    with jax.enable_x64(True):
        theta = {key: jnp.asarray(value, jnp.float64) for key, value in initial_values(circuit, 5).items()}
        exact = jax.jit(jax.jacrev(values))({"near.bias": jnp.zeros(3), **theta})
    for owner, key in leaves.items():
        found = chunk.records[f"{owner}.e"][0]
        assert np.abs(found).max() > 1e-4
        np.testing.assert_allclose(found, exact[key], rtol=0, atol=1e-12, err_msg=owner)
