"""The verdict: what binds is named, what is not published stays unknown, and a substitute really does."""

from __future__ import annotations

from dataclasses import replace

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import load_profile
from neuro_rtrrl.ledger.figure import Figure
from neuro_rtrrl.ledger.fit import fit
from tests.golden.worked_fit import worked_fit

BG = "circuits/bg.yaml"


def small_chip(**capacity: float):
    """Return Loihi 1 with other sizes."""
    chip = load_profile("loihi1")
    figures = {
        name: Figure(nominal=value, unit="1", grade="P", operating_point="any", source="davies2018")
        for name, value in capacity.items()
    }
    return chip.model_copy(update={"capacity": {**chip.capacity, **figures}})


def test_the_equation_line_that_a_synapse_cannot_compute_is_named():
    verdict = fit(load_circuit(BG), "loihi1", search=False)
    assert verdict.binding.name == "operations_per_synapse"
    assert "transcendental (sqrt)" in verdict.binding.says
    assert any("sqrt(s/(1 - power_2))" in line for line in verdict.binding.where)


CHANGED = {
    "sgd in place of adam": ["plasticity.cortical.optimiser=sgd", "plasticity.corticostriatal.optimiser=sgd"],
    "no entropy bonus in cortical (entropy_rate: 0)": ["plasticity.cortical.entropy_rate=0"],
    "cortex.tau fixed": ["populations.cortex.learns=[bias]"],
}


def test_the_substitute_fits_when_written_into_the_file_and_nothing_less_does():
    advised = fit(load_circuit(BG), "loihi1").substitute.changes
    assert set(advised) == set(CHANGED)
    whole = [setting for change in advised for setting in CHANGED[change]]
    assert fit(load_circuit(BG, whole), "loihi1", search=False).answer == "fits"
    for left_out in advised:
        part = [setting for change in advised if change != left_out for setting in CHANGED[change]]
        assert fit(load_circuit(BG, part), "loihi1", search=False).answer == "does not fit"


def test_the_largest_number_of_neurons_fits_and_one_more_does_not(tmp_path):
    chip = small_chip(compartments_per_core=10, cores=2)
    verdict = fit(worked_fit(tmp_path), chip)
    assert verdict.binding.name in ("neurons", "cores")
    assert verdict.substitute.changes == ("cortex: n <= 17",)  # and three readouts: 20 in all
    for size, answer in ((17, "fits"), (18, "does not fit")):
        circuit = worked_fit(tmp_path, f"populations.cortex.size={size}")
        assert fit(circuit, chip, search=False).answer == answer


def test_of_several_sizes_that_which_is_exceeded_most_binds(tmp_path):
    verdict = fit(
        worked_fit(tmp_path), small_chip(synapses_per_neuron=20, in_axons_per_core=39), search=False
    )
    exceeded = {f.name: f.factor for f in verdict.of("violated")}
    assert set(exceeded) == {"fan_in", "in_axons"} or set(exceeded) == {"fan_in"}
    assert verdict.binding.name == "fan_in"
    assert verdict.binding.needs == 32 + 8 + 1 + 2  # recurrent, inputs, bias, feedback


def test_what_cannot_be_expressed_binds_before_what_is_too_large(tmp_path):
    circuit = worked_fit(tmp_path, "plasticity.cortical.optimiser=adam")
    verdict = fit(circuit, small_chip(compartments_per_core=1, cores=1), search=False)
    assert verdict.binding.structural


def test_a_delay_takes_the_word_that_would_hold_a_second_trace(tmp_path):
    traced = ("plasticity.cortical.trace_decay=0.9",)
    assert fit(worked_fit(tmp_path, *traced), "loihi1", search=False).answer == "fits"
    circuit = worked_fit(tmp_path, *traced)
    delayed = {n: p if n != "recurrent" else _delayed(p) for n, p in circuit.projections.items()}
    verdict = fit(circuit.replace(projections=delayed), "loihi1", search=False)
    assert "no word is left for j" in verdict.binding.says


def _delayed(projection):
    return replace(projection, delay=0.02)


def test_a_limit_that_is_taken_away_is_not_known_and_never_held(tmp_path):
    chip = load_profile("loihi1")
    unknown = Figure(nominal=None, reason="nobody knows")
    for name in ("cores", "compartments_per_core"):
        figures = {**chip.capacity, name: unknown, "neurons_per_chip": unknown}
        verdict = fit(worked_fit(tmp_path), chip.model_copy(update={"capacity": figures}), search=False)
        (neurons,) = verdict["neurons"]
        assert (neurons.status, neurons.has, neurons.sources) == ("not known", None, ())
        assert "nobody knows" in neurons.says
    blind = chip.model_copy(update={"learning_engine": None})
    assert fit(worked_fit(tmp_path), blind, search=False).answer == "not known"


def test_a_frozen_circuit_is_judged_as_one_that_is_only_run():
    circuit = load_circuit(BG)
    assert fit(circuit, "truenorth").substitute.changes == (
        "no learning on the device: weights learned elsewhere",
    )
    assert fit(circuit.freeze(), "truenorth").answer == "fits"


def test_bounds_of_a_weight_are_the_ends_of_its_word():
    verdict = fit(load_circuit("circuits/stdp.yaml"), "loihi1", search=False)
    assert [f.status for f in verdict["operations_per_synapse"]] == ["satisfied"]


def test_copies_of_changing_weights_are_refused_where_a_synapse_cannot_read_another(tmp_path):
    circuit = worked_fit(
        tmp_path,
        "projections.feedback={source: dorsal.error, target: cortex.feedback, weights: lecun_normal, "
        "feedback: symmetric}",
    )
    verdict = fit(circuit, "loihi1")
    assert verdict.binding.name == "weight_transport"
    assert verdict.substitute.changes == ("random feedback in place of transported weights",)


def test_a_sum_over_a_dendrite_is_refused_where_synapses_do_not_hear_of_each_other(tmp_path):
    verdict = fit(worked_fit(tmp_path, "plasticity.cortical.optimiser=obgd"), "loihi1")
    assert verdict.binding.name == "sums_over_a_dendrite"
    assert verdict.substitute.changes == ("sgd in place of obgd",)


def test_a_width_is_chosen_only_where_the_device_leaves_it_open(tmp_path):
    def kept(chip: str, bits: int | None) -> float:
        verdict = fit(worked_fit(tmp_path), chip, bits=bits, search=False)
        return next(f.needs for f in verdict.findings if f.unit == "bit")

    assert kept("h100", 8) == kept("h100", 16) / 2 == kept("h100", None) / 4
    assert kept("loihi1", 8) == kept("loihi1", None)
