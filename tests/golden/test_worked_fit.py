"""The worked fit, figure by figure: which devices take exact RTRL, which take RFLO, and in which words."""

from __future__ import annotations

from neuro_rtrrl.ledger.fit import fit
from neuro_rtrrl.ledger.influence import influences
from neuro_rtrrl.lowering import hoist, lower
from tests.golden.worked_fit import worked_fit

NEURONS, INPUTS = 32, 8
WEIGHTS = NEURONS * (NEURONS + INPUTS + 1)
RTRL = ("plasticity.cortical.rule=rtrl_td", "plasticity.cortical.trace_decay=0.9")


def test_the_circuit_has_1312_recurrent_weights(tmp_path):
    circuit = worked_fit(tmp_path)
    onto = [p for p in circuit.projections.values() if p.target.population == "cortex" and p.group]
    synapses = sum(NEURONS * circuit.populations[p.source.population].size for p in onto)
    assert synapses + NEURONS == WEIGHTS == 1312


def test_exact_rtrl_keeps_41984_words_and_84_kilobytes_at_16_bit(tmp_path):
    (matrix,) = influences(hoist(lower(worked_fit(tmp_path, *RTRL))))
    assert matrix.words == NEURONS * WEIGHTS == 41_984
    assert round(matrix.words * 2 / 1000) == 84


def test_exact_rtrl_fits_one_element_of_spinnaker_2_at_16_bit(tmp_path):
    verdict = fit(worked_fit(tmp_path, *RTRL), "spinnaker2", bits=16)
    assert verdict.answer == "fits"
    (memory,) = verdict["core_memory"]
    assert 41_984 * 16 < memory.needs < memory.has == 128 * 1024 * 8
    assert verdict.placement.cores == 1


def test_at_32_bit_it_does_not_and_narrower_words_are_what_helps(tmp_path):
    verdict = fit(worked_fit(tmp_path, *RTRL), "spinnaker2", bits=32)
    assert verdict.binding.name == "core_memory"
    assert verdict.substitute.changes == ("words of 16 bit",)


def test_no_loihi_expresses_exact_rtrl_and_rflo_takes_its_place(tmp_path):
    for chip in ("loihi1", "loihi2_proxy"):
        verdict = fit(worked_fit(tmp_path, *RTRL, "plasticity.cortical.trace_decay=0"), chip)
        assert verdict.answer == "does not fit"
        assert verdict.binding.name == "locality"
        assert "41,984" in verdict.binding.says
        assert verdict.substitute.changes == ("RFLO in place of RTRL",)


def test_rflo_fits_loihi_1_with_one_tag_a_synapse(tmp_path):
    verdict = fit(worked_fit(tmp_path), "loihi1")
    assert verdict.answer == "fits"
    held = {finding.says.partition(":")[0]: finding.says for finding in verdict["words_per_synapse"]}
    for projection in ("afferent", "copied", "recurrent"):
        assert "weight (9 bit) holds w; tag (9 bit) holds j" in held[projection]
        assert "delay" not in held[projection]
    (memory,) = verdict["synaptic_memory"]
    learned = (9 + 9) * WEIGHTS  # a bias is one more synapse
    assert memory.needs == learned + 9 * (3 * NEURONS + 2 * NEURONS)  # readouts and feedback: weights


def test_with_td_lambda_the_second_trace_takes_the_bits_of_the_delay(tmp_path):
    verdict = fit(worked_fit(tmp_path, "plasticity.cortical.trace_decay=0.9"), "loihi1")
    assert verdict.answer == "fits"
    says = next(f.says for f in verdict["words_per_synapse"] if f.says.startswith("recurrent"))
    assert says == "recurrent: weight (9 bit) holds w; tag (9 bit) holds e; delay (6 bit) holds j"


def test_rflo_does_not_fit_reckon_because_its_trace_does_not_factorise(tmp_path):
    verdict = fit(worked_fit(tmp_path), "reckon")
    assert verdict.answer == "does not fit"
    (traces,) = verdict["traces_per_neuron"]
    assert any("recurrent: j does not factorise" in line for line in traces.where)


def test_a_rule_whose_trace_factorises_passes_that_test_on_reckon(tmp_path):
    verdict = fit(worked_fit(tmp_path, "plasticity.cortical.rule=local_mse"), "reckon")
    assert [f.status for f in verdict["traces_per_neuron"]] == ["satisfied"]
