"""A listener to a replay that counts what zeros leave to be done, as :mod:`~neuro_rtrrl.ledger.effective` says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from neuro_rtrrl.language import REDUCTIONS
from neuro_rtrrl.ledger.activity import Activity
from neuro_rtrrl.ledger.counting import Line, is_weighted_input, lines_of
from neuro_rtrrl.ledger.messages import modulated, rate_channels
from neuro_rtrrl.ledger.nodes import Node, Values
from neuro_rtrrl.ledger.operations import elements_by_reach
from neuro_rtrrl.ledger.replay import Replay
from neuro_rtrrl.ledger.sparsity import ForwardActivity
from neuro_rtrrl.ledger.zeros import Need, Weighing
from neuro_rtrrl.lowering import (
    EVERY_DT,
    Act,
    Assign,
    Choose,
    Gather,
    LoweredCircuit,
    Reduce,
    Space,
    SpikeStep,
    Term,
)

__all__ = ["Tally", "Watch"]


@dataclass
class Tally:
    """Sums over the stretch of one line."""

    operations: Counter = field(default_factory=Counter)
    words: Counter = field(default_factory=Counter)
    writes: float = 0


class Watch:
    """Listens to the replay of a recorded stretch and counts.

    Attributes
    ----------
    lines : list of Line
        The dense ones, as in :func:`~neuro_rtrrl.ledger.counting.count_lines` without the setup.
    tallies : list of Tally
        What each of them did in the whole stretch.
    sent : Counter
        (owner, kind of message) -> messages.
    updates : dict of str to array (2,)
        Population -> updates of neurons that were active, and of idle ones.
    forward : ForwardActivity
    """

    def __init__(self, lowered: LoweredCircuit, activity: Activity) -> None:
        self.lowered, self.activity = lowered, activity
        self.replay = Replay(lowered, activity)
        self.lines: list[Line] = []
        self.tallies: list[Tally] = []
        self.places: dict[int, int] = {}  # id of a statement or action -> its first line
        self.firing: dict[
            int, tuple[SpikeStep, dict]
        ] = {}  # id of an action -> its part of the spike section
        for section, statement in lowered.statements():
            self.places[id(statement)] = len(self.lines)
            if isinstance(statement, SpikeStep):
                place = len(self.lines)
                for action in statement.actions:
                    self.places[id(action)] = place
                    self.firing[id(action)] = statement, _axes_of_spikes(statement)
                    place += len(action.terms) if isinstance(action, Gather) else 1
            self.lines.extend(lines_of(lowered, section, statement))
        self.tallies = [Tally() for _ in self.lines]
        self.channels: dict[int, list[tuple[str, str, bool]]] = {}
        for statement, projection, key, every_dt in rate_channels(lowered):
            self.channels.setdefault(id(statement), []).append((projection, key, every_dt))
        self.inputs = {
            (id(statement), projection): key
            for statement, projection, key, _ in rate_channels(lowered)
            if statement.phase == "forward"
        }
        self.heard, self.heard_by_dt = modulated(lowered), modulated(lowered, every_dt=True)
        self.sent: Counter = Counter()
        self.moving = _moving(lowered)
        self.updates = {name: np.zeros(2) for name in self.moving}
        self.forward = ForwardActivity.of(lowered)

    # --- what the replay tells ------------------------------------------------------------------------------

    def assign(self, statement: Assign, node: Node, result: np.ndarray, touched: np.ndarray | None) -> None:
        """Count a line: where it is done, what it fetches, which words change."""
        weighing = self._weighing(statement.space, statement, touched)
        weighing.tree(node)
        old = self.replay.values.get(statement.target)
        changed = np.asarray(result != (0 if old is None else old))
        self._add(self.places[id(statement)], weighing, weighing.within(weighing.base, changed))

    def gather(self, statement: Gather, nodes: list[Node], parts: list[np.ndarray], index: int) -> None:
        """Count a sum: each projection's part, joining the parts, the rates that were sent for it."""
        place = self.places[id(statement)]
        for number, (term, node) in enumerate(zip(statement.terms, nodes, strict=True)):
            weighing = self._weighing(self.lowered.spaces[term.projection])
            self._add(place + number, self._accumulated(weighing, term, node), False)
            if key := self.inputs.get((id(statement), term.projection)):
                macs = weighing.counts["projection", "mac"]
                self.forward.call(term.projection, macs, self.replay.array(key))
        if statement.terms:
            shape = statement.space.shape
            total = sum(parts, np.zeros(shape)).astype(self.replay.dtype)
            present = sum((part != 0 for part in parts), np.zeros(shape, int))
            tally = self.tallies[place + len(statement.terms)]
            tally.operations["population", "add"] += int(np.maximum(present - 1, 0).sum())
            tally.writes += int(np.count_nonzero(total != self.replay.values.get(statement.target, 0)))
        every_dt = self.lines[place].section in EVERY_DT if statement.terms else False
        for projection, key, moving in self.channels.get(id(statement), ()):
            if moving or index == 0 or not every_dt:
                self.sent[projection, "rate"] += int(np.count_nonzero(self.replay.array(key)))

    @staticmethod
    def _accumulated(weighing: Weighing, term: Term, node: Node) -> Weighing:
        """Add a term and its adding up: the product is one with it, or it is an add of what is not zero."""
        weighing.tree(node)
        if is_weighted_input(term):
            weighing.counts["projection", "mac"] = weighing.counts.pop(("projection", "multiply"), 0)
        else:
            weighing.operation("projection", "add", node.nonzero)
        return weighing

    def deliver(self, statement: Gather, node: Node, touched: np.ndarray) -> None:
        """Count what spikes add, synapse by synapse."""
        term = statement.terms[0]
        weighing = self._weighing(self.lowered.spaces[term.projection], statement, touched)
        self._accumulated(weighing, term, node)
        counted = weighing.within(weighing.base, node.nonzero)
        weighing.reads[statement.target, "post"] = counted
        self._add(self.places[id(statement)], weighing, counted)
        self.forward.deliver(term.projection, weighing.total(counted))

    def reduce(self, statement: Reduce, node: Node, result: np.ndarray) -> None:
        """Count a reduction: of n that are not zero, n - 1."""
        weighing = self._weighing(statement.space)
        weighing.tree(node)
        present = weighing.total(node.nonzero if statement.how == "sum_population" else None)
        if present > 1:
            weighing.counts["population", REDUCTIONS[statement.how]] += int(present) - 1
            weighing.busy = None
        place = self.places[id(statement)]
        self._add(place, weighing, False)
        self.tallies[place].writes += int(np.any(result != self.replay.values.get(statement.target, 0)))

    def threshold(self, statement: SpikeStep, node: Node, fired: np.ndarray) -> None:
        """Count the comparison of each neuron with its threshold."""
        weighing = self._weighing(statement.space)
        weighing.tree(node)
        before = self.replay.values.get(statement.trigger, np.zeros(fired.shape)) > 0
        self._add(self.places[id(statement)], weighing, fired != before)

    def arrive(self, statement: SpikeStep, spikes: np.ndarray) -> None:
        """Count a message for each spike that reaches a projection."""
        if statement.event == "pre":
            self.sent[statement.space.name, "spike"] += int(np.count_nonzero(spikes))

    def choose(self, statement: Choose | Act) -> None:
        """Count the choice of an action in full."""
        place = self.places[id(statement)]
        line, tally = self.lines[place], self.tallies[place]
        tally.operations.update(line.operations)
        tally.words.update(dict(line.words))
        tally.writes += line.writes

    def end_of_step(self, before: Values, values: Values) -> None:
        """Count the neurons with dynamics that changed in this step."""
        for name, (states, by_dt) in self.moving.items():
            if by_dt:
                self._update(name, states, before, values)
        self.forward.activations(values, True)
        self._send(self.heard_by_dt, before)  # what was read in this step: the signal as it stood before

    def end_of_decision(self, before: Values, values: Values, first: bool) -> None:
        """Count the readouts that changed, and the modulators that were sent."""
        for name, (states, by_dt) in self.moving.items():
            if not by_dt:
                self._update(name, states, before, values)
        self.forward.activations(values, False)
        if not first:
            self._send(self.heard, values)

    def _send(self, heard: dict[str, set[str]], values: Values) -> None:
        """Count a broadcast of each modulator that is not 0 to each place that reads it."""
        for owner, signals in heard.items():
            self.sent[owner, "modulator"] += sum(bool(values.get(signal, 0) != 0) for signal in signals)

    # --- small parts ----------------------------------------------------------------------------------------

    def _update(self, name: str, states: tuple[str, ...], before: Values, values: Values) -> None:
        size = self.lowered.spaces[name].elements
        moved = np.zeros(size, bool)
        for key in states:
            moved |= values[key] > 0 if key.endswith(".spike") else values[key] != before.get(key, 0)
        active = int(moved.sum())
        self.updates[name] += active, size - active

    def _weighing(
        self, space: Space, statement: Assign | Gather | None = None, touched: np.ndarray | None = None
    ) -> Weighing:
        if touched is not None and statement is not None:
            step, axes = self.firing[id(statement)]
            elements = _scopes_of_spikes(step)
            return Weighing(step.space, elements, touched, axes)
        axes = {"broadcast": tuple(range(len(space.shape))), "pre": 0, "post": 1}
        elements = elements_by_reach(self.lowered, space)
        return Weighing(space, elements, self.lowered.masks.get(space.name), axes)

    def _add(self, place: int, weighing: Weighing, changed: Need | bool) -> None:
        tally = self.tallies[place]
        for key, number in weighing.counts.items():
            tally.operations[key] += number
        for key, number in weighing.fetched(changed).items():  # type: ignore[arg-type]
            tally.words[key] += number  # type: ignore[assignment]
        if changed is not False:
            tally.writes += weighing.total(changed)  # type: ignore[arg-type]


def _moving(lowered: LoweredCircuit) -> dict[str, tuple[tuple[str, ...], bool]]:
    """Return population -> what of it can change, and whether it does every ``dt``; clamped ones have no update."""
    found = {}
    for name, population in lowered.circuit.populations.items():
        model = population.model
        if model.clamped:
            continue
        keys = [f"{name}.{state.name}" for state in model.states] or [f"{name}.r"]
        keys += [f"{name}.spike"] * model.spikes
        found[name] = tuple(key for key in keys if key in lowered.variables), not model.instantaneous
    return found


def _axes_of_spikes(statement: SpikeStep) -> dict:
    """What one spike touches once: its own neuron. What lies on the far side is touched synapse by synapse."""
    if statement.kind == "reset":
        return {}
    near = 0 if statement.event == "pre" else 1
    return {statement.event: near, "broadcast": near}


def _scopes_of_spikes(statement: SpikeStep) -> dict[str, tuple[str, float]]:
    if statement.kind == "reset":
        return {"broadcast": ("broadcast", 0), "own": ("population", 0)}
    names = {"broadcast": "broadcast", "own": "projection", "pre": "population", "post": "population"}
    return {reach: (scope, 0) for reach, scope in names.items()}
