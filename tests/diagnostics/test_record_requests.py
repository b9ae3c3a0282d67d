"""A request that no run can keep is refused, at its place."""

from __future__ import annotations

import pytest

import neuro_rtrrl as nr

FILE = """circuit: two
format: 1
timing: {dt: 0.1 ms, decision_interval: 1 ms}
populations:
  drive: {size: 4, neuron: poisson, rate: 15 Hz}
record:
  - {variable: drive.spike, %s}
"""
WRONG = {
    "every: 0.25 ms": ("7:36", "record.0.every", "whole multiple of dt (0.0001 s)"),
    "from: 0.05 ms": ("7:35", "record.0.from", "whole multiple of dt"),
    "to: 1.23 ms": ("7:33", "record.0.to", "whole multiple of dt"),
    "from: 3 ms, to: 2 ms": ("7:45", "record.0.to", "ends before it begins"),
    "from: 3": ("7:35", "record.0.from", "a time with its unit"),
    "every: 10 decisions": ("7:36", "record.0.every", "events; all of them are kept"),
    "every: 0.5 ms": ("7:36", "record.0.every", "events; all of them are kept"),
    "untill: 3 ms": ("7:", "record.0.untill", "to"),
}


@pytest.mark.parametrize("written", WRONG)
def test_what_cannot_be_kept_is_refused_where_it_is_written(tmp_path, written):
    file = tmp_path / "two.yaml"
    file.write_text(FILE % written)
    place, path, message = WRONG[written]
    with pytest.raises(nr.CircuitError) as caught:
        nr.load(file)
    told = str(caught.value)
    assert f"two.yaml:{place}" in told
    assert path in told
    assert message in told


def test_a_window_outside_of_the_run_is_refused_before_it_starts():
    circuit = nr.load("circuits/stdp.yaml", ["record=[{variable: neurons.v, from: 10 s, to: 12 s}]"])
    with pytest.raises(
        nr.CircuitError, match=r"record\.0\.from(.|\n)*outside of the run(.|\n)*10 s(.|\n)*0 s to 2 s"
    ):
        nr.simulate(circuit, duration="2 s")


def test_what_is_computed_once_a_decision_is_not_kept_every_step():
    steps = ["timing.decision_interval=20 ms", "timing.dt=10 ms"]
    record = "record=[{variable: dopamine, every: step}, {variable: dorsal_striatum.r, every: 10 ms}]"
    circuit = nr.load("circuits/bg.yaml", [*steps, record])
    with pytest.raises(nr.CircuitError) as caught:
        nr.simulate(circuit, decisions=4)
    assert [problem.where for problem in caught.value.problems] == ["record.0.every", "record.1.every"]
