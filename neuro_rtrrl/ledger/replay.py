"""A recorded stretch once more, in NumPy: every tick of the lowered form, with a listener at each statement.

It keeps the semantics of :mod:`neuro_rtrrl.lowering.program`, statement by statement, in the precision of the run.
Nothing here counts; :mod:`neuro_rtrrl.ledger.effective` listens.
"""

from __future__ import annotations

import numpy as np

from neuro_rtrrl.graph.initialise import initial_values
from neuro_rtrrl.language import Apply, Expression, Number, Read
from neuro_rtrrl.language.on_arrays import NUMPY
from neuro_rtrrl.ledger.activity import Activity
from neuro_rtrrl.ledger.nodes import Listener, Node, Values
from neuro_rtrrl.ledger.operations import joined
from neuro_rtrrl.lowering import (
    Act,
    Assign,
    Choose,
    Gather,
    LoweredCircuit,
    Reduce,
    Space,
    SpikeStep,
    Statement,
)
from neuro_rtrrl.lowering.gates import gate_values
from neuro_rtrrl.lowering.simplify import reads_of
from neuro_rtrrl.randomness import Stream, bits, fold_in, stream_key

__all__ = ["Node", "Replay", "Values"]


class Replay:
    """The values of a lowered circuit as they move through a recorded stretch.

    Parameters
    ----------
    lowered : LoweredCircuit
        As written or hoisted, not packed.
    activity : Activity
    """

    def __init__(self, lowered: LoweredCircuit, activity: Activity) -> None:
        self.lowered, self.activity = lowered, activity
        self.dtype = np.dtype(activity.precision)
        self.steps = lowered.circuit.timing.steps
        given = {**initial_values(lowered.circuit, activity.seed), **activity.state}
        self.values: Values = {
            key: np.asarray(given[key], self.dtype)
            for key, variable in lowered.variables.items()
            if key in given and variable.value is None
        }
        self._masked()
        self.queues = self._queues()
        for statement in lowered.setup:
            self.values[statement.target] = self._result(statement, self._tree(statement))
        self._after_first = _read_by_traces(lowered)

    def _masked(self) -> None:
        for key, value in self.values.items():
            mask = self.lowered.masks.get(self.lowered.variables[key].space.name)
            if mask is not None:
                self.values[key] = value * mask

    def _queues(self) -> dict[int, list[np.ndarray]]:
        """Spikes on their way at the start: the last ones before it, silence where the run began."""
        queues: dict[int, list[np.ndarray]] = {}
        for index, statement in enumerate(self.lowered.sections.get("spike", ())):
            if isinstance(statement, SpikeStep) and statement.delay_steps:
                shape = self.lowered.variables[statement.trigger].space.shape
                sent = list(self.activity.earlier.get(statement.trigger, ()))[-statement.delay_steps :]
                silence = [np.zeros(shape, bool)] * (statement.delay_steps - len(sent))
                queues[index] = [*silence, *sent]
        return queues

    def run(self, listener: Listener) -> None:
        """Go through all decisions of the stretch, once."""
        with np.errstate(all="ignore"):
            for decision in range(self.activity.decisions):
                self._tick(decision, listener)

    # --- one tick -------------------------------------------------------------------------------------------

    def _tick(self, decision: int, listener: Listener) -> None:
        activity, values = self.activity, self.values
        first = bool(activity.first[decision])
        values["reward"] = np.asarray(activity.reward[decision], self.dtype)
        values["terminated"] = np.asarray(activity.terminated[decision], self.dtype)
        values["first"] = np.asarray(first, self.dtype)
        for population in self.lowered.circuit.populations.values():
            if population.model.clamped:
                key = f"{population.name}.{population.model.clamps}"
                values[key] = activity.shown[key][decision].astype(self.dtype)
        for key, acts in gate_values(self.lowered, activity.start + decision).items():
            values[key] = np.asarray(acts, self.dtype)
        if first:
            self._restart()
        before = dict(values)
        self._section("sense", listener, 0)
        for step in range(self.steps):
            self._step(decision, step, listener)
        self._chances(decision)
        for name, lender in self.lowered.transposed.items():  # as they stand before the weights change
            values[f"{name}.w"] = values[f"{lender}.w"].T
        for section in ("readout", "choose", "feedback"):
            self._section(section, listener, decision)
        self._modulate(first, listener)
        self._learn(first, listener)
        self._section("renew", listener, decision)
        listener.end_of_decision(before, values, first)

    def _restart(self) -> None:
        values = self.values
        for key, variable in self.lowered.variables.items():
            if variable.resets and key in values:
                start = variable.initial
                if isinstance(start, str):
                    constant = self.lowered.variables[start].value
                    values[key] = np.broadcast_to(
                        np.asarray(values[start] if constant is None else constant, self.dtype),
                        variable.space.shape,
                    )
                else:
                    values[key] = np.full(variable.space.shape, start, self.dtype)
        for statement in self.lowered.episode_start:
            values[statement.target] = self._result(statement, self._tree(statement))
        for statement in self.lowered.sections["express"]:  # what neurons show follows from their state
            if isinstance(statement, Assign):
                values[statement.target] = self._result(statement, self._tree(statement))

    def _step(self, decision: int, step: int, listener: Listener) -> None:
        values, before = self.values, dict(self.values)
        index = (self.activity.start + decision) * self.steps + step
        for key in self.lowered.noise:
            child = fold_in(stream_key(self.activity.seed, Stream.NOISE, key), index)
            shape = self.lowered.variables[key].space.shape
            values[key] = _uniform(bits(child, shape[0])).astype(self.dtype)
        self._section("derive", listener, step)
        moved: Values = {}
        for statement in self.lowered.sections["advance"]:  # together, from old values
            if isinstance(statement, Assign):
                node = self._tree(statement)
                moved[statement.target] = self._result(statement, node)
                listener.assign(statement, node, moved[statement.target], None)
        values.update(moved)
        self._section("express", listener, step)
        for place, statement in enumerate(self.lowered.sections["spike"]):
            if isinstance(statement, SpikeStep):
                self._spike(place, statement, (decision, step), listener)
        listener.end_of_step(before, values)

    def _chances(self, decision: int) -> None:
        for key, place in self.lowered.chances.items():
            if key in self.lowered.variables and key not in self.lowered.gates:
                size = self.lowered.variables[key].space.shape[0]
                index = self.activity.start + decision
                words = [
                    bits(stream_key(self.activity.seed, Stream.ACTION, place + j), 1, index)
                    for j in range(size)
                ]
                self.values[key] = _uniform(np.concatenate(words)).astype(self.dtype)

    def _modulate(self, first: bool, listener: Listener) -> None:
        modulators = set(self.lowered.circuit.neuromodulators)
        for statement in self.lowered.sections["modulate"]:
            if first and isinstance(statement, Assign) and statement.target in modulators:
                self.values[statement.target] = np.zeros((), self.dtype)
                continue
            self._run(statement, listener, 0)

    def _learn(self, first: bool, listener: Listener) -> None:
        """Change the weights; on a first tick, only work out what the traces read."""
        for statement in self.lowered.sections["learn"]:
            if not first or statement.target in self._after_first:  # type: ignore[union-attr]
                self._run(statement, listener, 0)

    def _section(self, name: str, listener: Listener, index: int) -> None:
        """Run a section; ``index`` is the step of ``dt`` in it, or the decision."""
        for statement in self.lowered.sections[name]:
            self._run(statement, listener, index)

    # --- statements -----------------------------------------------------------------------------------------

    def _run(self, statement: Statement, listener: Listener, index: int) -> None:
        values = self.values
        if isinstance(statement, Assign):
            node = self._tree(statement)
            result = self._result(statement, node)
            listener.assign(statement, node, result, None)
            values[statement.target] = result
        elif isinstance(statement, Gather):
            nodes = [
                self.tree(term.expression, self.lowered.spaces[term.projection]) for term in statement.terms
            ]
            parts = [
                self._sum(node, term.projection) for node, term in zip(nodes, statement.terms, strict=True)
            ]
            listener.gather(statement, nodes, parts, index)
            values[statement.target] = sum(parts, np.zeros(statement.space.shape, self.dtype))
        elif isinstance(statement, Reduce):
            node = self.tree(statement.expression, statement.space)
            argument = np.broadcast_to(node.value, statement.space.shape)
            result = argument.sum() if statement.how == "sum_population" else argument.max()
            listener.reduce(statement, node, result)
            values[statement.target] = result
        elif isinstance(statement, Choose):
            values[statement.chosen] = self.activity.shown[statement.chosen][index].astype(self.dtype)
            listener.choose(statement)
        elif isinstance(statement, Act):
            listener.choose(statement)

    def _sum(self, node: Node, projection: str) -> np.ndarray:
        space, mask = self.lowered.spaces[projection], self.lowered.masks.get(projection)
        each = np.broadcast_to(node.value, space.shape)
        return (each if mask is None else each * mask).sum(axis=1)

    def _tree(self, statement: Assign) -> Node:
        return self.tree(statement.expression, statement.space)

    def _result(self, statement: Assign, node: Node) -> np.ndarray:
        result = np.asarray(node.value, self.dtype)
        mask = self.lowered.masks.get(statement.space.name)
        if mask is not None and self.lowered.variables[statement.target].role == "weight":
            result = result * mask
        shape = statement.space.shape
        return result if result.shape == shape else np.broadcast_to(result, shape)

    def _spike(self, place: int, statement: SpikeStep, now: tuple[int, int], listener: Listener) -> None:
        values = self.values
        if statement.kind == "threshold":
            assert statement.condition is not None
            fired = self.activity.spikes[statement.trigger][now]
            listener.threshold(statement, self.tree(statement.condition, statement.space), fired)
            values[statement.trigger] = fired.astype(self.dtype)
            return
        spikes = values[statement.trigger] > 0
        apart = self.lowered.delays.get(statement.space.name) if place in self.queues else None
        if apart is not None:
            sent = np.stack([*self.queues[place], spikes])
            self.queues[place] = [*sent[1:]]
            touched = sent[len(sent) - 1 - apart, np.arange(len(spikes))]
        else:
            if place in self.queues:
                self.queues[place].append(spikes)
                spikes = self.queues[place].pop(0)
            touched = spikes[None, :] if statement.event == "pre" else spikes[:, None]
        if statement.event:
            listener.arrive(statement, spikes)
        if not touched.any():
            return
        if statement.kind == "reset":
            touched = spikes
        else:
            touched = np.broadcast_to(touched, statement.space.shape)
            mask = self.lowered.masks.get(statement.space.name)
            touched = touched if mask is None else touched & mask
        for action in statement.actions:
            if isinstance(action, Gather):
                node = self.tree(action.terms[0].expression, statement.space)
                listener.deliver(action, node, touched)
                values[action.target] = values[action.target] + (node.value * touched).sum(axis=1)
            else:
                node = self._tree(action)
                result = np.where(touched, self._result(action, node), values[action.target])
                listener.assign(action, node, result, touched)
                values[action.target] = result

    # --- trees ----------------------------------------------------------------------------------------------

    def tree(self, expression: Expression, space: Space) -> Node:
        """Return a tree evaluated node by node, seen from the elements of ``space``."""
        if isinstance(expression, Number):
            return Node(expression, np.asarray(expression.value, self.dtype), "constant")
        if isinstance(expression, Read):
            constant = self.lowered.variables[expression.key].value is not None
            return Node(
                expression, self.read(expression, space), "constant" if constant else expression.access
            )
        assert isinstance(expression, Apply)
        arguments = [self.tree(each, space) for each in expression.arguments]
        values = [each.value for each in arguments]
        operator = expression.operator
        value = values[0].astype(self.dtype) if operator == "int" else NUMPY[operator](*values)
        return Node(expression, value, joined([each.reach for each in arguments]), arguments)

    def read(self, leaf: Read, space: Space) -> np.ndarray:
        """Return a variable as ``space`` sees it: a row for what is presynaptic, a column for postsynaptic."""
        variable = self.lowered.variables[leaf.key]
        if variable.value is not None:
            return np.asarray(variable.value, self.dtype)
        array = self.array(leaf.key)
        if leaf.access == "pre":
            return array[None, :]
        if leaf.access == "post":
            return array[:, None]
        if space.kind == "broadcast" and leaf.access == "own" and array.ndim:
            return array[0]  # the one neuron of a critic, seen from a modulator
        return array

    def array(self, key: str) -> np.ndarray:
        """Return a variable's value; 0 for an input that nothing reaches."""
        owner, _, name = key.rpartition(".")
        if key not in self.values and name == "w" and owner in self.lowered.transposed:
            return self.values[f"{self.lowered.transposed[owner]}.w"].T
        if key not in self.values:
            return np.zeros(self.lowered.variables[key].space.shape, self.dtype)
        return self.values[key]


def _read_by_traces(lowered: LoweredCircuit) -> set[str]:
    """Return what the section ``learn`` works out for ``renew``, which runs on a first tick too."""
    needed = {key for statement in lowered.sections["renew"] for key in reads_of(statement)}
    found: set[str] = set()
    for statement in reversed(lowered.sections["learn"]):
        target = statement.target  # type: ignore[union-attr]
        if target in needed and not lowered.variables[target].persistent:
            found.add(target)
            needed |= reads_of(statement)
    return found


def _uniform(words: np.ndarray) -> np.ndarray:
    """Return numbers in [0, 1) of 24 bits each, as both backends draw them."""
    return (words >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)
