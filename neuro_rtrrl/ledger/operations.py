"""What one expression costs: operations by scope and kind, from the tree and the closed table of operators.

A node is counted once for each element of the smallest scope that sees all of it: what reads only ``_post``
names is worked out once a postsynaptic neuron, what reads only broadcast names once, and what is constant for
good not at all. That is also how often an array language evaluates it, so the count of a circuit as written
equals that of the function generated from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from neuro_rtrrl.language import KINDS, OPERATORS, Apply, Expression, Number, Read
from neuro_rtrrl.lowering import LoweredCircuit, Space

__all__ = [
    "COSTS",
    "Counts",
    "constant_free_reads",
    "count_expression",
    "elements_by_reach",
    "joined",
    "power_cost",
]

Counts = Counter[tuple[str, str]]
"""(scope, kind) -> how many operations."""

Reach = str
"""``constant``, ``broadcast``, ``pre``, ``post`` or ``own``: what a subtree can see."""

COSTS: dict[str, Mapping[str, int]] = {
    name: {operator.kind: operator.operations} for name, operator in OPERATORS.items()
}
"""Operator -> kind -> operations of one evaluation; for ``power`` see :func:`power_cost`."""

_LARGEST_POWER = 8  # beyond it nobody multiplies the factors one by one


def power_cost(exponent: Expression) -> Mapping[str, int]:
    """Return what ``x ** exponent`` costs: n - 1 multiplies for a small literal n, else one transcendental.

    A negative exponent adds the division.
    """
    if isinstance(exponent, Number) and exponent.value == int(exponent.value):
        power = int(exponent.value)
        if abs(power) <= _LARGEST_POWER:
            cost = {"multiply": max(abs(power) - 1, 0)}
            return cost | {"divide": 1} if power < 0 else cost
    return COSTS["power"]


def elements_by_reach(lowered: LoweredCircuit, space: Space) -> dict[Reach, tuple[str, float]]:
    """Return, for what a statement of ``space`` may see, the scope's name and how many elements it has."""
    found: dict[Reach, tuple[str, float]] = {
        "broadcast": ("broadcast", 1),
        "own": (space.kind, space.elements),
    }
    if space.kind == "projection":
        for end in ("pre", "post"):
            found[end] = ("population", lowered.spaces[getattr(space, end)].elements)
    return found


def count_expression(
    expression: Expression, lowered: LoweredCircuit, elements: Mapping[Reach, tuple[str, float]]
) -> Counts:
    """Return the operations of one evaluation of a tree over all elements of its statement.

    Parameters
    ----------
    expression : Expression
        A lowered tree: its leaves are numbers and reads.
    elements : mapping
        From :func:`elements_by_reach`, or what a single spike touches.

    Raises
    ------
    KeyError
        For an operator that is not in the closed table.
    """
    counts: Counts = Counter()

    def visit(node: Expression) -> Reach:
        if isinstance(node, Read):
            return "constant" if lowered.variables[node.key].value is not None else node.access
        if not isinstance(node, Apply):
            return "constant"
        reach = joined([visit(argument) for argument in node.arguments])
        if reach != "constant":
            scope, count = elements[reach]
            cost = power_cost(node.arguments[1]) if node.operator == "power" else COSTS[node.operator]
            for kind, operations in cost.items():
                if operations:
                    counts[scope, kind] += operations * count  # type: ignore[assignment]
        return reach

    visit(expression)
    return counts


def joined(reaches: list[Reach]) -> Reach:
    """Return the smallest scope that sees everything that its parts see."""
    seen = set(reaches) - {"constant"}
    if not seen:
        return "constant"
    if seen == {"broadcast"}:
        return "broadcast"
    seen -= {"broadcast"}
    return seen.pop() if len(seen) == 1 else "own"


def constant_free_reads(expression: Expression, lowered: LoweredCircuit) -> set[tuple[str, str]]:
    """Return the distinct ``(key, access)`` that a tree fetches; constants are part of the code."""
    if isinstance(expression, Read):
        return (
            set()
            if lowered.variables[expression.key].value is not None
            else {(expression.key, expression.access)}
        )
    if isinstance(expression, Apply):
        return set().union(*(constant_free_reads(argument, lowered) for argument in expression.arguments))
    return set()


assert {kind for cost in COSTS.values() for kind in cost} <= set(KINDS)
