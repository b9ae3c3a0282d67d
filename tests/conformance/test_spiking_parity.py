"""A thousand recurrent neurons fire the same spikes on both backends; parity says where they part, and how far."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("brian2")

import neuro_rtrrl as nr
from neuro_rtrrl import programs
from neuro_rtrrl.agreement import ParityReport, parity
from neuro_rtrrl.graph.initialise import initial_values
from neuro_rtrrl.native import CompilationError, find_compiler

NETWORK = """
circuit: balanced
format: 1
timing: {{dt: 0.1 ms, decision_interval: 1 ms}}
populations:
  drive: {{size: 1000, neuron: poisson, rate: 40 Hz}}
  excitatory: {{size: 800, neuron: lif, v_threshold: -50 mV}}
  inhibitory: {{size: 200, neuron: lif, v_threshold: -50 mV}}
projections:
  drive_excites: {{source: drive, target: excitatory, weights: {drive}, connectivity: {{probability: 0.02}}}}
  drive_inhibits: {{source: drive, target: inhibitory, weights: {drive}, connectivity: {{probability: 0.02}}}}
  recurrent:
    {{source: excitatory, target: excitatory, weights: {excites}, connectivity: {{probability: 0.1, no_self: true}},
     delay: {{uniform: [0.5 ms, 3 ms]}}{plasticity}}}
  forward:
    {{source: excitatory, target: inhibitory, weights: {excites}, connectivity: {{probability: 0.1}},
     delay: {{uniform: [0.5 ms, 3 ms]}}}}
  backward:
    {{source: inhibitory, target: excitatory, weights: {inhibits}, connectivity: {{probability: 0.1}},
     delay: {{uniform: [0.5 ms, 1.5 ms]}}}}
  mutual:
    {{source: inhibitory, target: inhibitory, weights: {inhibits}, connectivity: {{probability: 0.1, no_self: true}},
     delay: {{uniform: [0.5 ms, 1.5 ms]}}}}
"""
ARBITRARY = {
    "drive": "1.5 mV",
    "excites": "{uniform: [0 mV, 0.4 mV]}",
    "inhibits": "{uniform: [-2 mV, 0 mV]}",
}
LEARNING = """
neuromodulators:
  dopamine: {source: concentration, population: inhibitory, tau: 200 ms, amount: 0.002}
plasticity:
  pairs:
    {rule: stdp_dopamine, potentiation: 0.02 mV, depression: 0.021 mV, tau_eligibility: 1 s, w_maximum: 1 mV,
     modulator: dopamine}
