"""What a stretch of a tick does, one loop's worth at a time, and what must come before what.

An operation runs over one space. Two that run over the same space may share a loop unless one needs what the other only
has when its own loop has ended: a sum, or a value of another neuron.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from neuro_rtrrl.language import Expression, Number, Read, walk
from neuro_rtrrl.lowering import Act, Assign, Choose, Gather, LoweredCircuit, Reduce, Space, Statement

__all__ = ["Guard", "Operation", "dependencies", "operations_of"]

Kind = Literal["assign", "clear", "accumulate", "reduce", "choose"]
Guard = Literal["", "first", "not first"]


@dataclass(frozen=True, eq=False)
class Operation:
    """One statement, or one projection's part of a sum.

    ``guard`` says on which ticks of an episode it runs; ``text`` is the equation it came from;
    ``slot`` which of the choices of a decision it makes.
    """

    kind: Kind
    target: str
    space: Space
    expression: Expression
    text: str = ""
    guard: Guard = ""
    how: str = ""
    slot: int = 0

    def reads(self) -> Iterator[Read]:
        """Yield every leaf that is read, as seen from the loop."""
        yield from (node for node in walk(self.expression) if isinstance(node, Read))


@dataclass
class Dependencies:
    """Who must come before whom, by position in the list of operations.

    Attributes
    ----------
    before : list of sets
        For each operation, those that must run before it.
    apart : set of pairs
        (earlier, later) that cannot share a loop.
    overtaken : dict
        (operation, key) → the later operations that overwrite what it reads; it may still run after them if it is
        given a copy of the old values.
    """

    before: list[set[int]] = field(default_factory=list)
    apart: set[tuple[int, int]] = field(default_factory=set)
    overtaken: dict[tuple[int, str], list[int]] = field(default_factory=dict)


ZERO = Number(0.0)


def operations_of(lowered: LoweredCircuit, sections: Iterable[str]) -> list[Operation]:
    """Return the operations of some sections (not of spikes), in order."""
    found: list[Operation] = []
    for section in sections:
        body = lowered.sections[section]
        if section == "advance":
            found += _simultaneous(lowered, body)
            continue
        for statement in body:
            found += _operations(lowered, statement, section)
        if section == "modulate":  # there is no dopamine on the first tick of an episode
            modulators = [name for name in lowered.decided if name in lowered.variables]
            written = {operation.target for operation in found}
            found += [
                Operation("assign", name, lowered.variables[name].space, ZERO, "no error yet", "first")
                for name in modulators
                if name in written
            ]
    return found


def _operations(lowered: LoweredCircuit, statement: Statement, section: str) -> list[Operation]:
    if isinstance(statement, Assign):
        persistent = lowered.variables[statement.target].persistent
        guard: Guard = "not first" if section == "learn" and persistent else ""
        text = statement.text or str(statement)
        return [Operation("assign", statement.target, statement.space, statement.expression, text, guard)]
    if isinstance(statement, Gather):
        text = f"{statement.target}: the sum over pre"
        parts = [Operation("clear", statement.target, statement.space, ZERO, text)]
        for term in statement.terms:
            space = lowered.spaces[term.projection]
            text = f"{statement.target} += sum over pre of {term.projection}"
            parts.append(Operation("accumulate", statement.target, space, term.expression, text))
        return parts
    if isinstance(statement, Reduce):
        text = statement.text or str(statement)
        return [
            Operation(
                "reduce", statement.target, statement.space, statement.expression, text, how=statement.how
            )
        ]
    if isinstance(statement, Act):
        space = lowered.spaces[statement.population]
        return [Operation("assign", "action", space, Read(statement.source, "own"), str(statement))]
    assert isinstance(statement, Choose)
    space = lowered.spaces[statement.population]
    policy = Read(statement.policy, "own")
    return [Operation("choose", statement.chosen, space, policy, str(statement), slot=statement.slot)]


def _simultaneous(lowered: LoweredCircuit, body: tuple[Statement, ...]) -> list[Operation]:
    """All from old values: what a later line reads of an earlier one's target is computed aside, stored at the end."""
    computed: list[Operation] = []
    stored: list[Operation] = []
    for index, statement in enumerate(body):
        assert isinstance(statement, Assign)
        (operation,) = _operations(lowered, statement, "advance")
        read_later = any(
            node.key == statement.target
            for other in body[index + 1 :]
            if isinstance(other, Assign)
            for node in walk(other.expression)
            if isinstance(node, Read)
        )
        if read_later:
            aside = f"{statement.target}.new"
            computed.append(Operation("assign", aside, statement.space, operation.expression, operation.text))
            stored.append(
                Operation("assign", statement.target, statement.space, Read(aside, "own"), "all at once")
            )
        else:
            computed.append(operation)
    return computed + stored


def dependencies(lowered: LoweredCircuit, operations: list[Operation]) -> Dependencies:
    """Return what must come before what; see the module's text."""
    found = Dependencies()
    writers: dict[str, list[int]] = {}
    readers: dict[str, list[int]] = {}
    for index, operation in enumerate(operations):
        before: set[int] = set()
        for leaf in operation.reads():
            for key in _seen(lowered, leaf.key):
                for writer in writers.get(key, ()):
                    before.add(writer)
                    if not _same_element(operations[writer], operation, leaf):
                        found.apart.add((writer, index))
                readers.setdefault(key, []).append(index)
        for key in _written(operation):
            for writer in writers.get(key, ()):
                before.add(writer)
                if operations[writer].space != operation.space or "accumulate" in (
                    operation.kind,
                    operations[writer].kind,
                ):
                    found.apart.add((writer, index))
            for reader in readers.get(key, ()):
                if reader == index:
                    continue
                if _movable(operations[reader], operation):
                    found.overtaken.setdefault((reader, key), []).append(index)
                    if operations[reader].space == operation.space:
                        before.add(reader)
                    continue
                before.add(reader)
                own = all(leaf.access == "own" for leaf in operations[reader].reads() if leaf.key == key)
                if operations[reader].space != operation.space or not own:
                    found.apart.add((reader, index))
            writers.setdefault(key, []).append(index)
        found.before.append(before - {index})
    return found


def _seen(lowered: LoweredCircuit, key: str) -> tuple[str, ...]:
    """Look through a view: borrowed weights are the lender's."""
    owner, _, name = key.rpartition(".")
    if name == "w" and owner in lowered.transposed:
        return (f"{lowered.transposed[owner]}.w",)
    return (key,)


def _written(operation: Operation) -> tuple[str, ...]:
    return (operation.target, "action") if operation.kind == "choose" else (operation.target,)


def _same_element(writer: Operation, reader: Operation, leaf: Read) -> bool:
    """Whether a reader in the writer's own loop finds the value there already."""
    return (
        writer.kind == "assign"
        and writer.space == reader.space
        and leaf.access == "own"
        and leaf.key == writer.target
        and writer.space.kind != "broadcast"
    )


def _movable(reader: Operation, writer: Operation) -> bool:
    """Whether a pass over synapses may wait until after a neuron's value has changed, given a copy of the old one."""
    return (
        reader.kind == "assign"
        and reader.space.kind == "projection"
        and writer.space.kind != "projection"
        and reader.space != writer.space
    )
