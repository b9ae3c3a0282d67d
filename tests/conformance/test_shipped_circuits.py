"""What the README promises of the shipped circuits: the first run learns, and the two machines agree."""

from __future__ import annotations

import pytest

import neuro_rtrrl as nr
from neuro_rtrrl.agreement import parity


@pytest.mark.slow
def test_a_first_run_masters_its_task_and_keeps_it():
    result = nr.simulate("circuits/bg.yaml")
    assert len(result.seeds) == 5
    assert sorted(result.final_return)[1] >= 0.95, result  # in at least four of five seeds
    assert result.wall_seconds < 60


@pytest.mark.slow
@pytest.mark.brian
@pytest.mark.parametrize("dt", ["20 ms", "1 ms"], ids=["k=1", "k=20"])
@pytest.mark.parametrize("name", ["bg", "cartpole_positions"])
def test_machines_agree_on_every_variable_of_a_thousand_decisions(name, dt):
    circuit = nr.load(f"circuits/{name}.yaml", [f"timing.dt={dt}"])
    report = parity(circuit, decisions=1000)
    assert report.agrees, report
    assert max(report.max_difference.values()) < 1e-9
    assert {"cortex.h", "cortex_recurrent.w", "cortex_recurrent.e", "dopamine", "action"} <= set(
        report.max_difference
    )


@pytest.mark.slow
@pytest.mark.brian
def test_machines_agree_spike_for_spike_over_a_second():
    circuit = nr.load("circuits/stdp.yaml")
    report = parity(circuit, decisions=round(1.0 / circuit.timing.decision_interval))
    assert report.max_difference["neurons.spike"] == 0.0
    assert report.max_difference["afferents.spike"] == 0.0
    assert report.agrees, report
    result = nr.simulate(circuit, decisions=1000, seeds=1)
    assert len(result["neurons.spike"]) > 100  # there are spikes to agree on
