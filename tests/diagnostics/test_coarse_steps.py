"""A step of dt that is too coarse for what it steps is refused, with the number that is wrong and one that is right."""

from __future__ import annotations

from pathlib import Path

import pytest

import neuro_rtrrl as nr

STDP = str(Path(__file__).parents[2] / "circuits" / "stdp.yaml")
NEURON = """
circuit: own_neuron
format: 1
timing: {dt: 5 ms, decision_interval: 10 ms}
models:
  neurons:
    slow:
      parameters:
        tau: {unit: second, default: 1 ms}
        half: {unit: "1", default: 0.5}
        uptake: {unit: hertz, default: 10 Hz}
      states: {x: {unit: "1", initial: half}}
      equations: |
        EQUATION
      readout: r = x
populations:
  cells: {neuron: slow, size: 3}
record: [{variable: cells.r}]
"""


def own(tmp_path, equation: str, *edits: tuple[str, str]) -> Path:
    text = NEURON.replace("EQUATION", equation.replace("\n", "\n        "))
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "own.yaml"
    path.write_text(text.lstrip())
    return path


DECAYS = {
    "a product of numbers": ("dx/dt = -x/(tau*half)", (), "500 µs", 13),
    "a rate in hertz": ("dx/dt = -x*uptake", (("10 Hz", "1000 Hz"),), "1 ms", 13),
    "a line above it": ("fast = tau*half\ndx/dt = -x/fast", (), "500 µs", 14),
    "a sum of two": ("dx/dt = -x/(4*tau) - x*uptake", (("10 Hz", "400 Hz"),), "1.54 ms", 13),
    "the fastest of a distribution": (
        "dx/dt = -x*uptake*half",
        (("size: 3", "size: 3, uptake: {uniform: [10 Hz, 500 Hz]}"),),
        "4 ms",
        13,
    ),
    "switched on and off": ("on = int(x > 0)\ndx/dt = on*(-x/(tau*half))", (), "500 µs", 14),
}


@pytest.mark.parametrize("case", DECAYS)
def test_a_decay_within_a_step_is_refused_however_it_is_written(tmp_path, case):
    equation, edits, within, line = DECAYS[case]
    path = own(tmp_path, equation, *edits)
    (problem,) = nr.check(path)
    assert (
        f"'x' can decay within {within}, less than dt (5 ms): an Euler step would overshoot"
        in problem.message
    )
    assert problem.found == equation.splitlines()[-1]
    assert problem.location is not None
    assert problem.location.line == line
    assert f"timing.dt to {within} or less" in problem.hint
    assert nr.check(path, ["timing.method=exponential_euler"]) == ()
    assert nr.check(path, ["timing.dt=0.5 ms"]) == ()


@pytest.mark.parametrize(
    "equation",
    [
        "dx/dt = x*uptake*100",  # growth: Euler is behind, and goes nowhere else
        "dx/dt = -x*x/(tau*half)",  # what it does depends on x
        "dx/dt = (half - x)/dt",  # a jump, once a step
        "dx/dt = -x*uptake",
        "dx/dt = -x/(tau*half)*0",
    ],
)
def test_what_does_not_decay_within_a_step_is_not_refused(tmp_path, equation):
    assert nr.check(own(tmp_path, equation)) == ()


def test_a_short_time_constant_is_told_once_by_its_name(tmp_path):
    told = nr.check(own(tmp_path, "dx/dt = -x/tau", ("size: 3", "size: 3, tau: 1 ms")))
    assert [problem.where for problem in told] == ["populations.cells.tau"]


@pytest.mark.parametrize(
    ("rate", "dt", "most"),
    [("5 kHz", "1 ms", "1 kHz"), ("20 kHz", "0.1 ms", "10 kHz"), ("1001 Hz", "1 ms", "1 kHz")],
)
def test_a_poisson_neuron_that_cannot_fire_as_often_as_it_should_is_refused(rate, dt, most):
    settings = [
        f"populations.afferents.rate={rate}",
        f"timing.dt={dt}",
        "projections.afferents_to_neurons.delay=2 ms",
    ]
    (problem,) = nr.check(STDP, settings)
    assert problem.where == "populations.afferents.rate"
    assert f"can fire once in each dt ({dt if dt == '1 ms' else '100 µs'}): {most} at most" in problem.message
    assert nr.check(STDP, [settings[0].replace(rate, most), *settings[1:]]) == ()


def test_place_cells_that_cannot_fire_as_often_as_in_their_centre_are_refused():
    maze = str(Path(__file__).parents[2] / "experiments" / "Fremaux_2013" / "circuit.yaml")
    cells = next(name for name, each in nr.load(maze).populations.items() if each.model.name == "place_cells")
    (problem,) = nr.check(maze, [f"populations.{cells}.rate_maximum=1200 Hz"])
    assert problem.where == f"populations.{cells}.rate_maximum"
    assert "would fire 1.2 kHz" in problem.message


@pytest.mark.parametrize(
    ("period", "use"),
    [
        ("0.04 ms", "write 'refractory: 0 ms', or 0.1 ms"),
        ("0.25 ms", "write 'refractory: 0.2 ms', or 0.3 ms"),
    ],
)
@pytest.mark.parametrize("neuron", ["lif_current", "lif_alpha", "lif_conductance"])
def test_a_refractory_period_between_two_steps_is_refused_as_a_delay_is(tmp_path, neuron, period, use):
    path = tmp_path / "lif.yaml"
    path.write_text(
        "circuit: lif\nformat: 1\ntiming: {dt: 0.1 ms, decision_interval: 1 ms}\npopulations:\n"
        f"  cells: {{size: 2, neuron: {neuron}, refractory: {period}}}\n"
    )
    (problem,) = nr.check(path)
    assert problem.message == "a refractory period must be a whole multiple of dt (100 µs)"
    assert problem.where == "populations.cells.refractory"
    assert problem.found == period
    assert use in problem.hint
    assert nr.check(path, ["populations.cells.refractory=0.3 ms"]) == ()


def test_a_refractory_period_that_is_one_by_default_is_whole_steps_as_well(tmp_path):
    path = tmp_path / "lif.yaml"
    path.write_text(
        "circuit: lif\nformat: 1\ntiming: {dt: 1.5 ms}\npopulations: {cells: {size: 2, neuron: lif_current}}\n"
    )
    (problem,) = nr.check(path)
    assert problem.where == "populations.cells"
    assert problem.found == "2 ms, which it is by default"
    assert problem.hint == "write 'refractory: 1.5 ms', or 3 ms"
