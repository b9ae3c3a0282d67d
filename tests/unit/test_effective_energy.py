"""Energy of what a run was seen to do: spikes that nobody could count before have a price, and zeros have none."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import cost, load_profile
from neuro_rtrrl.ledger.effective_events import effective_events
from neuro_rtrrl.simulation import simulate

CIRCUITS = Path(__file__).resolve().parents[2] / "circuits"


@pytest.fixture(scope="module")
def spiking():
    circuit = load_circuit(CIRCUITS / "stdp.yaml")
    return circuit, simulate(circuit, decisions=120, seeds=1, ledger=True).activity


@pytest.fixture(scope="module")
def rates():
    circuit = load_circuit(CIRCUITS / "bg.yaml")
    return circuit, simulate(circuit, decisions=120, seeds=1, ledger=True).activity


def events_of(report):
    return {event.name: event for event in effective_events(report.effective, report.lowered)}


def test_synaptic_operations_of_spikes_are_priced_where_dense_counts_cannot(spiking):
    circuit, activity = spiking
    report = cost(circuit, "loihi1", activity=activity)
    event = events_of(report)["synaptic operations of spikes"]
    sent = sum(message.count for message in report.effective.messages if message.kind == "spike")
    assert (
        0 < event.count <= 100 * sent
    )  # each spike reaches a hundred synapses; those of weight zero are none
    price = load_profile("loihi1").energy_of("synaptic_operation").in_si().nominal
    items = {item.event: item for item in report.effective_energy.items}
    found = next(item for name, item in items.items() if name.startswith("synaptic operations of spikes"))
    assert found.nominal == pytest.approx(event.count * price)
    assert any("synaptic operations of spikes" in item.event for item in report.energy.unpriced)


def test_active_and_idle_neurons_make_up_all_updates(rates, spiking):
    for circuit, activity in (rates, spiking):
        report = cost(circuit, "loihi1", activity=activity)
        found = events_of(report)
        steps = {
            p.name: 1 if p.model.instantaneous else circuit.timing.steps
            for p in circuit.populations.values()
            if not p.model.clamped
        }
        total = sum(circuit.populations[name].size * times for name, times in steps.items())
        assert found["neuron updates"].count + found["updates of idle neurons"].count == pytest.approx(total)


def test_what_a_run_did_never_costs_more_than_the_bound_of_rates(rates):
    circuit, activity = rates
    for profile in ("loihi1", "cmos45"):
        report = cost(circuit, profile, activity=activity)
        dense = {item.event.split(" (")[0]: item.count for item in report.energy.items}
        for item in report.effective_energy.items:
            name = item.event.split(" (")[0]
            if name in dense and dense[name] is not None:
                assert item.count <= dense[name] * (1 + 1e-12), item.event
        total, bound = report.effective_energy.total["nominal"], report.energy.total["nominal"]
        assert (
            0 < total < bound or profile == "loihi1"
        )  # an idle neuron's update has a price of its own there


def test_without_an_activity_there_is_no_effective_energy(rates):
    assert cost(rates[0], "loihi1").effective_energy is None
    assert cost(rates[0], activity=rates[1]).effective_energy is None
