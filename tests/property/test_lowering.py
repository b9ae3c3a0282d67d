"""Hoisting moves arithmetic and changes no value: random programs over synapses, neurons and constants."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from neuro_rtrrl.graph.circuit import Circuit, Timing
from neuro_rtrrl.language import Apply, Expression, Number, Read
from neuro_rtrrl.lowering import hoist
from neuro_rtrrl.lowering.program import BROADCAST, SECTIONS, Assign, LoweredCircuit, Space, Variable

POST, PRE, SYNAPSES = 2, 3, "p"
SPACES = {
    "a": Space("population", "a", (PRE,), PRE),
    "b": Space("population", "b", (POST,), POST),
    SYNAPSES: Space("projection", SYNAPSES, (POST, PRE), POST * PRE, "a", "b"),
}
CIRCUIT = Circuit("random", Timing(1e-3, 1e-3, 1), {}, {})
OPERATORS = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
}
FUNCTIONS = {"negate": np.negative, "tanh": np.tanh, "abs": np.abs, "cos": np.cos}


def variables() -> dict[str, Variable]:
    """Two states a space, a parameter that never changes, shared signals and constants."""
    found = {}
    for name, space in SPACES.items():
        for short in ("x", "y"):
            found[f"{name}.{short}"] = Variable(f"{name}.{short}", space, "membrane", persistent=True)
        found[f"{name}.k"] = Variable(f"{name}.k", space, "parameter", persistent=True)
    for key in ("s", "t"):
        found[key] = Variable(key, BROADCAST, "modulator")
    found |= {
        key: Variable(key, BROADCAST, "parameter", value=value) for key, value in (("c", 0.75), ("d", -1.5))
    }
    return found


def leaves(space: Space) -> st.SearchStrategy[Expression]:
    reads: list[Expression] = [Read(key, "broadcast") for key in ("s", "t", "c", "d")]
    reads += [Number(2.0), Number(0.5)]
    for short in ("x", "y", "k"):
        if space.kind != "broadcast":
            reads.append(Read(f"{space.name}.{short}", "own"))
        if space.kind == "projection":
            reads += [Read(f"a.{short}", "pre"), Read(f"b.{short}", "post")]
    return st.sampled_from(reads)


def trees(space: Space) -> st.SearchStrategy[Expression]:
    def grow(inner):
        two = st.builds(lambda o, l, r: Apply(o, (l, r)), st.sampled_from(sorted(OPERATORS)), inner, inner)
        one = st.builds(lambda o, x: Apply(o, (x,)), st.sampled_from(sorted(FUNCTIONS)), inner)
        return two | two | two | one

    return st.recursive(leaves(space), grow, max_leaves=9)


@st.composite
def programs(draw) -> LoweredCircuit:
    """Draw some statements; those of 'advance' move together, so each has a target of its own."""
    sections: dict[str, tuple[Assign, ...]] = dict.fromkeys(SECTIONS, ())
    targets = ["a.x", "a.y", "b.x", "b.y", "p.x", "p.y", "s"]
    for section in ("derive", "advance", "learn"):
        chosen = draw(st.lists(st.sampled_from(targets), min_size=1, max_size=4, unique=section == "advance"))
        known = variables()
        sections[section] = tuple(
            Assign(key, known[key].space, draw(trees(known[key].space)), "forward", key) for key in chosen
        )
    return LoweredCircuit(CIRCUIT, SPACES, variables(), sections)


class Watched:
    """Plain evaluation that keeps the largest number and the smallest divisor it met."""

    def __init__(self) -> None:
        self.largest, self.divisor = 1.0, 1.0

    def run(self, lowered: LoweredCircuit) -> dict[str, np.ndarray]:
        draw = np.random.default_rng(0)
        values = {
            k: np.array(draw.uniform(0.3, 2.0, v.space.shape))
            for k, v in variables().items()
            if v.value is None
        }
        for statement in lowered.setup:
            values[statement.target] = self._target(lowered, statement, values)
        for name in SECTIONS:
            old = dict(values) if name == "advance" else values
            for statement in lowered.sections[name]:
                values[statement.target] = self._target(lowered, statement, old)  # type: ignore[arg-type]
        return values

    def _target(self, lowered: LoweredCircuit, statement: Assign, values) -> np.ndarray:
        return np.broadcast_to(self._value(lowered, statement.expression, values), statement.space.shape)

    def _value(self, lowered, node, values):
        if isinstance(node, Number):
            return np.float64(node.value)
        if isinstance(node, Read):
            constant = lowered.variables[node.key].value
            array = np.float64(constant) if constant is not None else values[node.key]
            return (
                array[:, None] if node.access == "post" else array[None, :] if node.access == "pre" else array
            )
        arguments = [self._value(lowered, argument, values) for argument in node.arguments]
        if node.operator == "divide":
            self.divisor = min(self.divisor, float(np.abs(arguments[1]).min()))
        with np.errstate(all="ignore"):
            result = (OPERATORS | FUNCTIONS)[node.operator](*arguments)
        self.largest = max(self.largest, float(np.abs(result).max()))
        return result


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
@given(programs())
def test_hoisting_changes_no_value_beyond_rounding(written):
    as_written, regrouped = Watched(), Watched()
    expected = as_written.run(written)
    # where a run divides by almost nothing or grows without bound, rounding is all there is to see
    assume(as_written.divisor > 0.02 and np.isfinite(as_written.largest) and as_written.largest < 1e3)
    found = regrouped.run(hoist(written))
    for key, values in expected.items():
        np.testing.assert_allclose(found[key], values, rtol=1e-9, atol=1e-9, err_msg=key)


@settings(max_examples=100, deadline=None)
@given(trees(SPACES[SYNAPSES]))
def test_hoisting_leaves_no_work_at_a_synapse_that_a_neuron_can_do(tree):
    """No operator at a synapse is left with arguments that are all of the same neuron or shared."""
    sections = dict.fromkeys(SECTIONS, ()) | {"learn": (Assign("p.x", SPACES["p"], tree, "forward", "p"),)}
    lowered = hoist(LoweredCircuit(CIRCUIT, SPACES, variables(), sections))
    (statement,) = (s for s in lowered.sections["learn"] if s.target == "p.x")

    def check(node):
        if isinstance(node, Apply):
            scopes = {leaf.access for leaf in node.arguments if isinstance(leaf, Read)}
            if (
                all(isinstance(leaf, Read | Number) for leaf in node.arguments)
                and node is not statement.expression
            ):
                trivial = node.operator == "negate"
                assert trivial or scopes - {"broadcast"} not in ({"pre"}, {"post"}, set()), node
            for argument in node.arguments:
                check(argument)

    check(statement.expression)
