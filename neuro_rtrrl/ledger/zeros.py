"""Which operations of a tree its zeros leave to be done, for every element of a statement.

A zero costs nothing to see. Then, of the operations that :mod:`neuro_rtrrl.ledger.operations` counts,

- a product is done where neither factor is zero, and whatever only serves a product whose *other* factor is zero is
  not worked out at all;
- a sum or difference is done where neither side is zero: with a zero, the other side is handed on;
- a quotient, a power and the functions that keep zero (tanh, sin, sqrt, abs, sign, floor) are done where what they are
  taken of is not zero;
- comparisons, extremes, exp, log and cos are done wherever their result is needed;
- a variable is fetched where it is needed and not zero.

An element for which nothing is done and nothing changes is passed over: none of its words are fetched. So these counts
are the least that a machine can do which skips zeros, as the dense ones are what a machine does that skips none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from neuro_rtrrl.language import Apply, Read
from neuro_rtrrl.ledger.nodes import Node
from neuro_rtrrl.ledger.operations import COSTS, Counts, power_cost
from neuro_rtrrl.lowering import Space

__all__ = ["Need", "Weighing"]

Need = np.ndarray | None
"""Where something is needed, bool, in a shape that broadcasts to the statement's elements; None is everywhere."""

_KEEP_ZERO = frozenset({"tanh", "sin", "sqrt", "abs", "sign", "floor"})

Axes = int | tuple[int, ...] | None


class Weighing:
    """One statement's elements, and what is done for them.

    Parameters
    ----------
    space : Space
        Whose elements these are.
    elements : mapping
        From :func:`~neuro_rtrrl.ledger.operations.elements_by_reach`, or what a spike touches.
    base : array or None
        The elements that exist and are touched; None for all.
    axes : mapping of str to int or tuple or None
        Reach -> the axes over which one evaluation serves all elements.

    Attributes
    ----------
    counts : Counter
        (scope, kind) -> operations.
    reads : dict
        (key, access) -> where it is fetched.
    busy : array or None or False
        Where anything is done; None is everywhere, False nowhere.
    """

    def __init__(
        self,
        space: Space,
        elements: Mapping[str, tuple[str, float]],
        base: Need,
        axes: Mapping[str, Axes],
    ) -> None:
        self.space, self.elements, self.base, self.axes = space, elements, base, axes
        self.counts: Counts = Counter()
        self.reads: dict[tuple[str, str], Need] = {}
        self.busy: np.ndarray | bool | None = False

    def tree(self, node: Node) -> None:
        """Add what a whole tree does."""
        self._demand(node, self.base)

    def operation(self, scope: str, kind: str, where: Need) -> None:
        """Add an operation of each element in ``where``."""
        where = self.within(self.base, where)
        if count := self.total(where):
            self.counts[scope, kind] += count  # type: ignore[assignment]
            self._work(where)

    def total(self, where: Need, reach: str = "own") -> float:
        """Return how many elements of a reach there are in ``where``."""
        if where is None:
            return self.elements[reach][1]
        axes = self.axes.get(reach)
        full = where if where.shape == self.space.shape else np.broadcast_to(where, self.space.shape)
        return int(np.count_nonzero(full if axes is None else full.any(axis=axes)))

    def within(self, need: Need, where: Need) -> Need:
        """Return the part of ``need`` that is in ``where``."""
        if where is None:
            return need
        if need is not None:
            return need & where
        return where if self.base is None else self.base & where

    def fetched(self, changed: Need) -> dict[str, float]:
        """Return key -> words fetched, of the elements for which something is done or changes."""
        active = _either(self.busy, changed)
        words: dict[str, float] = {}
        for (key, _), where in self.reads.items():
            if active is not False and (count := self.total(self.within(where, active))):  # type: ignore[arg-type]
                words[key] = words.get(key, 0) + count
        return words

    # --- the tree -------------------------------------------------------------------------------------------

    def _work(self, where: Need) -> None:
        self.busy = _either(self.busy, where)

    def _demand(self, node: Node, need: Need) -> None:
        if node.reach == "constant":
            return
        if isinstance(node.expression, Read):
            self._fetch(node.expression, self.within(need, node.nonzero))
            return
        assert isinstance(node.expression, Apply)
        operator, arguments = node.expression.operator, node.arguments
        done, wanted = need, [need] * len(arguments)
        if operator == "multiply":
            first, second = arguments[0].nonzero, arguments[1].nonzero
            done = self.within(self.within(need, first), second)
            wanted = [self.within(need, second), self.within(need, first)]
        elif operator in ("add", "subtract"):
            done = self.within(self.within(need, arguments[0].nonzero), arguments[1].nonzero)
        elif operator in ("divide", "power"):
            done = self.within(need, arguments[0].nonzero)
            wanted = [need, done]
        elif operator in _KEEP_ZERO:
            done = self.within(need, arguments[0].nonzero)
        self._do(node, done)
        for argument, where in zip(arguments, wanted, strict=True):
            self._demand(argument, where)

    def _do(self, node: Node, where: Need) -> None:
        assert isinstance(node.expression, Apply)
        cost = COSTS[node.expression.operator]
        if node.expression.operator == "power":
            cost = power_cost(node.expression.arguments[1])
        if not any(cost.values()):
            return
        scope = self.elements[node.reach][0]
        count = self.total(where, node.reach)
        if count:
            for kind, operations in cost.items():
                if operations:
                    self.counts[scope, kind] += operations * count  # type: ignore[assignment]
            self._work(where)

    def _fetch(self, leaf: Read, where: Need) -> None:
        key = leaf.key, leaf.access
        if where is not None and not where.any():
            return
        known = self.reads.get(key, False)
        self.reads[key] = _either(known, where)  # type: ignore[assignment]


def _either(one: np.ndarray | bool | None, other: np.ndarray | bool | None) -> np.ndarray | bool | None:
    """Return the union of two sets of elements: None is all of them, False is none."""
    if one is None or other is None:
        return None
    if one is False:
        return other
    if other is False:
        return one
    return one | other
