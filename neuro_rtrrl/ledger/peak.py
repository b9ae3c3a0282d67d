"""The most memory that a decision needs at once: what is kept, and the intermediate results beside it.

An intermediate result is needed from the statement that writes it to the last one that reads it. One of neurons takes a
word for each of them. Those of synapses take one word each, not one a synapse: a machine goes through the synapses one
after the other, and what it works out for one of them is gone when it turns to the next. What is not made within a tick
is kept, and counted by :mod:`neuro_rtrrl.ledger.memory`. Random numbers are drawn where needed and not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from neuro_rtrrl.ledger.memory import DEFAULT_BITS, MemoryItem
from neuro_rtrrl.lowering import LoweredCircuit
from neuro_rtrrl.lowering.simplify import reads_of, targets_of

__all__ = ["Peak", "peak_memory"]

_NEITHER = frozenset({"weight", "noise", "chance"})
_GIVEN = frozenset({"reward", "terminated", "first", "action"})


@dataclass(frozen=True)
class Peak:
    """Bits at the moment of a tick at which most are needed.

    Attributes
    ----------
    kept, parameters : int
        What lasts; what never changes.
    intermediate : int
        The intermediate results that are needed at once, at most.
    at : str
        The statement at which they are.
    """

    kept: int
    parameters: int
    intermediate: int
    at: str

    @property
    def total(self) -> int:
        """All of it."""
        return self.kept + self.parameters + self.intermediate

    def as_dict(self) -> dict[str, int | str]:
        """Return the JSON form: ``kept``, ``parameters``, ``intermediate``, ``total`` (bits), ``at``."""
        return {**vars(self), "total": self.total}


def peak_memory(lowered: LoweredCircuit, items: Iterable[MemoryItem]) -> Peak:
    """Return the peak of a tick; ``items`` is what the circuit keeps."""
    items = tuple(items)
    lasting = {item.key for item in items} | _GIVEN
    statements = [statement for _, statement in lowered.statements()]
    span: dict[str, list[int]] = {}
    for place, statement in enumerate(statements):
        for key in {*targets_of(statement), *reads_of(statement)} - lasting:
            variable = lowered.variables.get(key)
            if variable is not None and variable.value is None and variable.role not in _NEITHER:
                span.setdefault(key, [place, place])[1] = place
    most, at = 0, ""
    for place, statement in enumerate(statements):
        words = sum(_words(lowered, key) for key, (start, end) in span.items() if start <= place <= end)
        if words > most:
            most, at = words, str(statement)
    kept = sum(item.bits for item in items if item.kind != "parameter")
    return Peak(kept, sum(item.bits for item in items) - kept, most * DEFAULT_BITS, at)


def _words(lowered: LoweredCircuit, key: str) -> int:
    space = lowered.variables[key].space
    return 1 if space.kind == "projection" else space.elements
