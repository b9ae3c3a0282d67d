"""Which traces two neurons can keep between them: a matrix (post, pre) of rank 1 at every time, and no other.

The oracle runs each rule's trace by hand, in NumPy, with random signals, and looks at the rank of what comes out.
"""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger.fit.learners import learners
from neuro_rtrrl.lowering import lower
from tests.golden.worked_fit import WORKED_FIT, worked_fit

POST, PRE, STEPS = 5, 7, 6


def rank(step) -> int:
    """Return the rank of a trace after some steps of ``step(trace, pre, post, error)``."""
    random = np.random.default_rng(0)
    trace = np.zeros((POST, PRE))
    for _ in range(STEPS):
        pre = random.normal(size=(1, PRE))
        post, error = random.normal(size=(2, POST, 1))
        trace = step(trace, pre, post, error)
    return int(np.linalg.matrix_rank(trace))


TAUS = np.linspace(2.0, 5.0, POST)[:, None]
STEP_OF = {
    "rflo, one tau": lambda s, pre, post, error: s + (post * pre - s) / 2.0,
    "rflo, many taus": lambda s, pre, post, error: s + (post * pre - s) / TAUS,
    "td_lambda of an actor": lambda s, pre, post, error: 0.9 * s + error * pre,
    "td_lambda without a trace": lambda s, pre, post, error: error * pre,
    "td_lambda of a critic": lambda s, pre, post, error: 0.9 * s + np.ones((POST, 1)) * pre,
    "local_mse": lambda s, pre, post, error: post * pre,
}
CIRCUIT_OF = {
    "rflo, one tau": ("recurrent.j", []),
    "rflo, many taus": ("recurrent.j", ["populations.cortex.tau={uniform: [20 ms, 100 ms]}"]),
    "td_lambda of an actor": ("to_dorsal.e", ["plasticity.striatal.trace_decay=0.9"]),
    "td_lambda without a trace": ("to_dorsal.e", []),
    "td_lambda of a critic": ("to_ventral.e", ["plasticity.striatal.trace_decay=0.9"]),
    "local_mse": ("recurrent.j", ["plasticity.cortical.rule=local_mse"]),
}


def forms(circuit):
    return {key: form for each in learners(lower(circuit)) for key, form in each.forms.items()}


@pytest.mark.parametrize("name", STEP_OF)
def test_a_trace_factorises_exactly_where_it_stays_of_rank_one(name, tmp_path):
    key, overrides = CIRCUIT_OF[name]
    form = forms(worked_fit(tmp_path, *overrides))[key]
    assert form.factorises == (rank(STEP_OF[name]) == 1)
    assert bool(form.reason) != form.factorises


def test_learned_time_constants_do_not_help_rflo(tmp_path):
    form = forms(worked_fit(tmp_path, "populations.cortex.learns=[bias, tau]"))["recurrent.j"]
    assert form.kind == "synapse"
    assert "changes inside the filter" in form.reason
    assert "depends on that neuron" in form.reason


EPROP = """
models:
  rules:
    outside_the_filter:
      summary: The derivative outside the filter, as in e-prop.
      parameters: {tau_filter: second}
      states: {w: "1", x: "1"}
      transmits: w*r_pre
      dynamics: dx/dt = (r_pre - x)/tau_filter
      on_decision: w += optimise(modulator*feedback_post*slope_post*x)
"""


def test_a_derivative_outside_the_filter_leaves_a_trace_of_the_presynaptic_neuron(tmp_path):
    text = WORKED_FIT.replace(
        "{rule: rflo_td, learning_rate: 1e-3, trace_decay: 0,",
        "{rule: outside_the_filter, tau_filter: 40 ms, learning_rate: 1e-3,",
    ).replace(", plasticity: cortical, learns: [bias]}", "}")
    file = tmp_path / "eprop.yaml"
    file.write_text(text + EPROP)
    found = {each.owner: each for each in learners(lower(load_circuit(file)))}
    assert found["recurrent"].forms["recurrent.x"].kind == "pre"
    assert found["recurrent"].stored == ("recurrent.w",)
    assert found["recurrent"].neuron_words == {"pre": ("x filtered",), "post": ("feedback_post*slope_post",)}


def test_the_traces_of_stdp_belong_to_its_two_neurons():
    found = forms(load_circuit("circuits/stdp.yaml"))
    assert {key.rpartition(".")[2]: form.kind for key, form in found.items()} == {"x": "pre", "y": "post"}


def test_without_a_trace_the_eligibility_of_rflo_is_derived_and_needs_no_word(tmp_path):
    found = {each.owner: each for each in learners(lower(worked_fit(tmp_path)))}
    assert found["recurrent"].forms["recurrent.e"].kind == "derived"
    assert found["recurrent"].stored == ("recurrent.w", "recurrent.j")


def test_moments_of_adam_need_words_of_the_synapse(tmp_path):
    circuit = worked_fit(tmp_path, "plasticity.cortical.optimiser=adam")
    found = {each.owner: each for each in learners(lower(circuit))}
    assert set(found["recurrent"].stored) == {f"recurrent.{name}" for name in ("w", "j", "adam.m", "adam.s")}


def test_a_bias_is_a_synapse_from_a_source_that_is_always_active(tmp_path):
    found = {each.owner: each for each in learners(lower(worked_fit(tmp_path)))}
    assert found["cortex.bias"].like in ("afferent", "copied", "recurrent")
    learned = learners(lower(worked_fit(tmp_path, "populations.cortex.learns=[bias, tau]")))
    assert next(each.like for each in learned if each.owner == "cortex.tau") == ""
