"""What one can get wrong in a model written in the circuit file; ``§`` marks where the error points."""

from __future__ import annotations

import pytest

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.lowering import lower
from tests.diagnostics.test_circuits import BASAL_GANGLIA, build, problems_of

NEURON = """\
models:
  neurons:
    my_rate:
      parameters: {tau: second, gain: {unit: "1", default: 1.0, minimum: 0}}
      states: {h: "1"}
      inputs: [u, feedback, entropy_feedback]
      equations: |
        phi = tanh(gain*u)
        slope = gain*(1 - phi*phi)
        dh/dt = (phi - h)/tau
      readout: r = h
"""

RULE = """\
models:
  rules:
    my_rule:
      parameters: {trace_decay: {unit: "1", minimum: 0, maximum: 1}, entropy_rate: {unit: "1", default: 0}}
      states: {w: "1", p: "1", e: "1"}
      transmits: w*r_pre
      dynamics: dp/dt = (slope_post*r_pre - p)/tau_post
      on_decision: |
        w += optimise(dopamine*e)
        e = discount*trace_decay*e + feedback_post*p
"""

OPTIMISER = """\
models:
  optimisers:
    momentum:
      parameters: {learning_rate: {unit: "1", minimum: 0}, decay: {unit: "1", default: 0.9}}
      states: {m: "1"}
      on_decision: |
        m = decay*m + gradient
        step = learning_rate*m
"""


def with_model(models: str, *edits: tuple[str, str]) -> str:
    text = BASAL_GANGLIA.replace("populations:\n", models + "populations:\n", 1)
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


USE_NEURON = (
    ("neuron: ctrnn", "neuron: my_rate"),
    ("    tau_minimum: 20 ms\n", ""),
    ("    plasticity: cortical\n    learns: [bias, tau]\n", ""),
)
USE_RULE = (("rule: rflo_td", "rule: my_rule"), ("    plasticity: cortical\n    learns: [bias, tau]\n", ""))
USE_OPTIMISER = (("optimiser: adam", "optimiser: momentum"),)

VALID = {
    "neuron": with_model(NEURON, *USE_NEURON),
    "rule": with_model(RULE, *USE_RULE),
    "optimiser": with_model(OPTIMISER, *USE_OPTIMISER),
}


@pytest.mark.parametrize("kind", VALID)
def test_a_model_written_in_the_circuit_file_is_used_like_a_built_in_one(kind):
    circuit = build(VALID[kind])
    if kind == "neuron":
        model = circuit.populations["cortex"].model
        assert model.receivers == {"u": ("u",), "feedback": ("feedback", "entropy_feedback")}
        assert [state.role for state in model.states] == ["membrane"]
    if kind == "rule":
        rule = circuit.projections["cortex_recurrent"].rule
        assert {state.name: state.role for state in rule.states} == {
            "w": "weight",
            "p": "local_trace",
            "e": "eligibility_trace",
        }
        assert [state.resets for state in rule.states] == [False, True, True]
    if kind == "optimiser":
        assert circuit.plasticity["cortical"].parameters["decay"] == 0.9


