"""What a replay is made of: a tree's node with its value, and who listens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from neuro_rtrrl.language import Expression
from neuro_rtrrl.lowering import Act, Assign, Choose, Gather, Reduce, SpikeStep

__all__ = ["Listener", "Node", "Values"]

Values = dict[str, np.ndarray]


class Node:
    """A node of a tree with its value, in a shape that broadcasts to the statement's elements."""

    __slots__ = ("_nonzero", "arguments", "expression", "reach", "value")

    def __init__(
        self, expression: Expression, value: np.ndarray, reach: str, arguments: Sequence[Node] = ()
    ) -> None:
        self.expression, self.value, self.reach, self.arguments = expression, value, reach, arguments
        self._nonzero: np.ndarray | bool | None = False

    @property
    def nonzero(self) -> np.ndarray | None:
        """Where the value is not zero, bool; None for everywhere."""
        if self._nonzero is False:
            everywhere = np.count_nonzero(self.value) == np.size(self.value)
            self._nonzero = None if everywhere else np.asarray(self.value != 0)
        return self._nonzero  # type: ignore[return-value]


class Listener(Protocol):
    """Is told of each statement when its operands are known and its result is not yet in its place."""

    def assign(self, statement: Assign, node: Node, result: np.ndarray, touched: np.ndarray | None) -> None:
        """A line; ``touched`` are the elements that spikes set off, None for all."""
        ...

    def gather(self, statement: Gather, nodes: list[Node], parts: list[np.ndarray], index: int) -> None:
        """A sum over projections; ``parts`` are their sums, one number a neuron, ``index`` counts the steps."""
        ...

    def deliver(self, statement: Gather, node: Node, touched: np.ndarray) -> None:
        """What spikes add to the neurons that they reach."""
        ...

    def reduce(self, statement: Reduce, node: Node, result: np.ndarray) -> None:
        """A reduction over a population."""
        ...

    def threshold(self, statement: SpikeStep, node: Node, fired: np.ndarray) -> None:
        """Neurons fire."""
        ...

    def arrive(self, statement: SpikeStep, spikes: np.ndarray) -> None:
        """Spikes reach a projection."""
        ...

    def choose(self, statement: Choose | Act) -> None:
        """An action is chosen, or goes out by degrees."""
        ...

    def end_of_step(self, before: Values, values: Values) -> None:
        """A step of ``dt`` is over."""
        ...

    def end_of_decision(self, before: Values, values: Values, first: bool) -> None:
        """A decision is over."""
        ...
