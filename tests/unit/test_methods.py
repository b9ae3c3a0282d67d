"""Methods of integration: what each writes, what it refuses, where, and that Euler is left as it was."""

from __future__ import annotations

import math
import random

import pytest

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.language import names, parse_expression, parse_statements
from neuro_rtrrl.language.integration import steps_of
from neuro_rtrrl.language.linear import linear_form
from neuro_rtrrl.lowering import hoist, lower
from neuro_rtrrl.lowering.propagator import propagator

CIRCUIT = """
circuit: membranes
format: 1
timing: {dt: 1 ms, method: METHOD}
models:
  neurons:
    mine:
      parameters: {tau: second, tau_a: {unit: second, default: 5 ms}}
      states: {v: volt, a: volt}
      equations: |
        pull = a - v
        dv/dt = EQUATION
        da/dt = -a/tau_a
      threshold: v > 1
      reset: v = 0*v
populations:
  cells: {size: 3, neuron: mine, tau: TAU}
"""


def written(tmp_path, method="exact", equation="pull/tau", tau="20 ms", **more):
    text = CIRCUIT.replace("METHOD", method).replace("EQUATION", equation).replace("TAU", tau)
    text = text.replace("v > 1", "int(v > tau_a*0*v/tau) > 2")
    path = tmp_path / "circuit.yaml"
    path.write_text(text, encoding="utf-8")
    return path


# --- linearity -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "coefficient", "rest"),
    [
        ("(rest - v + drive)/tau", "-1/tau", "(rest + drive)/tau"),
        ("-(v - e)*g/c", "-g/c", "e*g/c"),
        ("v*g - (w - 2*v)/tau", "g + 2/tau", "-w/tau"),
        ("int(v > w)*g", "0", "int(v > w)*g"),
        ("g*(w - v)*int(w < 0)", "-g*int(w < 0)", "g*w*int(w < 0)"),
    ],
)
def test_a_linear_form_adds_up_to_what_it_was_made_of(text, coefficient, rest):
    tree = parse_expression(text)
    form = linear_form(tree, {"v"})
    assert form is not None
    assert "v" not in names(form.coefficients.get("v", parse_expression("0")))
    draw = random.Random(1)
    for _ in range(20):
        values = {name: draw.uniform(0.5, 2) for name in ("v", "w", "g", "c", "e", "tau", "rest", "drive")}
        found = (form.coefficients.get("v"), form.rest)
        for mine, expected in zip(found, (coefficient, rest), strict=True):
            assert value(mine, values) == pytest.approx(value(parse_expression(expected), values), abs=1e-12)


@pytest.mark.parametrize("text", ["v*v", "exp(v)", "1/v", "v**2", "maximum(v, 0)", "tanh(v)*w", "abs(v)"])
def test_what_is_not_linear_is_not_taken_for_it(text):
    assert linear_form(parse_expression(text), {"v"}) is None


def value(tree, values):
    from neuro_rtrrl.language import to_text

    text = to_text(tree) if tree is not None else "0"
    return eval(text, {"int": int, "exp": math.exp}, values)  # a tree that this file wrote


def test_what_is_neither_held_nor_constant_is_named():
    derivatives = parse_statements("dv/dt = (g - v)/tau\ndg/dt = -g/v_tau")
    _, obstacles = steps_of("exact", derivatives, (), {"tau"})
    assert [each.statement.target for each in obstacles] == ["g"]
    assert "'v_tau' varies" in obstacles[0].reason
    assert steps_of("exact", derivatives, (), {"tau", "v_tau"})[1] == []


# --- the propagator --------------------------------------------------------------------------------------------------


def test_the_propagator_of_one_equation_is_the_exponential():
    kept, gained = propagator([[-50.0]], 1e-3)
    assert kept[0][0] == math.exp(-0.05)
    assert gained[0][0] == pytest.approx(-math.expm1(-0.05) / 50, rel=1e-15)


