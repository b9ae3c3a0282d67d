"""One closed table of operators: every part that reads an equation knows exactly the same ones."""

from __future__ import annotations

import pytest

from neuro_rtrrl.language import KINDS, OPERATORS, Apply, Name, Number, Read, parse_expression, to_text
from neuro_rtrrl.language.dimensions import _RULES, dimension_of
from neuro_rtrrl.language.on_numbers import NUMBERS
from neuro_rtrrl.ledger.operations import COSTS, count_expression
from neuro_rtrrl.lowering import LoweredCircuit, Space, Variable
from neuro_rtrrl.lowering.simplify import evaluate_constant
from neuro_rtrrl.units import DIMENSIONLESS

A_POPULATION = Space("population", "cells", (5,), 5)


def applied(name, leaf):
    return Apply(name, tuple(leaf(i) for i in range(OPERATORS[name].arity)))


def test_jax_emitter_knows_exactly_the_table():
    jax = pytest.importorskip("neuro_rtrrl.backends.jax.expressions")
    assert set(jax.EMITTED) | {"int"} == set(
        OPERATORS
    )  # 'int' needs the number type, so it is not in the dictionary


@pytest.mark.brian
def test_brian_emitter_knows_exactly_the_table():
    pytest.importorskip("brian2")
    brian = pytest.importorskip("neuro_rtrrl.backends.brian.expressions")
    assert set(brian.BRIAN_SPELLING) == set(OPERATORS)
    assert set(brian.NUMPY) == set(OPERATORS)


def test_constant_evaluator_knows_exactly_the_table():
    assert set(NUMBERS) == set(OPERATORS)


def test_counter_knows_exactly_the_table():
    assert set(COSTS) == set(OPERATORS)


@pytest.mark.parametrize("name", OPERATORS)
def test_operator_is_parsed_checked_evaluated_and_counted(name):
    operator = OPERATORS[name]
    tree = applied(name, lambda i: Name(f"x{i}"))
    assert parse_expression(to_text(tree)) == tree
    assert operator.dimensions in _RULES
    assert dimension_of(tree, lambda _: DIMENSIONLESS) == DIMENSIONLESS
    assert evaluate_constant(applied(name, lambda i: Number(i + 1.0)), {}) is not None
    assert operator.kind in KINDS
    variables = {f"cells.x{i}": Variable(f"cells.x{i}", A_POPULATION, "derived") for i in range(3)}
    lowered = LoweredCircuit(None, {}, variables, {})  # type: ignore[arg-type]
    counts = count_expression(
        applied(name, lambda i: Read(f"cells.x{i}", "own")), lowered, {"own": ("population", 5)}
    )
    expected = 5 * operator.operations
    assert dict(counts) == ({("population", operator.kind): expected} if expected else {})


def test_unknown_operator_cannot_be_counted():
    variables = {"cells.x": Variable("cells.x", A_POPULATION, "derived")}
    lowered = LoweredCircuit(None, {}, variables, {})  # type: ignore[arg-type]
    with pytest.raises(KeyError):
        count_expression(Apply("erf", (Read("cells.x", "own"),)), lowered, {"own": ("population", 5)})
