"""What zeros leave to be done, of random trees: array by array in the ledger, element by element here."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neuro_rtrrl.language import OPERATORS, Apply, Read
from neuro_rtrrl.language.on_arrays import NUMPY
from neuro_rtrrl.ledger.nodes import Node
from neuro_rtrrl.ledger.operations import joined
from neuro_rtrrl.ledger.zeros import Weighing
from neuro_rtrrl.lowering import Space

POST, PRE = 3, 2
SPACE = Space("projection", "p", (POST, PRE), POST * PRE, "a", "b")
ELEMENTS = {
    "broadcast": ("broadcast", 1),
    "own": ("projection", POST * PRE),
    "pre": ("population", PRE),
    "post": ("population", POST),
}
AXES = {"broadcast": (0, 1), "pre": 0, "post": 1}
SHAPES = {"broadcast": (), "pre": (1, PRE), "post": (POST, 1), "own": (POST, PRE)}
TWO = ("add", "subtract", "multiply", "divide", "maximum", "less")
ONE = ("negate", "tanh", "exp", "abs")
SCOPES = {"broadcast": "broadcast", "pre": "population", "post": "population", "own": "projection"}

leaves = st.sampled_from([Read(f"{name}_{access}", access) for name in "xy" for access in SHAPES])
trees = st.recursive(
    leaves,
    lambda inner: (
        st.builds(lambda o, l, r: Apply(o, (l, r)), st.sampled_from(TWO), inner, inner)
        | st.builds(lambda o, l: Apply(o, (l,)), st.sampled_from(ONE), inner)
    ),
    max_leaves=8,
)


def drawn(seed):
    """Return a value for every leaf, half of them zero."""
    draw = np.random.default_rng(seed)
    return {
        f"{name}_{access}": draw.choice([0.0, 0.0, 1.5, -0.5], shape)
        for name in "xy"
        for access, shape in SHAPES.items()
    }


def node_of(expression, values):
    if isinstance(expression, Read):
        return Node(expression, np.asarray(values[expression.key]), expression.access)
    arguments = [node_of(each, values) for each in expression.arguments]
    value = NUMPY[expression.operator](*(each.value for each in arguments))
    return Node(expression, np.asarray(value, float), joined([each.reach for each in arguments]), arguments)


class ByElement:
    """For one synapse after the other: which nodes are worked out, and which words are needed and not zero."""

    def __init__(self, values):
        self.values, self.done, self.fetched = values, set(), set()

    def value(self, node, i, j):
        if isinstance(node, Read):
            i, j = (i if node.access in ("post", "own") else 0), (j if node.access in ("pre", "own") else 0)
            array = self.values[node.key]
            return float(array if array.ndim == 0 else array[i, j])
        with np.errstate(all="ignore"):
            return float(NUMPY[node.operator](*(np.float64(self.value(a, i, j)) for a in node.arguments)))

    def need(self, node, i, j, path=()):
        if isinstance(node, Read):
            if self.value(node, i, j) != 0:
                self.fetched.add((node.key, i, j))
            return
        seen = [self.value(each, i, j) for each in node.arguments]
        wanted = [True] * len(seen)
        if node.operator == "multiply":
            done, wanted = seen[0] != 0 and seen[1] != 0, [seen[1] != 0, seen[0] != 0]
        elif node.operator in ("add", "subtract"):
            done = seen[0] != 0 and seen[1] != 0
        elif node.operator == "divide":
            done, wanted = seen[0] != 0, [True, seen[0] != 0]
        else:
            done = node.operator not in ("tanh", "abs") or seen[0] != 0
        if done and OPERATORS[node.operator].operations:
            place = {"broadcast": (), "pre": (j,), "post": (i,), "own": (i, j)}[reach_of(node)]
            self.done.add((path, place, SCOPES[reach_of(node)], OPERATORS[node.operator].kind))
        for number, (each, is_wanted) in enumerate(zip(node.arguments, wanted, strict=True)):
            if is_wanted:
                self.need(each, i, j, (*path, number))


def reach_of(node):
    return node.access if isinstance(node, Read) else joined([reach_of(each) for each in node.arguments])


@settings(max_examples=300, deadline=None)
@given(tree=trees, seed=st.integers(0, 10_000), masked=st.booleans())
def test_what_zeros_leave_is_the_same_element_by_element(tree, seed, masked):
    values = drawn(seed)
    mask = np.random.default_rng(seed + 1).random((POST, PRE)) < 0.6 if masked else None
    with np.errstate(all="ignore"):
        weighing = Weighing(SPACE, ELEMENTS, mask, AXES)
        weighing.tree(node_of(tree, values))
        alone = ByElement(values)
        for i in range(POST):
            for j in range(PRE):
                if mask is None or mask[i, j]:
                    alone.need(tree, i, j)
    expected = Counter((scope, kind) for _, _, scope, kind in alone.done)
    assert {key: count for key, count in weighing.counts.items() if count} == expected
    everything = np.ones((POST, PRE), bool)
    words = Counter(key for key, _, _ in alone.fetched)
    assert weighing.fetched(everything) == words


def test_a_product_with_zero_dopamine_leaves_nothing_of_its_bracket():
    dopamine, a, b = Read("x_broadcast", "broadcast"), Read("x_own", "own"), Read("y_own", "own")
    tree = Apply("multiply", (dopamine, Apply("add", (a, b))))
    values = {"x_broadcast": np.zeros(()), "x_own": np.ones((POST, PRE)), "y_own": np.ones((POST, PRE))}
    weighing = Weighing(SPACE, ELEMENTS, None, AXES)
    weighing.tree(node_of(tree, values))
    assert not weighing.counts
    assert weighing.fetched(np.zeros((POST, PRE), bool)) == {}
    values["x_broadcast"] = np.ones(())
    weighing = Weighing(SPACE, ELEMENTS, None, AXES)
    weighing.tree(node_of(tree, values))
    assert weighing.counts == {("projection", "add"): 6, ("projection", "multiply"): 6}
