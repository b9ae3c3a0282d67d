"""Dense counts against NumPy itself: every lowered line is worked out on arrays that count what is done to them.

The ledger reads the trees and multiplies by elements. Here nothing is multiplied: arrays of the real shapes, a row for
what is presynaptic and a column for what is postsynaptic, go through the operators, and each universal function of
NumPy reports how many numbers it made. What the two have in common is the lowered form alone.
"""

from __future__ import annotations

import operator
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.language import KINDS, OPERATORS, Apply, Number, Read
from neuro_rtrrl.language.on_arrays import NUMPY
from neuro_rtrrl.ledger import cost
from neuro_rtrrl.lowering import Act, Assign, Choose, Gather, Reduce, SpikeStep, hoist, lower

CIRCUITS = sorted((Path(__file__).parents[2] / "circuits").glob("*.yaml"))

REPORTED = {
    **dict.fromkeys(("add", "subtract"), "add"),
    "multiply": "multiply",
    "divide": "divide",
    **dict.fromkeys(("exp", "log", "sqrt", "tanh", "sin", "cos", "power"), "transcendental"),
    **dict.fromkeys(("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"), "compare"),
    **dict.fromkeys(("logical_and", "logical_or", "logical_not"), "compare"),
    **dict.fromkeys(("minimum", "maximum", "absolute", "sign", "floor"), "compare"),
    "negative": None,
}


class Watched(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that reports what NumPy does to it."""

    def __init__(self, array, tally):
        self.array, self.tally = np.asarray(array, float), tally

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        assert method == "__call__"
        plain = [each.array if isinstance(each, Watched) else each for each in inputs]
        with np.errstate(all="ignore"):
            result = ufunc(*plain, **options)
        if kind := REPORTED[ufunc.__name__]:
            self.tally[kind] += result.size
        return Watched(result, self.tally)


def _power(base, exponent):
    """x**3 by hand is x*x*x; a negative power is one over it; any other goes to the library."""
    if isinstance(exponent, float) and exponent == int(exponent) and abs(exponent) <= 8:
        result = 1.0
        for number in range(abs(int(exponent))):
            result = base if number == 0 else result * base
        return 1.0 / result if exponent < 0 else result
    return base**exponent


FUNCTIONS = ("exp", "log", "sqrt", "tanh", "sin", "cos", "sign", "floor", "minimum", "maximum")
WORKED_OUT = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negate": operator.neg,
    "power": _power,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": lambda a, b: np.equal(a, b),
    "not_equal": lambda a, b: np.not_equal(a, b),
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "abs": np.abs,
    "int": lambda x: x,
    **{name: getattr(np, name) for name in FUNCTIONS},
}


class Evaluation:
    """Works out the lines of a lowered circuit; ``pre`` and ``post`` say how many neurons take part at either end."""

    def __init__(self, lowered, ends=None):
        self.lowered, self.ends, self.tally = lowered, ends, Counter()

    def value(self, node, space):
        if isinstance(node, Number):
            return float(node.value)
        if isinstance(node, Read):
            variable = self.lowered.variables[node.key]
            if variable.value is not None:
                return float(variable.value)
            return Watched(np.full(self.shape(node, space), 0.5), self.tally)
        assert isinstance(node, Apply)
        arguments = [self.value(each, space) for each in node.arguments]
        if not any(isinstance(each, Watched) for each in arguments):
            return 0.5  # of constants: known before anything runs
        return WORKED_OUT[node.operator](*arguments)

    def shape(self, node, space):
        if node.access == "broadcast":
            return ()
        if space.kind != "projection":
            return space.shape if self.ends is None else (1,)
        post, pre = self.ends or space.shape
        return {"own": (post, pre), "pre": (1, pre), "post": (post, 1)}[node.access]

    def line(self, statement):
        """Work out one statement."""
        if isinstance(statement, Assign):
            self.value(statement.expression, statement.space)
        elif isinstance(statement, Reduce):
            self.value(statement.expression, statement.space)
            kind = "add" if statement.how == "sum_population" else "compare"
            self.tally[kind] += statement.space.elements - 1
        elif isinstance(statement, Gather):
            for term in statement.terms:
                self.term(term)
            if self.ends is None:
                self.tally["add"] += max(len(statement.terms) - 1, 0) * statement.space.elements
        elif isinstance(statement, Choose):
            actions = self.lowered.spaces[statement.population].elements
            self.tally.update(add=actions - 1, compare=actions - 1)
        elif isinstance(statement, SpikeStep):
            self.value(statement.condition, statement.space)
        else:
            assert isinstance(statement, Act)

    def term(self, term):
        """Add up over pre: the product of a weight and a rate is one with its addition."""
        space = self.lowered.spaces[term.projection]
        before = self.tally["multiply"]
        self.value(term.expression, space)
        post, pre = self.ends or space.shape
        if _is_weight_times_rate(term.expression):
            assert self.tally["multiply"] == before + post * pre
            self.tally.update(multiply=-post * pre, mac=post * pre)
        else:
            self.tally["add"] += post * pre


def _is_weight_times_rate(node):
    if not isinstance(node, Apply) or node.operator != "multiply":
        return False
    return any(
        isinstance(weight, Read)
        and weight.key.endswith(".w")
        and isinstance(rate, Read)
        and rate.access == "pre"
        for weight, rate in (node.arguments, node.arguments[::-1])
    )


def worked_out(lowered):
    """Return kind -> operations of a decision, without what spikes set off."""
    total = Counter()
    for section, statement in lowered.statements():
        if isinstance(statement, SpikeStep) and statement.kind != "threshold":
            continue
        evaluation = Evaluation(lowered)
        evaluation.line(statement)
        times = lowered.circuit.timing.steps if section in ("derive", "advance", "express", "spike") else 1
        for kind, number in evaluation.tally.items():
            total[kind] += times * number
    return {kind: total[kind] for kind in KINDS}


def summed(phases):
    return {kind: sum(kinds[kind] for kinds in phases.values()) for kind in KINDS}


@pytest.mark.parametrize("file", CIRCUITS, ids=lambda file: file.stem)
@pytest.mark.parametrize("form", ["as written", "regrouped"])
def test_dense_counts_are_what_numpy_did(file, form):
    circuit = load_circuit(file).replace(record=())
    report = cost(circuit)
    lowered = lower(circuit)
    if form == "regrouped":
        assert worked_out(hoist(lowered)) == summed(report.operations)
    else:
        assert worked_out(lowered) == summed(report.as_written)


@pytest.mark.parametrize("file", CIRCUITS, ids=lambda file: file.stem)
def test_what_a_spike_sets_off_is_what_numpy_did(file):
    circuit = load_circuit(file).replace(record=())
    report, lowered = cost(circuit), hoist(lower(circuit))
    total = {}
    for _, statement in lowered.statements():
        if isinstance(statement, SpikeStep) and statement.kind != "threshold":
            post, pre = statement.space.shape if statement.kind == "pathway" else (1, 1)
            ends = {"pre": (post, 1), "post": (1, pre), "": (1, 1)}[statement.event]
            evaluation = Evaluation(lowered, ends)
            for action in statement.actions:
                evaluation.line(action)
            total.setdefault(statement.trigger.removesuffix(".spike"), Counter()).update(evaluation.tally)
    found = {name: summed(entry["operations"]) for name, entry in report.per_spike.items()}
    assert found == {name: {kind: each[kind] for kind in KINDS} for name, each in total.items()}


def test_every_operator_of_the_language_is_worked_out_here():
    assert set(WORKED_OUT) == set(OPERATORS)
    assert {*NUMPY, "int"} == set(OPERATORS)  # as in the replay of a run
