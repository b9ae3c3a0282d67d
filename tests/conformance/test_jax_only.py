"""Exact RTRL runs on one machine, and all others say why they cannot; the ledger counts what that machine does."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("brian2")
pytest.importorskip("jax")

from neuro_rtrrl.agreement import parity
from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import cost
from neuro_rtrrl.ledger.comparison import rtrl_cost, shape_of
from neuro_rtrrl.lowering import lower
from neuro_rtrrl.models import models
from neuro_rtrrl.programs import make_program
from tests.conformance.test_brian import JAX_ONLY
from tests.oracle.from_circuit import environment_of

CIRCUITS = Path(__file__).parents[2] / "circuits"
EXACT = ("plasticity.cortical.rule=rtrl_td", "record=[]")


def test_exact_rtrl_is_the_one_rule_that_is_not_compared_between_machines():
    assert [name for name in sorted(models("plasticity")) if name in JAX_ONLY] == ["rtrl_td"]


def test_it_runs_on_jax_only_and_every_other_machine_says_why():
    circuit = load_circuit(CIRCUITS / "bg.yaml", EXACT)
    environment, notices = environment_of(circuit), []
    program = make_program(circuit, environment, "jax", (0,), "float32", notice=notices.append)
    assert (program.kernel, notices) == ("xla", [])
    told = r"(?s)'rtrl_td' reads credit, entropy_credit, declared nonlocal: it runs on JAX only, not on"
    with pytest.raises(CircuitError, match=f"{told} the native kernel.*--kernel xla"):
        make_program(circuit, environment, "jax", (0,), "float32", kernel="native")
    for start in (
        lambda: make_program(circuit, environment, "brian2", (0,), "float64"),
        lambda: make_program(circuit, environment, "brian2", (0,), "float64", codegen="standalone"),
        lambda: parity(circuit, 5),
    ):
        with pytest.raises(CircuitError, match=f"{told} Brian2.*--backend jax"):
            start()


def test_a_frozen_circuit_carries_no_influence_and_runs_everywhere():
    circuit = load_circuit(CIRCUITS / "bg.yaml", EXACT)
    assert parity(circuit.replace(frozen=True), 5).agrees


def test_what_credit_cannot_mean_is_refused():
    exact = load_circuit(CIRCUITS / "bg.yaml", ("plasticity.cortical.rule=rtrl_td",))
    unfed = {name: p for name, p in exact.projections.items() if not name.endswith("_feedback")}
    with pytest.raises(CircuitError, match="no projection leads to a port 'feedback'"):
        lower(exact.replace(projections=unfed))
    readouts = load_circuit(CIRCUITS / "bg.yaml", ("plasticity.corticostriatal.rule=rtrl_td",))
    with pytest.raises(CircuitError, match="dorsal_striatum, ventral_striatum has none"):
        lower(readouts)


@pytest.mark.parametrize("recurrent", [True, False])
def test_the_audit_says_why_it_is_not_local_and_whose_weights_it_needs(recurrent):
    circuit = load_circuit(CIRCUITS / "bg.yaml", EXACT)
    kept = {name: p for name, p in circuit.projections.items() if recurrent or name != "cortex_recurrent"}
    lines = {line.name: line for line in circuit.replace(projections=kept).audit()}
    for name in ("sensory_to_cortex", "cortex.bias", "cortex.tau"):
        line = lines[name]
        assert (line.local, line.online, line.transport_free) == (False, True, not recurrent)
        assert "credit, entropy_credit, declared nonlocal: the exact derivative through" in line.local_by
        assert "influence on every neuron" in line.online_by
        assert ("'cortex_recurrent'" in line.transport_by) == recurrent
    assert lines["cortex_to_dorsal"].local


MINE = """
models:
  rules:
    mine:
      parameters: {trace_decay: {}}
      states: {w: "1", e: "1"}
      nonlocal: [credit]
      transmits: w*r_pre
      on_decision: |
        w += optimise(modulator*e)
        e = discount*trace_decay*e + credit
