"""What a new user gets wrong in the first minutes, and what is said then."""

from __future__ import annotations

import pytest

import neuro_rtrrl as nr
from neuro_rtrrl.cli.main import main
from neuro_rtrrl.results.replacing import replacing

ADEX = """
circuit: mine
format: 1
timing: {dt: 0.1 ms, decision_interval: 1 ms}
populations:
  cells: {neuron: adex, size: 5}
models:
  neurons:
    adex:
      parameters:
        tau: {unit: second, default: 20 ms}
        rest: {unit: volt, default: -70 mV}
        cut: {unit: volt, default: -50 mV}
      states: {v: {unit: volt, initial: rest}}
      equations: |
        DERIVATIVE
      threshold: THRESHOLD
      reset: v = rest
record: [{variable: cells.v, every: step}]
"""
DERIVATIVE, THRESHOLD = "dv/dt = (rest - v)/tau", "v > cut"


@pytest.fixture
def mine(tmp_path):
    def written(derivative=DERIVATIVE, threshold=THRESHOLD):
        path = tmp_path / "mine.yaml"
        path.write_text(ADEX.replace("DERIVATIVE", derivative).replace("THRESHOLD", threshold))
        return path

    return written


def run(*arguments) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_the_example_itself_is_sound(mine):
    assert nr.check(mine()) == ()


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"threshold": "v > -50 mV"}, "make '50 mV' the default of a parameter"),
        ({"derivative": "dv/dt = (rest - v)/(20*ms)"}, "make the number in ms the default of a parameter"),
        ({"derivative": "dv/dt = (rest - v)/tau : volt"}, "leave out ': volt': units stand under 'states'"),
        ({"derivative": "dv/dt = (rest - v)/tau : volt (unless refractory)"}, "leave out ': volt'"),
        ({"derivative": "dv/dt = (rest - v)/tau)"}, "check brackets and operators"),
        ({"threshold": "v > cut and"}, "check brackets and operators"),
        ({"threshold": "1 and"}, "check brackets and operators"),
    ],
)
def test_units_in_equations_are_explained(mine, change, hint):
    (problem,) = nr.check(mine(**change))
    assert hint in problem.hint
    assert problem.location is not None
    assert problem.location.line in (16, 17)


def test_a_run_lasts_as_long_as_the_command_line_says(mine, tmp_path, capsys):
    assert run("simulate", mine(), "--duration", "20 ms", "--seeds", "1", "--out", tmp_path / "run") == 0
    assert nr.load_results(tmp_path / "run").decisions == 20
    assert run("simulate", mine(), "--duration", "20") == 2
    assert "write a unit" in capsys.readouterr().err
    assert run("simulate", mine(), "--duration", "1 s", "--decisions", "5") == 2
    assert "not both" in capsys.readouterr().err
    assert run("plot", tmp_path / "run", "voltages", "--out", tmp_path / "v.xyz") == 2
    error = capsys.readouterr().err
    assert "unknown picture format" in error
    assert "svg, png, pdf" in error
    assert run("plot", tmp_path / "run", "voltages", "--out", tmp_path / "v.svg") == 0
    assert (tmp_path / "v.svg").read_text().startswith("<?xml")


def test_a_recording_that_is_only_a_name_is_put_right(mine):
    path = mine()
    path.write_text(path.read_text().replace("{variable: cells.v, every: step}", "cells.v"))
    (problem,) = nr.check(path)
    assert problem.hint == "write '{variable: cells.v}'"


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with (
        pytest.raises(nr.RunError, match=r"x\.nwb could not be written: its folder"),
        replacing(tmp_path / "elsewhere" / "x.nwb") as temporary,
    ):
        raise OSError(f"unable to synchronously create file {temporary}")


def test_wrong_options_are_told_in_one_line_each(mine, capsys):
    assert run("simulate", mine(), "--decisions", "1e5") == 2
    assert "such as 100000" in capsys.readouterr().err
    assert run("convert", "somewhere") == 2
    assert "Choose from nwb, neo, csv" in capsys.readouterr().err
