"""The time of a decision: what is bounded by what is published, and what stays unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import cost
from neuro_rtrrl.ledger.energy import Demand
from neuro_rtrrl.ledger.latency import latency_of
from neuro_rtrrl.ledger.profile import load_profile

CIRCUITS = Path(__file__).resolve().parents[2] / "circuits"


@pytest.fixture(scope="module")
def bg():
    return load_circuit(CIRCUITS / "bg.yaml")


def timed(profile: str, interval: float = 1.0, **counts):
    names = {name.replace("__", "."): count for name, count in counts.items()}
    demands = [Demand(name, name, count) for name, count in names.items()]
    return latency_of(demands, load_profile(profile), interval)


def test_all_in_one_core_is_the_longest_and_all_cores_together_the_shortest():
    loihi = timed("loihi1", neuron_update_active=1280)
    assert loihi.high == pytest.approx(1280 * 8.4e-9)
    assert loihi.low == pytest.approx(1280 / 128 * 8.4e-9)
    assert loihi.nominal is None  # how the work is shared is not known
    assert loihi.verdict == "keeps up"


def test_a_barrier_is_waited_for_by_all_cores():
    loihi = timed("loihi1", neuron_update_active=128, barrier=10)
    assert loihi.low == pytest.approx(8.4e-9 + 10 * 113e-9)
    assert loihi.high == pytest.approx(128 * 8.4e-9 + 10 * 465e-9)


def test_a_published_maximum_says_nothing_of_the_least_time():
    loihi = timed("loihi1", synaptic_operation=1000)
    assert loihi.low is None
    assert loihi.high == pytest.approx(1000 * 3.5e-9)


def test_a_peak_rate_says_nothing_of_the_longest_time():
    gpu = timed("h100", mac__fp32=66.9e12)
    assert gpu.low == pytest.approx(2.0, rel=1e-3)
    assert gpu.high is None
    assert gpu.verdict == "does not keep up"
    enough = timed("h100", mac__fp32=1e6)
    assert enough.verdict == "not known"
    assert "no longest time" in enough.reason


def test_a_processor_fetches_while_it_computes_at_best():
    gpu = timed("h200", mac__fp32=66.9e12, memory_read=4.8e12 / 8)
    assert gpu.low == pytest.approx(2.0, rel=1e-3)  # and the second of fetching meanwhile


def test_one_core_has_a_nominal_time():
    core = timed("cortex_m4@0.8V", add__fp32=100, divide__fp32=10)
    assert core.nominal == pytest.approx((100 + 140) / 300e6, rel=1e-3)
    assert core.verdict == "keeps up"


@pytest.mark.parametrize("interval", [1e-3, 1e-9])
def test_an_event_without_a_time_forbids_to_say_that_it_keeps_up(interval):
    loihi = timed("loihi1", interval, neuron_update_active=1280, three_factor_update=1)
    assert loihi.verdict == ("not known" if interval > 1e-6 else "does not keep up")
    assert [item.event for item in loihi.untimed] == ["three_factor_update"]


def test_between_the_bounds_it_depends_on_how_the_work_is_shared():
    loihi = timed("loihi1", 1e-6, neuron_update_active=1280)
    assert loihi.low < 1e-6 < loihi.high
    assert loihi.verdict == "not known"
    assert "how the work is shared" in loihi.reason


def test_a_count_that_nobody_knows_is_untimed():
    assert timed("loihi1", neuron_update_active=None).verdict == "not known"


@pytest.mark.parametrize("profile", [None, "loihi1", "cortex_m4", "h100", "brainscales2", "cmos45"])
def test_every_report_says_whether_it_keeps_up(bg, profile):
    latency = cost(bg, profile).latency
    if profile is None:
        assert latency is None
    else:
        assert latency.verdict in ("keeps up", "does not keep up", "not known")
        assert latency.reason


def test_a_frozen_circuit_of_known_operations_keeps_up_on_a_microcontroller(bg):
    report = cost(bg.replace(frozen=True), "cortex_m4")
    assert {item.event for item in report.latency.untimed} <= {"transcendental.fp32"}
    assert report.latency.high < report.latency.interval


def test_powers_are_priced_in_the_time_of_an_accelerated_chip(bg):
    energy = cost(bg, "brainscales2").energy
    interval = bg.timing.decision_interval
    (power,) = [item for item in energy.beside if item.event == "busy_power"]
    assert power.nominal == pytest.approx(57e-3 * interval / 1000)
    assert cost(bg, "brainscales2").latency.interval == pytest.approx(interval / 1000)
