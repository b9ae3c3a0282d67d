"""Options and words of the command line that spare a user a detour."""

from __future__ import annotations

import json

import pytest

import neuro_rtrrl as nr
from tests.protocols import CONDITIONING, document

SPIKES = """
circuit: one
format: 1
timing: {dt: 1 ms, decision_interval: 10 ms}
populations:
  cells: {size: 1, neuron: lif, drive: 30 mV}
record: [{variable: cells.spike}]
interventions:
  pulse: {stimulate: cells.drive, amplitude: 20 mV, from: 100 ms, to: 900 ms}
  again: {stimulate: cells.drive, amplitude: 20 mV, to: 20 ms, every: 100 ms}
"""


@pytest.fixture
def spikes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.yaml").write_text(SPIKES)
    return "one.yaml"


def test_one_population_is_one_population(run, spikes):
    code, out, _ = run("check", spikes)
    assert code == 0
    assert "1 population, 1 neuron, 0 projections." in out


def test_an_event_that_would_outlast_the_run_is_told(run, spikes):
    length = ("--decisions", "50", "--seeds", "1")
    code, _, err = run("simulate", spikes, "--with", "pulse", *length)
    assert code == 0
    assert "'pulse' would end at 0.9 s: it lasts until the run ends, at 0.5 s" in err
    assert "would end" not in run("simulate", spikes, "--with", "again", *length)[2]
    assert (
        "would end" not in run("simulate", spikes, "--with", "pulse", "--decisions", "90", "--seeds", "1")[2]
    )


def test_backends_can_be_compared_under_an_intervention(run, spikes):
    pytest.importorskip("brian2")
    code, out, _ = run("parity", spikes, "--with", "pulse", "--decisions", "20", "--json")
    assert code == 0
    plain = json.loads(run("parity", spikes, "--decisions", "20", "--json")[1])
    assert json.loads(out)["spikes"]["cells"] > plain["spikes"]["cells"]
    assert run("parity", spikes, "--with", "puls")[0] == 2


def test_a_histogram_is_aligned_to_the_times_that_are_given(run, spikes):
    nr.simulate(spikes, decisions=100, seeds=1, out="run")
    assert run("plot", "run", "psth", "--events", "200 ms, 0.5 s")[0] == 0
    code, _, err = run("plot", "run", "psth", "--events", "200 mV")
    assert (code, "events are times with their unit" in err) == (2, True)
    code, _, err = run("plot", "run", "psth", "--events", "light")
    assert code == 2
    assert "names are those of a protocol's stimuli" in err
    code, _, err = run("plot", "run", "raster", "--events", "1 s")
    assert (code, "'raster' is not aligned to events" in err) == (2, True)


def test_events_can_be_those_of_a_protocol(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = document(CONDITIONING).replace(
        "populations:\n", "populations:\n  cells: {size: 1, neuron: lif, drive: 30 mV}\n"
    )
    text = text.replace("timing: {dt: 100 ms,", "timing: {dt: 1 ms,")
    (tmp_path / "c.yaml").write_text(text)
    circuit = nr.load("c.yaml")
    from neuro_rtrrl.graph.circuit import Recording

    circuit = circuit.replace(record=(*circuit.record, Recording("cells", "spike", every=0)))
    result = nr.simulate(circuit, decisions=60, seeds=1, out="run")
    assert len(result.trials)
    for name in ("light", "reward", "trial"):
        assert run("plot", "run", "psth", "--events", name)[0] == 0
    code, _, err = run("plot", "run", "psth", "--events", "lihgt")
    assert code == 2
    assert "available: trial, reward, light" in err


def test_without_a_name_a_figure_of_what_was_recorded_is_drawn(run, spikes, tmp_path):
    nr.simulate(spikes, decisions=20, seeds=1, out="spikes")
    assert "raster.png" in run("plot", "spikes")[1]
    (tmp_path / "c.yaml").write_text(document(CONDITIONING))
    nr.simulate("c.yaml", decisions=60, seeds=1, out="rates")
    assert "dopamine.png" in run("plot", "rates")[1]


def test_converting_does_not_write_over_what_is_there(run, spikes, tmp_path):
    nr.simulate(spikes, decisions=20, seeds=1, out="run")
    (tmp_path / "there").mkdir()
    assert run("convert", "run", "--to", "csv", "--out", "there")[0] == 0
    code, _, err = run("convert", "run", "--to", "csv", "--out", "there")
    assert code == 2
    assert "there is there already" in err
    assert run("convert", "run", "--to", "csv")[0] == 0
    assert run("convert", "run", "--to", "csv")[0] == 0, "within its results folder it is made anew"


def test_a_state_that_a_method_cannot_integrate_is_quoted_once(tmp_path):
    (tmp_path / "c.yaml").write_text(
        "circuit: own\nformat: 1\ntiming: {dt: 1 ms, method: exact}\nmodels:\n  neurons:\n    cubic:\n"
        '      parameters: {tau: {unit: second, default: 10 ms}}\n      states: {x: "1"}\n'
        "      equations: dx/dt = -x*x*x/tau\n      readout: r = x\npopulations: {cells: {neuron: cubic, size: 1}}\n"
    )
    (problem,) = nr.check(tmp_path / "c.yaml")
    assert "to be linear in 'x'" in problem.message