"""
#: powers of two volts: sums of them are exact in any order
BINARY = {"drive": "0.00146484375 V", "excites": "0.000244140625 V", "inhibits": "-0.0009765625 V"}


def written(weights, plastic):
    text = NETWORK.format(**weights, plasticity=", plasticity: pairs" if plastic else "")
    return text + LEARNING if plastic else text


def network(folder, text):
    file = folder / "balanced.yaml"
    file.write_text(text)
    return nr.load(file)


@pytest.mark.parametrize(
    ("weights", "plastic", "seconds"),
    [(ARBITRARY, True, 1), (BINARY, False, 10)],
    ids=["arbitrary weights, learning, 1 s", "weights of a binary grid, 10 s"],
)
def test_a_thousand_neurons_fire_the_same_spikes(tmp_path, weights, plastic, seconds):
    try:
        find_compiler()
    except CompilationError as error:
        pytest.skip(str(error))
    report = parity(network(tmp_path, written(weights, plastic)), 1000 * seconds, kernel="native")
    assert report.first_spike is None
    assert report.agrees
    rates = {
        name: report.spikes[name] / size / seconds
        for name, size in (("excitatory", 800), ("inhibitory", 200))
    }
    assert all(3 < rate < 80 for rate in rates.values()), rates
    assert max(report.max_difference.values()) < 1e-12
    assert "recurrent.w" in report.by_stretch


def a_fifth(folder):
    """Return a fifth of the network, with as many synapses for each neuron, arbitrary weights and plasticity."""
    text = written(ARBITRARY, plastic=True)
    for old, new in (
        ("1000,", "200,"),
        ("800,", "160,"),
        ("200, neuron: lif", "40, neuron: lif"),
        ("0.02", "0.1"),
    ):
        text = text.replace(old, new)
    return network(folder, text)


def of_larger_weights(circuit, by, decisions):
    """Return the report of a circuit of which Brian2 gets input weights that are larger by this part."""
    make = programs.make_program
    larger = {"drive_excites.w": initial_values(circuit, 0)["drive_excites.w"] * (1 + by)}

    def unlike(given, environment, backend, *rest, **options):
        changed = given.with_weights(larger) if backend == "brian2" else given
        return make(changed, environment, backend, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "make_program", unlike)
        return parity(circuit, decisions)


@pytest.fixture(scope="module")
def parted(tmp_path_factory):
    return of_larger_weights(a_fifth(tmp_path_factory.mktemp("parted")), 1e-3, 3000)


@pytest.mark.slow
@pytest.mark.parametrize("by", [0.0, 1e-3], ids=["the same weights", "weights larger by a thousandth"])
def test_over_ten_seconds_rates_irregularity_and_synchrony_agree_within_sampling_error(tmp_path, by):
    """Arbitrary weights, plasticity on. In this network rounding alone parts no spikes in ten seconds, so that the
    second case parts them by force: statistics are then compared of trains that are not the same.
    """
    report = of_larger_weights(a_fifth(tmp_path), by, 10_000)
    if by:
        assert report.first_spike is not None
        fired = 10 * 160 * report.statistics["excitatory"][0].rate.value
        assert report.spikes["excitatory"] < 0.99 * fired
    assert report.alike, report.statistics
    assert set(report.statistics) == {"drive", "excitatory", "inhibitory"}
    for name in ("excitatory", "inhibitory"):
        for each in report.statistics[name]:
            assert 3 < each.rate.value < 80
            assert 0.3 < each.variation.value < 1.3
            assert 0 < each.synchrony.value < 0.3
            errors = (each.rate.error / each.rate.value, each.variation.error, each.synchrony.error)
            assert all(0 < error < 0.05 for error in errors), "an interval in which anything would fit"


def test_a_report_without_spike_trains_does_not_call_them_alike():
    report = ParityReport("rates", 10, 1e-9, "xla", {}, None, {})
    assert report.agrees
    assert not report.alike


def test_trains_that_never_part_are_alike_and_their_statistics_are_there(tmp_path):
    report = parity(a_fifth(tmp_path), 200)
    assert report.first_spike is None
    assert report.alike
    assert all(jax == brian and jax.rate.value > 0 for jax, brian in report.statistics.values())


def test_the_first_spike_that_differs_is_named_with_the_distance_before_it(parted):
    spike = parted.first_spike
    assert spike is not None, "the network is not chaotic"
    assert spike.population in ("excitatory", "inhibitory")
    assert spike.fired_on in ("jax", "brian2")
    assert spike.membrane in ("excitatory.v", "inhibitory.v")
    assert 0 < spike.apart < 2e-3
    # up to that decision everything agrees to what separates the membranes there
    assert parted.first_divergence is not None
    assert parted.first_divergence.tick <= round(spike.time / 1e-3)


def test_after_they_part_the_trains_agree_in_their_statistics(parted):
    assert set(parted.statistics) == {"drive", "excitatory", "inhibitory"}
    assert parted.alike, parted.statistics
    jax, brian = parted.statistics["excitatory"]
    assert jax.rate.value != brian.rate.value
    assert not jax.agrees(replace(brian, rate=replace(brian.rate, value=1.5 * brian.rate.value)))


def test_the_report_as_json_holds_all_of_it(parted):
    document = parted.as_dict()
    assert document["first_spike"]["neuron"] == parted.first_spike.neuron
    assert document["statistics"]["excitatory"]["jax"]["rate"]["value"] > 0
    assert np.isfinite(document["statistics"]["inhibitory"]["brian2"]["variation"]["error"])