"""


def test_a_users_own_rule_may_read_credit_too(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text((CIRCUITS / "bg.yaml").read_text(encoding="utf-8") + MINE, encoding="utf-8")
    plain = ("populations.cortex={size: 5, neuron: ctrnn, tau: 40 ms}", "record=[]")
    group = "trace_decay: 0.9, learning_rate: 1e-2, modulator: dopamine, optimiser: sgd"
    runs = []
    for rule in ("mine", "rtrl_td"):
        circuit = load_circuit(file, (*plain, f"plasticity.cortical={{rule: {rule}, {group}}}"))
        program = make_program(
            circuit, environment_of(circuit), "jax", (0,), "float64", ("cortex_recurrent.w",)
        )
        runs.append(program.advance(40).records["cortex_recurrent.w"][0])
    assert (runs[0] == runs[1]).all()
    assert (runs[0][0] != runs[0][-1]).all()


# --- in the ledger -----------------------------------------------------------------------------------------------

CREDIT_ASSIGNMENT = ("local_trace", "eligibility_trace")


def credit_assignment(report):
    """Return words and operations of credit assignment onto the cortex."""
    owners = {"cortex", "cortex.bias", "cortex.tau", "sensory_to_cortex", "cortex_recurrent"}
    lines = [line for line in report.lines if line.phase in CREDIT_ASSIGNMENT and line.owner in owners]
    operations: dict[str, float] = {}
    for line in lines:
        for (_, kind), count in line.operations.items():
            operations[kind] = operations.get(kind, 0) + count
    words = sum(
        item.words for item in report.memory if item.role in CREDIT_ASSIGNMENT and item.owner in owners
    )
    return words, operations


@pytest.mark.parametrize("size", [2, 7, 32])
@pytest.mark.parametrize(
    "overrides",
    [
        ("populations.cortex.learns=[bias]",),
        ("populations.cortex.learns=[bias]", "timing.dt=5 ms"),
        (),
        ("projections.cortex_recurrent.connectivity={probability: 0.4}",),
    ],
    ids=["bias", "4 steps", "bias and tau", "sparse"],
)
def test_the_count_of_the_circuit_is_the_formula_of_the_comparison(size, overrides):
    plain = (f"populations.cortex.size={size}", "plasticity.cortical.entropy_rate=0")
    report = cost(load_circuit(CIRCUITS / "bg.yaml", (*EXACT, *plain, *overrides)))
    circuit = report.circuit
    formula = rtrl_cost(shape_of(report.lowered, circuit.populations["cortex"]))
    words, operations = credit_assignment(report)
    in_its_unit = size * ("tau" in circuit.populations["cortex"].learns)  # credit of tau times the interval
    expected = {**formula.operations, "multiply": formula.operations["multiply"] + in_its_unit}
    assert words == formula.words
    assert operations == {kind: count for kind, count in expected.items() if count}


@pytest.mark.parametrize("size", [8, 16, 32, 64])
def test_memory_grows_with_the_third_and_time_with_the_fourth_power(size):
    only_recurrent = (
        "projections.sensory_to_cortex={source: sensory, target: cortex, weights: lecun_normal}",
        f"populations.cortex={{size: {size}, neuron: ctrnn, tau: 40 ms}}",
    )
    report = cost(load_circuit(CIRCUITS / "bg.yaml", (*EXACT, *only_recurrent)))
    kept = {item.key: item.words for item in report.memory}
    assert kept["cortex.influence"] == size**3
    product = next(line for line in report.lines if line.text.startswith("J = "))
    assert product.operations["nonlocal", "mac"] == size**4


def test_entropy_doubles_what_is_read_off_and_nothing_else():
    reports = [
        cost(load_circuit(CIRCUITS / "bg.yaml", (*EXACT, f"plasticity.cortical.entropy_rate={rate}")))
        for rate in (0, 0.1)
    ]
    plain, paid = ([line.text for line in each.lines if line.scope == "nonlocal"] for each in reports)
    assert [text for text in paid if text not in plain] == [
        "entropy_credit = sum over cortex of entropy_feedback * J"
    ]


def test_every_view_of_the_ledger_has_what_is_nonlocal():
    report = cost(load_circuit(CIRCUITS / "bg.yaml", EXACT), "loihi1")
    totals = [
        sum(report.by(axis).total[kind] for kind in ("mac", "add")) for axis in ("phase", "scope", "owner")
    ]
    assert totals[0] == totals[1] == totals[2]
    assert "40,960 entries" in report.explain("cortex")
    left_out = {item.event: item for item in report.unpriced}
    assert "not local" in left_out["entries of the influence matrix followed"].reason
    local = cost(load_circuit(CIRCUITS / "bg.yaml"))
    assert "nonlocal" not in local.as_dict()["by_scope"]
    assert not any("influence" in item.key for item in local.memory)
