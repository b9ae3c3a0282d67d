"""An assay whose program runs and measures: its numbers are judged, its mistakes told with their place."""

from __future__ import annotations

import json
import signal

import pytest

from neuro_rtrrl.assays import load_assay, verify
from neuro_rtrrl.errors import CircuitError, NeuroRtrrlError

CIRCUIT = """
circuit: cells
format: 1
timing: {dt: 1 ms}
populations:
  cells: {neuron: lif, size: 3, drive: 20 mV}
"""
ASSAY = """
assay: driven
format: 1
circuit: cells.yaml
program: drive.py
seeds: 3
expect:
  strong: drive > 0.01
  rising: last > first
majority: 2
controls:
  weak: {set: [populations.cells.drive=1 mV], fails: [strong]}
"""
PROGRAM = """
from pathlib import Path

def run(circuit, seeds):
    drive = circuit.populations["cells"].parameters["drive"].constant
    return {"drive": [drive] * len(seeds), "first": [0, 1, 2], "last": [1, 2, 0]}, {"seeds": tuple(seeds)}

def draw(runs, path):
    Path(path).write_bytes(repr(sorted(runs)).encode())
"""


@pytest.fixture
def written(tmp_path):
    def write(program=PROGRAM, assay=ASSAY):
        (tmp_path / "cells.yaml").write_text(CIRCUIT)
        (tmp_path / "drive.py").write_text(program)
        (tmp_path / "driven.yaml").write_text(assay)
        return tmp_path / "driven.yaml"

    return write


def test_every_variant_is_run_and_judged_by_the_majority(written):
    verdict = verify(load_assay(written()))
    assert verdict.passed
    assert [(gate.variant, gate.expectation, sum(gate.held)) for gate in verdict.gates] == [
        ("intact", "strong", 3),
        ("intact", "rising", 2),
        ("weak", "strong", 0),
    ]
    assert verdict.figure.read_text() == "['intact', 'weak']"
    assert "weak,drive,0.001,0.001,0.001" in verdict.table.read_text()
    json.dumps(verdict.as_dict())


def test_a_control_that_does_not_take_the_effect_away_fails_the_assay(written):
    assay = ASSAY.replace("drive=1 mV", "drive=15 mV")
    assert not verify(load_assay(written(assay=assay))).passed


WRONG = {
    "no function": ("def run(circuit, seeds): pass", "no function 'draw'", 1),
    "a number too few": (
        PROGRAM.replace("[0, 1, 2]", "[0, 1]"),
        "'first' has one number for each of 3 seeds",
        1,
    ),
    "a number that nobody returns": (
        PROGRAM.replace('"last"', '"lost"'),
        "reads 'last', which 'run' does not",
        1,
    ),
    "another form": (PROGRAM.replace("}, {", "} or {"), "'run' returns (numbers, traces)", 1),
    "a mistake": (PROGRAM.replace('["cells"]', '["celts"]'), "failed in 'run': KeyError: 'celts'", 5),
    "no Python": ("def run(:", "could not be run: SyntaxError", 1),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_in_the_program_is_told_at_its_place(written, name):
    program, message, line = WRONG[name]
    with pytest.raises(NeuroRtrrlError) as caught:
        verify(load_assay(written(program)))
    (problem,) = caught.value.problems
    assert message in problem.message
    assert problem.location.file.endswith("drive.py")
    assert problem.location.line == line


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "program: drive.py",
            "program: dive.py",
            "there is no such file; its path counts from the assay's folder",
        ),
        ("program: drive.py", "program: /etc/drive.py", "a Python file in the folder of this file"),
        ("seeds: 3", "decisions: 10", "an assay with a program has no 'decisions'"),
        ("program: drive.py", "", "the key 'measures' is missing"),
        ("drive > 0.01", "drive + 1", "an expectation is true or false"),
    ],
)
def test_what_does_not_go_with_a_program_is_refused_at_its_line(written, old, new, message):
    with pytest.raises(CircuitError) as caught:
        load_assay(written(assay=ASSAY.replace(old, new)))
    assert any(message in problem.message for problem in caught.value.problems), caught.value
    assert all(problem.location.file.endswith("driven.yaml") for problem in caught.value.problems)


INTERRUPTED = """
import signal
import neuro_rtrrl as nr

def run(circuit, seeds):
    interrupt = lambda now: signal.raise_signal(signal.SIGTERM)
    result = nr.simulate(circuit, decisions=400, seeds=list(seeds), progress=interrupt)
    assert result.interrupted
    return {"drive": [1] * len(seeds), "first": [0, 1, 2], "last": [1, 2, 0]}, {}

def draw(runs, path):
    raise AssertionError
"""


def test_no_table_is_written_of_a_run_that_was_ended_early(written):
    path = written(INTERRUPTED)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        verify(load_assay(path))
    assert signal.getsignal(signal.SIGTERM) is before
    assert not list(path.parent.glob("*.csv"))
