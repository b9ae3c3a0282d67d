"""Operations gathered into as few loops as their dependencies allow, and the order of the loops.

Every pass over a large projection's synapses moves all of their variables through the caches, so what can wait for a
later pass waits: the local trace is advanced in the loop that changes the weights and renews the eligibility.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from neuro_rtrrl.lowering import LoweredCircuit, Space
from neuro_rtrrl.native.operations import Dependencies, Operation, dependencies

__all__ = ["Loop", "schedule"]


@dataclass
class Loop:
    """Operations that share one pass over a space.

    Attributes
    ----------
    copies : dict of str to str
        Keys that are to be copied before this loop overwrites them → name of the copy.
    renamed : dict of (operation, str) to str
        Where an operation reads the copy in place of the variable.
    """

    space: Space
    operations: list[Operation]
    copies: dict[str, str] = field(default_factory=dict)
    renamed: dict[tuple[Operation, str], str] = field(default_factory=dict)


def schedule(lowered: LoweredCircuit, operations: list[Operation]) -> list[Loop]:
    """Return the loops in an order in which they can run."""
    found = dependencies(lowered, operations)
    groups = _grouped(operations, found)
    order = _ordered(groups, found)
    loops = [Loop(operations[groups[g][0]].space, [operations[i] for i in groups[g]]) for g in order]
    _copy_overtaken(operations, groups, order, found, loops)
    return loops


def _grouped(operations: list[Operation], found: Dependencies) -> list[list[int]]:
    groups: list[list[int]] = []
    home: dict[int, int] = {}
    for index, operation in enumerate(operations):
        chosen = None
        if operation.space.kind != "broadcast" and operation.kind != "choose":
            for candidate in reversed(range(len(groups))):
                if _may_join(index, groups[candidate], operations, found, home, groups):
                    chosen = candidate
                    break
        if chosen is None:
            groups.append([])
            chosen = len(groups) - 1
        groups[chosen].append(index)
        home[index] = chosen
    return groups


def _may_join(
    index: int,
    group: list[int],
    operations: list[Operation],
    found: Dependencies,
    home: dict[int, int],
    groups: list[list[int]],
) -> bool:
    head = operations[group[0]]
    if head.kind == "choose" or head.space != operations[index].space:
        return False
    if any((member, index) in found.apart for member in group):
        return False
    # no way from the group out and back to this operation: the loop would have to run before and after something
    own = home[group[0]]
    waiting = [home[before] for before in found.before[index] if home[before] != own]
    seen = set(waiting)
    while waiting:
        for member in groups[waiting.pop()]:
            for before in found.before[member]:
                if home[before] == own:
                    return False
                if home[before] not in seen:
                    seen.add(home[before])
                    waiting.append(home[before])
    return True


def _ordered(groups: list[list[int]], found: Dependencies) -> list[int]:
    home = {index: number for number, group in enumerate(groups) for index in group}
    needs = [
        {home[before] for index in group for before in found.before[index]} - {number}
        for number, group in enumerate(groups)
    ]
    ready = [(groups[number][0], number) for number, need in enumerate(needs) if not need]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        _, number = heapq.heappop(ready)
        order.append(number)
        for other, need in enumerate(needs):
            if number in need:
                need.remove(number)
                if not need:
                    heapq.heappush(ready, (groups[other][0], other))
    assert len(order) == len(groups), "a circle of loops"
    return order


def _copy_overtaken(
    operations: list[Operation],
    groups: list[list[int]],
    order: list[int],
    found: Dependencies,
    loops: list[Loop],
) -> None:
    position = {index: order.index(number) for number, group in enumerate(groups) for index in group}
    for (reader, key), writers in found.overtaken.items():
        earliest = min(writers, key=lambda writer: position[writer])
        if position[earliest] >= position[reader]:
            continue
        copy = loops[position[earliest]].copies.setdefault(key, f"{key}.before {position[earliest]}")
        loops[position[reader]].renamed[operations[reader], key] = copy
