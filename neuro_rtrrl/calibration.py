"""How large everything becomes: a short run in float64, learning on; it settles what each word's last bit is worth."""

from __future__ import annotations

import math

import numpy as np

from neuro_rtrrl.backends.chunk import Chunk
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.language import Apply
from neuro_rtrrl.ledger.activity import ActivityRecorder, recordings_of
from neuro_rtrrl.ledger.replay import Node, Replay, Values
from neuro_rtrrl.lowering import (
    Assign,
    FixedPoint,
    Gather,
    LoweredCircuit,
    Reduce,
    Space,
    Statement,
    WordLengths,
    hoist,
    key_of_node,
    lower,
)

__all__ = ["DECISIONS", "calibrate"]

DECISIONS = 20_000
LOOKED_AT = 500  # decisions at the start and at the end


def calibrate(circuit: Circuit, words: WordLengths, decisions: int = DECISIONS, seed: int = 0) -> FixedPoint:
    """Run a circuit in float64 and return how it runs in words of these lengths.

    Parameters
    ----------
    circuit : Circuit
    words : WordLengths
    decisions : int
        Length of the run, learning on; its first and last five hundred decisions are looked at.
    seed : int

    Raises
    ------
    CircuitError
        For a circuit that learns by exact RTRL.
    """
    from neuro_rtrrl.programs import make_environment, make_program

    lowered = hoist(lower(circuit))
    ranges = _Ranges(lowered)
    program = make_program(
        circuit, make_environment(circuit), "jax", (seed,), "float64", recordings_of(circuit)
    )
    count = min(LOOKED_AT, decisions)
    for skipped in (0, max(0, decisions - 2 * count)):
        if skipped:
            program.run(skipped, lambda chunk: None)
        recorder = ActivityRecorder(circuit, (seed,), "float64", longest=count)
        before = program.state()

        def take(chunk: Chunk, recorder=recorder, before=before) -> None:
            recorder.add(before, chunk)
            ranges.look(recorder)
            before.update(program.state())

        program.run(count, take, chunk=count)
    return FixedPoint(words, ranges.found)


class _Ranges:
    """Listens to a replay and keeps the largest magnitude of every variable and of every node that is rounded."""

    def __init__(self, lowered: LoweredCircuit) -> None:
        self.lowered = lowered
        self.found: dict[str, float] = {}

    def look(self, recorder: ActivityRecorder) -> None:
        """Go through what a recorder has kept."""
        assert recorder.activity is not None
        replay = Replay(self.lowered, recorder.activity)
        for key, value in replay.values.items():
            self._note(key, value)
        replay.run(self)

    def _note(self, key: str, value: np.ndarray) -> None:
        largest = float(np.abs(value).max()) if np.size(value) else 0.0
        if math.isfinite(largest):
            self.found[key] = max(self.found.get(key, 0.0), largest)

    def _tree(self, node: Node, space: Space) -> None:
        if isinstance(node.expression, Apply):
            self._note(key_of_node(space, node.expression), node.value)
        for argument in node.arguments:
            self._tree(argument, space)

    def assign(self, statement: Assign, node: Node, result: np.ndarray, touched: np.ndarray | None) -> None:
        self._tree(node, statement.space)
        self._note(statement.target, result)

    def gather(self, statement: Gather, nodes: list[Node], parts: list[np.ndarray], index: int) -> None:
        for node, term in zip(nodes, statement.terms, strict=True):
            self._tree(node, self.lowered.spaces[term.projection])

    def reduce(self, statement: Reduce, node: Node, result: np.ndarray) -> None:
        self._tree(node, statement.space)

    def end_of_decision(self, before: Values, values: Values, first: bool) -> None:
        self._note("reward", values["reward"])
        for key, variable in self.lowered.variables.items():
            if variable.role == "clamped":
                self._note(key, values[key])

    def end_of_step(self, before: Values, values: Values) -> None:
        pass

    def choose(self, statement: Statement) -> None:
        pass

    def deliver(self, statement: Gather, node: Node, touched: np.ndarray) -> None:
        pass

    def threshold(self, statement: Statement, node: Node, fired: np.ndarray) -> None:
        pass

    def arrive(self, statement: Statement, spikes: np.ndarray) -> None:
        pass
