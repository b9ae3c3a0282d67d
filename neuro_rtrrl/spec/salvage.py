"""What is left of a description with faults, so that the checks behind the schema can speak too.

A file may hold an unknown key *and* a misspelt population. The schema stops at the first kind; here the faulty values
are taken out, or replaced by harmless ones, until the rest can be read. Problems that only come from what was taken out
are recognised by :meth:`Salvaged.explains` and not told.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from neuro_rtrrl.errors import Problem, nearest
from neuro_rtrrl.spec.faults import FAULT
from neuro_rtrrl.spec.schema import CircuitSpec

__all__ = ["Salvaged", "salvage"]

Path = tuple[str | int, ...]

_ROUNDS = 8
_STAND_INS: dict[str, Any] = {
    "circuit": "unnamed",
    "format": 1,
    "timing": {"dt": "1 ms"},
    "dt": "1 ms",
    "size": 4096,
}
_CLOCK = re.compile(r"\b(dt|decision interval|decision_interval|Euler|time step)\b")
_TASK = re.compile(r"\b(environment|actions?|observations?|observe)\b")


@dataclass(frozen=True)
class Salvaged:
    """A description without its faults, and the paths of what was taken out."""

    spec: CircuitSpec
    touched: tuple[Path, ...]

    def explains(self, problem: Problem) -> bool:
        """Whether a later problem may only be there because of what was taken out."""
        where = problem.where.split(".")
        for path in self.touched:
            parts = [str(part) for part in path]
            if parts[: len(where)] == where or where[: len(parts)] == parts:
                return True
            if parts[0] == "timing" and _CLOCK.search(problem.message):
                return True
            if parts[0] == "environment" and _TASK.search(problem.message):
                return True
        return False


def salvage(data: dict[str, Any], known_keys) -> Salvaged | None:
    """Return what can be read of a faulty description, or None where too little is left.

    ``known_keys(path)`` gives the keys that a section may have.
    """
    data, touched = copy.deepcopy(data), []
    for _ in range(_ROUNDS):
        try:
            return Salvaged(CircuitSpec.model_validate(data), tuple(touched))
        except ValidationError as error:
            for details in error.errors(include_url=False):
                paths = _paths(details)
                if paths is None or not all(_mend(data, path, details["type"], known_keys) for path in paths):
                    return None
                touched += paths
    return None


def _paths(details: Any) -> list[Path] | None:
    path: Path = tuple(details["loc"])
    if not path or path[-1] == "[key]":
        return None
    if details["type"] != FAULT:
        return [path]
    return [(*path, *fault.at) for fault in details["ctx"]["faults"]]


def _mend(data: dict[str, Any], path: Path, kind: str, known_keys) -> bool:
    """Take the value at ``path`` out, rename its key, or put a harmless value there; False where none of it helps."""
    first_index = next((place for place, part in enumerate(path) if isinstance(part, int)), None)
    if first_index is not None:  # a shorter list would move its other items: it goes as a whole
        path = path[:first_index]
    parent: Any = data
    for part in path[:-1]:
        parent = parent.get(part) if isinstance(parent, dict) else None
    if not path or not isinstance(parent, dict):
        return False
    name = str(path[-1])
    if kind == "extra_forbidden":
        value = parent.pop(name, None)
        close = nearest(name, [key for key in known_keys(path[:-1]) if key not in parent])
        if close:
            parent[close.split("'")[1]] = value
        return True
    if name in _STAND_INS:
        parent[name] = copy.deepcopy(_STAND_INS[name])
        return True
    named_part = len(path) == 2 and path[0] in ("populations", "projections", "plasticity", "neuromodulators")
    return not named_part and parent.pop(name, None) is not None
