"""What a tick must remember: variables that are read before they are written, and those that are written."""

from __future__ import annotations

from neuro_rtrrl.lowering.program import EVERY_DT, SECTIONS, LoweredCircuit, SpikeStep
from neuro_rtrrl.lowering.simplify import reads_of, targets_of

__all__ = ["carried_keys", "written_keys"]

_GIVEN = frozenset({"reward", "terminated", "first", "action"})


def written_keys(lowered: LoweredCircuit, dt_only: bool = False) -> set[str]:
    """Return the keys that a tick (or, of it, an integration step) writes."""
    return {
        key
        for section, statement in lowered.statements()
        if not dt_only or section in EVERY_DT
        for key in targets_of(statement)
    }


def carried_keys(lowered: LoweredCircuit) -> tuple[str, ...]:
    """Return, in the order of the variables, the keys whose value must survive from one tick to the next."""
    written = written_keys(lowered)
    seen: set[str] = set()
    carried: set[str] = set()
    for section in SECTIONS:
        body = lowered.sections.get(section, ())
        if section == "advance":  # simultaneous: everything is read first
            for statement in body:
                carried |= _expanded(lowered, reads_of(statement)) - seen
            seen |= {key for statement in body for key in targets_of(statement)}
            continue
        for statement in body:
            carried |= _expanded(lowered, reads_of(statement)) - seen
            if isinstance(statement, SpikeStep) and statement.kind != "threshold":
                carried |= {a.target for a in statement.actions} - seen  # only some elements change
            seen |= set(targets_of(statement))
    carried &= written
    carried |= {key for key in written if lowered.variables[key].persistent}
    return tuple(
        key
        for key, variable in lowered.variables.items()
        if key in carried and key not in _GIVEN and variable.role != "clamped"
    )


def _expanded(lowered: LoweredCircuit, keys: set[str]) -> set[str]:
    """Replace views (packed vectors, transposed weights) by what they are views of."""
    found = set()
    for key in keys:
        owner, _, name = key.rpartition(".")
        if key in lowered.concatenations:
            found |= set(lowered.concatenations[key])
        elif name == "w" and owner in lowered.transposed:
            found.add(f"{lowered.transposed[owner]}.w")
        else:
            found.add(key)
    return found