def test_the_propagator_of_an_alpha_function_has_its_closed_form():
    a, tau, resistance, dt = 1 / 3e-3, 12e-3, 4.3e8, 1e-4
    kept, _ = propagator([[-a, 0, 0], [1, -a, 0], [0, resistance / tau, -1 / tau]], dt)
    b = 1 / tau
    slope = a - b
    expected = (math.exp(-b * dt) - math.exp(-a * dt) * (1 + slope * dt)) / slope**2 * resistance / tau
    assert kept[1][0] == pytest.approx(dt * math.exp(-a * dt), rel=1e-14)
    assert kept[2][0] == pytest.approx(
        expected, rel=1e-6
    )  # the closed form itself loses digits to cancellation
    assert kept[0][1] == kept[0][2] == kept[1][2] == 0
    half, _ = propagator([[-a, 0, 0], [1, -a, 0], [0, resistance / tau, -1 / tau]], dt / 2)
    for i in range(3):
        for j in range(3):
            twice = sum(half[i][k] * half[k][j] for k in range(3))
            assert kept[i][j] == pytest.approx(twice, rel=1e-15, abs=0)


def test_an_oscillation_turns():
    kept, gained = propagator([[0, -300.0], [300.0, 0]], 0.01)
    assert kept[0] == pytest.approx([math.cos(3), -math.sin(3)], rel=1e-15)
    assert gained[0] == pytest.approx([math.sin(3) / 300, (math.cos(3) - 1) / 300], rel=1e-13)


# --- what is written -------------------------------------------------------------------------------------------------


def test_exact_takes_coupled_states_together(tmp_path):
    lowered = lower(load_circuit(written(tmp_path)))
    assert [str(s) for s in lowered.sections["advance"]] == [
        "cells.v = v * from_v + a * from_a",
        "cells.a = a * from_a",
    ]
    assert lowered.variables["cells.v.from_v"].value == math.exp(-0.05)
    kept = (math.exp(-0.05) - math.exp(-0.2)) * 5 / (20 - 5)
    assert lowered.variables["cells.v.from_a"].value == pytest.approx(kept, rel=1e-14)


def test_factors_of_fixed_time_constants_are_computed_once(tmp_path):
    path = written(tmp_path, "exponential_euler", tau="{uniform: [2 ms, 20 ms]}")
    form = hoist(lower(load_circuit(path)))
    assert [s.target for s in form.setup if "kept" in s.target] == ["cells.factor_0_kept"]
    assert not [s for s in form.sections["derive"] if "factor" in str(s) and "exp(" in str(s)]


def test_a_part_may_have_a_method_of_its_own(tmp_path):
    lowered = lower(load_circuit(written(tmp_path), ["populations.cells.method=euler"]))
    assert str(lowered.sections["advance"][1]) == "cells.a = a + dt * (-a / tau_a)"


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "equation", "tau", "line", "says"),
    [
        ("exact", "v*v/tau/a", "20 ms", 12, "linear"),
        ("exponential_euler", "v*v/tau/a", "20 ms", 12, "linear"),
        ("exact", "pull/tau", "{uniform: [10 ms, 20 ms]}", 12, "'tau' varies"),
    ],
)
def test_a_method_that_does_not_apply_is_refused_at_the_line_of_the_equation(
    tmp_path, method, equation, tau, line, says
):
    with pytest.raises(CircuitError) as caught:
        load_circuit(written(tmp_path, method, equation, tau))
    (problem,) = (each for each in caught.value.problems if "method" in each.message)
    assert says in problem.message
    assert problem.found == f"dv/dt = {equation}"
    assert problem.location is not None
    assert problem.location.line == line
    assert "euler" in problem.hint


def test_a_built_in_model_is_refused_where_the_method_was_chosen():
    from pathlib import Path

    bg = Path(__file__).parents[2] / "circuits" / "bg.yaml"
    with pytest.raises(CircuitError) as caught:
        load_circuit(bg, ["timing.method=exact"])
    assert all(problem.where == "timing.method" for problem in caught.value.problems)
    found = {problem.found for problem in caught.value.problems}
    assert "dh/dt = (phi - h)/tau" in found
    assert "dj/dt = (slope_post*r_pre - j)/tau_post" in found


@pytest.mark.parametrize(("method", "fits"), [("euler", False), ("exponential_euler", True), ("exact", True)])
def test_only_euler_overshoots_a_short_time_constant(tmp_path, method, fits):
    path = written(tmp_path, method, tau="0.2 ms")
    if fits:
        load_circuit(path)
        return
    with pytest.raises(CircuitError, match="overshoot"):
        load_circuit(path)