CASES = {
    "equation that is none": (
        "neuron",
        [("phi = tanh(gain*u)", "§phi = tanh(gain*")],
        "is not an expression",
    ),
    "unknown function": ("neuron", [("phi = tanh(gain*u)", "§phi = tan(gain*u)")], "unknown function 'tan'"),
    "unknown name in a neuron": (
        "neuron",
        [("slope = gain*(1", "§slope = gian*(1")],
        "neuron 'my_rate' reads 'gian'",
    ),
    "derivative of the wrong dimension": (
        "neuron",
        [("dh/dt = (phi - h)/tau", "§dh/dt = (phi - h)*tau")],
        "dh/dt must be in hertz",
    ),
    "sum of different dimensions": (
        "neuron",
        [("dh/dt = (phi - h)/tau", "§dh/dt = (phi - h + tau)/tau")],
        "has dimension",
    ),
    "derivative of what is no state": ("neuron", [("dh/dt = (phi", "§dg/dt = (phi")], "cannot set dg/dt"),
    "port without its variable": (
        "neuron",
        [("readout: r = h", "senders: §{r: rate}")],
        "port 'r' names 'rate'",
    ),
    "unknown unit": ("neuron", [("{tau: second", "{tau: §secnd")], "unknown unit 'secnd'"),
    "unknown key": (
        "neuron",
        [("      readout: r", "      §readouts: r")],
        "the key 'readouts' is not known here",
    ),
    "name with another meaning": (
        "neuron",
        [("inputs: [u,", "inputs: [§exp,")],
        "'exp' means something else in equations",
    ),
    "name of a built-in model": (
        "neuron",
        [("    my_rate:\n", "    §ctrnn:\n")],
        "'ctrnn' is a built-in model",
    ),
    "rule without a weight": (
        "rule",
        [("    my_rule:", "    §my_rule:"), ('{w: "1", p', "{p")],
        "declares no weight 'w'",
    ),
    "rule that transmits nothing": (
        "rule",
        [("    my_rule:", "    §my_rule:"), ("      transmits: w*r_pre\n", "")],
        "transmits nothing",
    ),
    "rule that reads what it cannot see": (
        "rule",
        [
            ("dynamics: dp/dt = (slope_post*r_pre", "dynamics: dp/dt = (slope_post*r_all"),
            (
                "target: cortex, weights: lecun_normal, plasticity: c",
                "target: cortex, weights: lecun_normal, plasticity: §c",
            ),
        ],
        "rule 'my_rule' reads 'r_all', which no synapse of this projection can see",
    ),
    "rule that sums over a population": (
        "rule",
        [("w += optimise(dopamine*e)", "§w += optimise(sum_population(e))")],
        "runs over a whole population",
    ),
    "rule of the wrong dimension": (
        "rule",
        [("w += optimise(dopamine*e)", "§w += dt*e")],
        "rule 'my_rule': in 'w + dt * e'",
    ),
    "rule that sets another's variable": (
        "rule",
        [("w += optimise(dopamine*e)", "§w_post = 0")],
        "rule 'my_rule': 'on_decision' cannot set 'w_post'",
    ),
    "rule whose clock reads a synapse": (
        "rule",
        [
            ('e: "1"}', 'e: "1", age: {unit: "1", broadcast: true}}'),
            ("        e = discount", "        §age = age + e\n        e = discount"),
        ],
        "'age' is one for the whole group, and its equation reads 'e'",
    ),
    "optimiser whose clock reads a synapse": (
        "optimiser",
        [('m: "1"', 'm: {unit: "1", broadcast: true}'), ("        m = decay", "        §m = decay")],
        "'m' is one for the whole group, and its equation reads 'gradient'",
    ),
    "dendritic sum within a line": (
        "rule",
        [("w += optimise(dopamine*e)", "§w += optimise(dopamine*e/dendritic_sum(abs(e)))")],
        "dendritic_sum() stands alone on the right of a line",
    ),
    "dendritic sum in a synapse's own state": (
        "rule",
        [("e = discount*trace_decay*e + feedback_post*p", "§e = dendritic_sum(p)")],
        "'e' belongs to one synapse",
    ),
    "dendritic sum in a neuron": (
        "neuron",
        [("phi = tanh(gain*u)", "§phi = dendritic_sum(u)")],
        "dendritic_sum() has its place where synapses learn",
    ),
    "weight that all synapses share": (
        "rule",
        [('w: "1"', 'w: {unit: "1", broadcast: §true}')],
        "every synapse has a 'w' of its own",
    ),
    "membrane that all neurons share": (
        "neuron",
        [('h: "1"', 'h: {unit: "1", broadcast: §true}')],
        "every neuron has a 'h' of its own",
    ),
    "unknown role": ("rule", [('p: "1"', "p: {role: §trace}")], "'trace' is no role of a state here"),
    "optimiser without a step": (
        "optimiser",
        [("step = learning_rate*m", "stride = learning_rate*m"), ("        m = decay", "        §m = decay")],
        "must define 'step'",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_problem_of_a_model_points_at_its_line(name):
    kind, edits, message = CASES[name]
    problems, place = problems_of(VALID[kind], *edits)
    matching = [problem for problem in problems if message in problem.message]
    assert matching, "\n".join(map(str, problems))
    assert place in [(p.location.line, p.location.column) for p in matching if p.location], matching


def test_an_optimiser_that_listens_to_a_modulator_needs_one():
    text = VALID["rule"].replace("w += optimise(dopamine*e)", "w += optimise(e)")
    text = text.replace("e = discount*trace_decay*e", "e = trace_decay*e")
    start = text.index("  cortical:\n", text.index("\nplasticity:"))
    end = text.index("  corticostriatal:", start)
    group = (
        text[start:end].replace("    modulator: dopamine\n", "").replace("optimiser: adam", "optimiser: obgd")
    )
    with pytest.raises(CircuitError, match="optimiser 'obgd' listens to a neuromodulator"):
        build(text[:start] + group + text[end:])


def test_a_blind_rule_lists_what_it_could_have_read():
    kind, edits, message = CASES["rule that reads what it cannot see"]
    problems, _ = problems_of(VALID[kind], *edits)
    problem = next(problem for problem in problems if message in problem.message)
    assert {"r_pre", "slope_post", "feedback_post", "tau_post", "dopamine", "w", "p", "e", "discount"} <= set(
        problem.available
    )
    assert "a synapse sees its two neurons" in problem.hint


def test_a_term_declared_nonlocal_may_be_read_and_is_named_by_the_audit():
    text = VALID["rule"].replace("slope_post*r_pre - p", "slope_post*r_all - p")
    circuit = build(text.replace("      transmits:", "      nonlocal: [r_all]\n      transmits:"))
    line = next(line for line in circuit.audit() if line.name == "cortex_recurrent")
    assert not line.local
    assert "r_all" in line.local_by
    with pytest.raises(CircuitError, match="no machine of this version computes"):
        lower(circuit)
