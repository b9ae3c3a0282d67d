"""Projections that share a target, a rule and their numbers become one dense block: fewer, larger operations.

A block's presynaptic side is the concatenation of its members' sources. Packing never changes a result beyond the
order of a sum.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neuro_rtrrl.graph.circuit import Projection
from neuro_rtrrl.language import Apply, Expression, Number, Read
from neuro_rtrrl.lowering.program import Assign, Gather, LoweredCircuit, Space, Statement, Term

__all__ = ["pack", "pack_values", "unpack"]


def pack(lowered: LoweredCircuit) -> LoweredCircuit:
    """Return the circuit with every group of like projections merged.

    Projections are alike if they reach the same port of the same population with the same rule in the same plasticity
    group. Those that transmit spikes, lend their weights or borrow them stay by themselves, and so does a group whose
    equations turn out to differ.
    """
    for members in _alike(lowered):
        try:
            lowered = _merge(lowered, members)
        except _DifferentError:
            continue
    return lowered


def unpack(lowered: LoweredCircuit, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with every block taken apart into its members' columns (the last axis is pre)."""
    found = dict(values)
    for block, members in lowered.members.items():
        for key in [key for key in values if key.startswith(f"{block}.")]:
            name, start = key[len(block) + 1 :], 0
            for member in members:
                width = lowered.spaces[member].shape[1]
                found[f"{member}.{name}"] = values[key][..., start : start + width]
                start += width
    return found


def pack_values(lowered: LoweredCircuit, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with the members of every block joined, the inverse of :func:`unpack`."""
    packed = dict(values)
    for block, members in lowered.members.items():
        names = [key.removeprefix(f"{members[0]}.") for key in values if key.startswith(f"{members[0]}.")]
        for name in names:
            packed[f"{block}.{name}"] = np.concatenate(
                [values[f"{member}.{name}"] for member in members], axis=1
            )
    return packed


class _DifferentError(Exception):
    """The members' equations cannot be one."""


def _alike(lowered: LoweredCircuit) -> list[tuple[str, ...]]:
    groups: dict[tuple, list[str]] = {}
    apart = set(lowered.transposed) | set(lowered.transposed.values())
    for projection in lowered.circuit.projections.values():
        if projection.name not in apart and projection.rule.transmission is not None:
            groups.setdefault(_signature(projection), []).append(projection.name)
    return [tuple(members) for members in groups.values() if len(members) > 1]


def _signature(projection: Projection) -> tuple:
    return (projection.target, projection.rule.name, projection.group, projection.gain)


def _merge(lowered: LoweredCircuit, members: tuple[str, ...]) -> LoweredCircuit:
    merger = _Merger(lowered, members)
    sections = {name: merger.section(body) for name, body in lowered.sections.items()}
    start: Any = merger.section(lowered.episode_start)
    return merger.finish(sections, start)


class _Merger:
    def __init__(self, lowered: LoweredCircuit, members: tuple[str, ...]) -> None:
        self.lowered, self.members = lowered, members
        self.block = "+".join(members)
        spaces = [lowered.spaces[member] for member in members]
        self.shape = (spaces[0].shape[0], sum(space.shape[1] for space in spaces))
        elements = sum(space.elements for space in spaces)
        self.space = Space(
            "projection", self.block, self.shape, elements, f"{self.block} sources", spaces[0].post
        )
        self.variables = dict(lowered.variables)
        self.concatenations = dict(lowered.concatenations)

    def section(self, body: tuple[Statement, ...]) -> tuple[Statement, ...]:
        """Merge the members' statements, line by line, where the last member has its own."""
        queues: dict[str, list[Assign]] = {member: [] for member in self.members}
        for statement in body:
            if isinstance(statement, Assign) and statement.space.name in queues:
                queues[statement.space.name].append(statement)
        lengths = {len(queue) for queue in queues.values()}
        if len(lengths) > 1:
            raise _DifferentError
        out: list[Statement] = []
        last, position = self.members[-1], 0
        for statement in body:
            if isinstance(statement, Gather):
                out.append(self._gather(statement))
            elif isinstance(statement, Assign) and statement.space.name in queues:
                if statement.space.name == last:
                    out.append(self._assign([queues[member][position] for member in self.members]))
                    position += 1
            else:
                out.append(statement)
        return tuple(out)

    def _gather(self, statement: Gather) -> Gather:
        ours = {term.projection: term for term in statement.terms if term.projection in self.members}
        if not ours:
            return statement
        if len(ours) != len(self.members):
            raise _DifferentError
        merged = Term(self.block, self._unify([ours[member].expression for member in self.members]))
        rest = tuple(term for term in statement.terms if term.projection not in ours)
        return replace(statement, terms=(merged, *rest))

    def _assign(self, lines: list[Assign]) -> Assign:
        target = self._own([line.target for line in lines])
        expression = self._unify([line.expression for line in lines])
        return replace(lines[0], target=target, space=self.space, expression=expression, owner=self.block)

    def _own(self, keys: list[str]) -> str:
        names = {key.removeprefix(f"{member}.") for key, member in zip(keys, self.members, strict=True)}
        if len(names) != 1:
            raise _DifferentError
        key = f"{self.block}.{names.pop()}"
        if key not in self.variables:
            self.variables[key] = replace(self.lowered.variables[keys[0]], key=key, space=self.space)
        return key

    def _unify(self, trees: list[Expression]) -> Expression:
        first = trees[0]
        if any(type(tree) is not type(first) for tree in trees):
            raise _DifferentError
        if isinstance(first, Apply):
            if len({(tree.operator, len(tree.arguments)) for tree in trees}) != 1:  # type: ignore[union-attr]
                raise _DifferentError
            columns = zip(*(tree.arguments for tree in trees), strict=True)  # type: ignore[union-attr]
            return Apply(first.operator, tuple(self._unify(list(column)) for column in columns))
        if isinstance(first, Read):
            return self._read([tree for tree in trees if isinstance(tree, Read)])
        if isinstance(first, Number) and len(set(trees)) == 1:
            return first
        raise _DifferentError

    def _read(self, leaves: list[Read]) -> Read:
        access = leaves[0].access
        if any(leaf.access != access for leaf in leaves):
            raise _DifferentError
        keys = [leaf.key for leaf in leaves]
        if access == "own":
            return Read(self._own(keys), "own")
        if access == "pre":
            joined = " + ".join(keys)
            self.concatenations[joined] = tuple(keys)
            return Read(joined, "pre")
        if len(set(keys)) != 1:
            raise _DifferentError
        return leaves[0]

    def finish(
        self, sections: dict[str, tuple[Statement, ...]], episode_start: tuple[Assign, ...]
    ) -> LoweredCircuit:
        """Return the merged circuit; variables of the members that only the block holds now are dropped."""
        lowered = self.lowered
        for member in self.members:
            for key in [key for key, variable in self.variables.items() if variable.space.name == member]:
                name = key.removeprefix(f"{member}.")
                if f"{self.block}.{name}" not in self.variables:
                    self._own([f"{other}.{name}" for other in self.members])
                del self.variables[key]
        masks = {name: mask for name, mask in lowered.masks.items() if name not in self.members}
        if any(member in lowered.masks for member in self.members):
            full = [lowered.masks.get(m, np.ones(lowered.spaces[m].shape, bool)) for m in self.members]
            masks[self.block] = np.concatenate(full, axis=1)
        return lowered.replace(
            spaces={**lowered.spaces, self.block: self.space},
            variables=self.variables,
            sections=sections,
            episode_start=episode_start,
            masks=masks,
            concatenations=self.concatenations,
            members={**lowered.members, self.block: self.members},
        )
