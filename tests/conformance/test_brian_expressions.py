"""What is written for Brian2 means what the language means: operators, names, units, the grouping of statements."""

from __future__ import annotations

import numpy as np
import pytest

brian2 = pytest.importorskip("brian2")

from neuro_rtrrl.backends.brian.expressions import (  # noqa: E402
    FUNCTIONS,
    NUMPY,
    brian_text,
    numpy_function,
)
from neuro_rtrrl.backends.brian.names import Names, mangle, unit_text  # noqa: E402
from neuro_rtrrl.backends.brian.plan import into_blocks  # noqa: E402
from neuro_rtrrl.backends.brian.settings import settings  # noqa: E402
from neuro_rtrrl.language import OPERATORS, Apply, Number, Read  # noqa: E402
from neuro_rtrrl.lowering import Assign, Space  # noqa: E402
from neuro_rtrrl.units import DIMENSIONLESS, unit_dimension  # noqa: E402

pytestmark = pytest.mark.brian


@pytest.mark.parametrize("name", OPERATORS)
def test_operator_means_the_same_in_brian2_and_numpy(name):
    keys = [f"x{i}" for i in range(OPERATORS[name].arity)]
    leaves = [Read(key, "own") for key in keys]
    logical = OPERATORS[name].dimensions in ("compare", "logical")
    if OPERATORS[name].dimensions == "logical":
        leaves = [Apply("greater", (leaf, Number(0.5))) for leaf in leaves]
    tree = Apply(name, tuple(leaves))
    text = brian_text(tree, lambda leaf: leaf.key, lambda key: DIMENSIONLESS)
    values = {key: np.array([0.1, 0.7, 2.5, 0.7]) * (1 + 0.3 * i) for i, key in enumerate(keys)}
    equations = "\n".join([*(f"{key} : 1" for key in keys), "result : 1"])
    code = f"result = {f'int({text})' if logical and name != 'int' else text}"
    found = accepted(equations, code, values).result[:]
    expected = numpy_function(tree, lambda leaf: lambda: values[leaf.key])()
    np.testing.assert_allclose(found, np.asarray(expected, float), rtol=1e-15)


def accepted(equations, code="", values=None):
    """Let Brian2 run a group of four neurons with these equations for one step."""
    with settings("numpy", "float64"):
        group = brian2.NeuronGroup(4, equations, namespace=dict(FUNCTIONS))
        for key, numbers in (values or {}).items():
            setattr(group, key, numbers)
        if code:
            group.run_regularly(code)
        brian2.Network(group).run(group.dt, namespace={})
    return group


def test_evaluator_and_brian2_know_exactly_the_operators_of_the_language():
    assert set(NUMPY) == set(OPERATORS)


def test_zero_gets_its_unit_back():
    volt = unit_dimension("volt")
    tree = Apply("maximum", (Read("v", "own"), Number(0.0)))
    assert brian_text(tree, lambda leaf: leaf.key, lambda key: volt) == "maximum(v, 0*volt)"
    assert brian_text(tree, lambda leaf: leaf.key, lambda key: DIMENSIONLESS) == "maximum(v, 0)"


@pytest.mark.parametrize(
    "name", ["j", "i", "t", "dt", "N", "e", "pi", "mV", "exp", "lambda", "x_pre", "adam.m", "double"]
)
def test_names_that_mean_something_to_brian2_are_changed(name):
    assert mangle(name) != name
    accepted(f"{mangle(name)} : 1")


def test_names_of_a_group_never_collide():
    names = Names("cortex")
    keys = ("cortex.a.b", "cortex.a_b", "a.b", "cortex.j", "cortex.j_")
    assert len({names[key] for key in keys}) == len(keys)
    assert names["cortex.j"] == names["cortex.j"]


def test_units_are_written_as_brian2_reads_them():
    for unit in ("1", "second", "hertz", "volt", "ampere", "siemens", "farad"):
        for dimension in (unit_dimension(unit), unit_dimension(unit) * unit_dimension("second")):
            accepted(f"x : {unit_text(dimension)}")


def test_statements_move_into_one_block_only_past_what_they_do_not_touch():
    here, there = (Space("population", name, (2,), 2) for name in ("here", "there"))

    def assign(space, target, source):
        return Assign(target, space, Read(source, "own"), "forward", space.name)

    free = into_blocks([assign(here, "a", "x"), assign(there, "b", "y"), assign(here, "c", "x")])
    assert [len(block.statements) for block in free] == [2, 1]
    bound = into_blocks([assign(here, "a", "x"), assign(there, "b", "y"), assign(here, "c", "b")])
    assert [len(block.statements) for block in bound] == [1, 1, 1]
