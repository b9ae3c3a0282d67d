"""The ledger beside its counts: prices, memory widths, spikes, and what a user sees."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.language import Number
from neuro_rtrrl.ledger import AXES, cost, load_profile
from neuro_rtrrl.ledger.operations import power_cost
from neuro_rtrrl.ledger.profile import HardwareProfile

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bg():
    return load_circuit(ROOT / "circuits" / "bg.yaml")


@pytest.fixture(scope="module")
def stdp():
    return load_circuit(ROOT / "circuits" / "stdp.yaml")


def total(kinds):
    return sum(kinds.values())


# --- counts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", ["phase", "kind", "scope", "owner"])
def test_every_axis_adds_up_to_the_same_total(bg, axis):
    report = cost(bg)
    table = report.by(axis, columns="phase" if axis != "phase" else "kind")
    names = [column for column in table.columns if column not in ("reads", "writes", "messages")]
    assert sum(table.total[name] for name in names) == sum(
        total(kinds) for kinds in report.operations.values()
    )


def test_sparse_projection_counts_its_real_synapses():
    overrides = ["projections.cortex_recurrent.connectivity={probability: 0.25}"]
    report = cost(load_circuit(ROOT / "circuits" / "bg.yaml", overrides))
    synapses = report.lowered.spaces["cortex_recurrent"].elements
    assert synapses == int(report.lowered.masks["cortex_recurrent"].sum()) < 1024
    assert report.by("projection")["cortex_recurrent"]["mac"] == synapses
    assert report.memory_bits["cortex_recurrent.j"] == 32 * synapses
    dense_entries = 32 * 32 + 32 * 6 + 32 * 2 + 32
    metrics = report.neurobench
    assert metrics["synaptic_operations"]["Dense"] == dense_entries
    assert metrics["synaptic_operations"]["Effective_MACs"] == dense_entries - 1024 + synapses
    assert metrics["connection_sparsity"] == pytest.approx((1024 - synapses) / dense_entries)


def test_hoisting_never_adds_operations_of_a_synapse(bg):
    report = cost(bg)
    hoisted = {kind: sum(report.operations[p][kind] for p in report.operations) for kind in ("divide", "mac")}
    written = {kind: sum(report.as_written[p][kind] for p in report.as_written) for kind in ("divide", "mac")}
    assert hoisted["mac"] == written["mac"]
    assert hoisted["divide"] < written["divide"]


def test_what_somebody_records_is_not_the_circuits_work(bg):
    watched = load_circuit(ROOT / "circuits" / "bg.yaml")
    assert watched.record
    assert cost(watched).operations == cost(bg.replace(record=())).operations


def test_frozen_circuit_pays_for_no_learning(bg):
    report = cost(bg.replace(frozen=True))
    learning = ("local_trace", "eligibility_trace", "weight_change", "optimiser")
    assert all(total(report.operations[phase]) == 0 for phase in learning)
    assert total(report.operations["forward"]) > 0
    assert report.comparison() is None


@pytest.mark.parametrize(
    ("exponent", "expected"),
    [(1, {"multiply": 0}), (2, {"multiply": 1}), (5, {"multiply": 4}), (-2, {"multiply": 1, "divide": 1})],
)
def test_small_integer_power_is_multiplies(exponent, expected):
    assert power_cost(Number(float(exponent))) == expected


def test_other_power_is_transcendental():
    assert power_cost(Number(0.5)) == {"transcendental": 1}


# --- spikes ----------------------------------------------------------------------------------------


def test_what_a_spike_sets_off_is_counted_per_spike_and_not_in_the_total(stdp):
    report = cost(stdp)
    # an afferent's spike reaches 100 synapses: v += w (1 add), x += 1 (1 add),
    # w = maximum(w - depression*y, 0) (1 add, 1 multiply, 1 compare)
    afferents = report.per_spike["afferents"]
    assert afferents["operations"]["forward"]["add"] == 100
    assert afferents["operations"]["local_trace"]["add"] == 100
    assert afferents["operations"]["weight_change"] == {
        "add": 100, "multiply": 100, "mac": 0, "divide": 0, "transcendental": 0, "compare": 100,
    }  # fmt: skip
    assert afferents["most_spikes"] == 100 * 10
    assert total(report.operations["weight_change"]) == 0
    both = 1000 * 300 + 1000 * 300  # either side's spikes change weights: 3 operations at 100 synapses
    assert total(report.upper_bound["weight_change"]) == both


def test_spikes_make_every_price_that_needs_them_unknown(stdp):
    report = cost(stdp, "loihi1")
    unknown = {item.event for item in report.unpriced if item.count is None}
    assert {"synaptic operations of spikes", "spike messages", "weight changes at spikes"} <= unknown
    assert report.neurobench["synaptic_operations"]["Effective_ACs"] is None


def test_delay_keeps_one_bit_a_neuron_and_step(stdp):
    assert cost(stdp).memory_bits["afferents_to_neurons.delay"] == 100 * 15


# --- prices ----------------------------------------------------------------------------------------


def test_cmos_energy_is_counts_times_prices(bg):
    report = cost(bg, "cmos45")
    kinds = report.by("kind", columns="scope")
    count = {kind: total(kinds[kind]) for kind in kinds}
    expected = (0.9 * count["add"] + 3.7 * count["multiply"] + 4.6 * count["mac"]) * 1e-12
    assert report.energy.total["nominal"] == pytest.approx(expected, rel=1e-12)
    left = {item.event: item.count for item in report.unpriced}
    for kind in ("divide", "transcendental", "compare"):
        assert left[f"{kind}.fp32"] == count[kind]
    assert report.energy.weakest == "D"


def test_memory_accesses_stand_beside_the_total(bg):
    energy = cost(bg, "cmos45").energy
    reads = sum(line.reads for line in cost(bg).lines)
    beside = {item.event: item for item in energy.beside}
    assert beside["memory_read"].nominal == pytest.approx(reads * 32 / 64 * 10e-12)
    assert beside["memory_write"].grade == "D"
    assert "lower bound" in beside["memory_read"].note
    assert "memory_read" not in {item.event for item in energy.items}


def test_loihi_prices_deliveries_and_leaves_learning_uncosted(bg):
    energy = cost(bg, "loihi1").energy
    items = {item.event: item for item in energy.items}
    forward = items["forward synaptic operations (synaptic_operation)"]
    assert forward.count == 32 * 6 + 32 * 32 + 2 * 32 + 32
    assert forward.nominal == pytest.approx(forward.count * 23.6e-12)
    assert forward.high is None  # published as a minimum
    assert energy.total["high"] is None
    assert items["neuron updates (neuron_update_active)"].nominal == pytest.approx((32 + 2 + 1) * 81e-12)
    left = {item.event: item for item in energy.unpriced}
    learned = 32 * 6 + 32 * 32 + 2 * 32 + 32 + 2 * 32
    assert left["three-factor weight changes (three_factor_update)"].count == learned
    assert left["three-factor weight changes (three_factor_update)"].reason == "not published"


def test_learning_as_a_program_is_priced_by_its_operations(bg):
    report = cost(bg, "spinnaker2")
    learning = ("local_trace", "eligibility_trace", "weight_change", "optimiser")
    frozen = cost(bg.replace(frozen=True), "spinnaker2")
    items = {item.event: item for item in report.energy.items}
    for kind, cycles in {"add": 1, "multiply": 1, "divide": 14}.items():
        item = items[f"learning as a program ({kind}.fp32)"]
        assert item.count >= sum(report.operations[phase][kind] for phase in learning)
        assert item.nominal == pytest.approx(item.count * cycles * 8.3e-12)
        assert "lower bound" in item.note
    left = {item.event for item in report.unpriced}
    assert "learning as a program (transcendental.fp32)" in left
    assert not any("three_factor_update" in event for event in left | set(items))
    assert not any("optimiser" in item.event for item in frozen.energy.items)
    explained = report.explain("cortex_recurrent")
    assert "transcendental not costed" in explained


def test_null_is_never_taken_as_zero(bg):
    data = load_profile("cmos45").model_dump()
    for figure in data["energy"].values():
        figure.clear()
        figure.update(nominal=None, reason="nobody knows")
    energy = cost(bg, HardwareProfile.model_validate(data)).energy
    assert energy.total == {"low": None, "nominal": None, "high": None}
    assert {"add.fp32", "multiply.fp32", "mac.fp32"} <= {item.event for item in energy.unpriced}


def test_word_widths_of_a_profile_set_the_bits(bg):
    narrow, plain = cost(bg, "loihi1"), cost(bg)
    assert narrow.memory_bits["cortex_recurrent.w"] == 9 * 1024
    assert (
        narrow.memory_bits["cortex_recurrent.adam.m"]
        == plain.memory_bits["cortex_recurrent.adam.m"]
        == 32 * 1024
    )
    assert plain.memory_bits["cortex_recurrent.w"] == 32 * 1024


# --- what a user sees ------------------------------------------------------------------------------


def test_explanation_shows_every_line_of_a_projection(bg):
    text = cost(bg, "cmos45").explain("cortex_recurrent")
    for part in (
        "r_pre * w",
        "cortex_recurrent.j =",
        "cortex_recurrent.e =",
        "cortex_recurrent.w =",
        "dt / tau",
    ):
        assert part in text
    assert "1,024 mac" in text
    assert "divide, transcendental not costed" in text


def test_misspelt_name_is_answered_with_the_nearest(bg):
    with pytest.raises(CircuitError) as caught:
        cost(bg).explain("cortex_recurent")
    assert "cortex_recurrent" in caught.value.problems[0].hint


def test_unknown_profile_and_precision_are_refused(bg):
    with pytest.raises(CircuitError, match="loihi1"):
        cost(bg, "loihi")
    with pytest.raises(CircuitError, match="fp32"):
        cost(bg, "cmos45", precision="fp23")


@pytest.mark.parametrize("profile", [None, "loihi1", "cmos45"])
def test_json_form_has_the_promised_keys_and_is_json(bg, stdp, profile):
    for circuit in (bg, stdp):
        document = json.loads(json.dumps(cost(circuit, profile).as_dict(), allow_nan=False))
        assert {"operations", "memory_bits", "neurobench", "energy", "unpriced"} <= document.keys()
        assert {"footprint", "connection_sparsity", "activation_sparsity", "synaptic_operations"} <= document[
            "neurobench"
        ].keys()
        assert (document["energy"] is None) == (profile is None)


def test_report_and_tables_show_themselves(bg, stdp):
    for report in (cost(bg, "loihi1"), cost(stdp)):
        assert report.circuit.name in repr(report)
        assert report._repr_html_().count("<table>") == len(report.tables())
        for axis in AXES:
            assert axis in repr(report.by(axis))
    with pytest.raises(ValueError, match="owner"):
        cost(bg).by("neuron")


def test_terminal_form_says_what_it_leaves_out(bg):
    rich = pytest.importorskip("rich.console")
    from neuro_rtrrl.ledger.terminal import render

    console = rich.Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(render(cost(bg, "loihi1"), comparison=True))
    text = console.export_text()
    assert "not costed" in text
    assert "leaves out" in text
    assert "other algorithms" in text


def test_ledger_starts_neither_backend_nor_rich():
    code = (
        "import sys; from neuro_rtrrl.graph import load_circuit; from neuro_rtrrl.ledger import cost; "
        "cost(load_circuit('circuits/bg.yaml'), 'loihi1').as_dict(); "
        "print(sorted({'jax', 'brian2', 'rich'} & sys.modules.keys()))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout.strip() == "[]"
