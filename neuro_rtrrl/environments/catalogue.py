"""What each built-in environment shows, takes and lets one set, for those who start no simulator.

``check``, ``draw`` and ``cost`` need sizes and names but no physics, so they read two tables: gymnax's, which
a conformance test holds against gymnax 1.0.1, and that of POPGym's tasks, held against ``popgym`` 1.0.7.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neuro_rtrrl.environments.gymnax_table import DERIVED, RANGES, TABLE, Parameter
from neuro_rtrrl.environments.popgym.table import CHOICES
from neuro_rtrrl.environments.popgym.table import TABLE as POPGYM
from neuro_rtrrl.environments.spaces import Actions, actions_of
from neuro_rtrrl.errors import Problem, nearest

__all__ = ["MASKS", "UNSUPPORTED", "EnvironmentInfo", "describe", "names", "parameter_problems", "select"]

#: Environments of gymnax that cannot be used here, each with the reason shown to the user.
UNSUPPORTED = {"MNISTBandit-bsuite": "gymnax downloads its images from the network when it is made"}

#: What ``observe`` may say in one word: which of n entries are seen (odd and even are of indices from 0).
MASKS = {
    "odd": lambda n: range(1, n, 2),
    "even": lambda n: range(0, n, 2),
    "first_half": lambda n: range(n // 2),
}


@dataclass(frozen=True)
class EnvironmentInfo:
    """An environment as the circuit sees it.

    Attributes
    ----------
    name : str
    observation : tuple of str
        One name per entry of the flattened observation, in its order.
    actions : Discrete or Continuous
    parameters : dict
        The environment's own parameters with their values (the defaults, unless :func:`describe` was given
        others).
    summary, source : str
    structure : tuple of str
        Those parameters that change sizes or layout and therefore go to the environment's constructor.
    """

    name: str
    observation: tuple[str, ...]
    actions: Actions
    parameters: dict[str, Parameter]
    summary: str
    source: str
    structure: tuple[str, ...] = ()


def names() -> tuple[str, ...]:
    """Return the names of all environments in the catalogue, sorted."""
    return tuple(sorted({*TABLE, *POPGYM}))


def describe(name: str, parameters: Mapping[str, Parameter] | None = None) -> EnvironmentInfo:
    """Return what is known of environment ``name``, with ``parameters`` in place of their defaults.

    Unknown and unusable parameters are passed over, so that a file's other problems can still be found;
    :func:`parameter_problems` reports them.

    Raises
    ------
    KeyError
        If the catalogue has no such environment.
    """
    entry = POPGYM[name] if name in POPGYM else TABLE[name]
    values: dict[str, Any] = {**entry.structure, **entry.parameters}
    given = {
        parameter: tuple(value) if isinstance(value, list) else value
        for parameter, value in (parameters or {}).items()
        if parameter in values and not _objection(parameter, value, values[parameter])
    }
    values |= given
    # what follows from other parameters follows them, unless it is set too
    values |= {key: rule(values) for key, rule in DERIVED.get(name, {}).items() if key not in given}
    observation = entry.observation(values) if callable(entry.observation) else entry.observation
    actions = entry.actions(values) if callable(entry.actions) else entry.actions
    actions = values[actions] if isinstance(actions, str) else actions
    return EnvironmentInfo(
        name=name,
        observation=observation,
        actions=actions_of(actions),  # type: ignore[arg-type]
        parameters=values,
        summary=entry.summary,
        source=entry.source,
        structure=tuple(entry.structure),
    )


def select(info: Any, observe: str | Sequence[str | int] | None) -> tuple[int, ...]:
    """Return the indices of the observation entries that ``observe`` lists, in its order; None means all.

    One word of :data:`MASKS` names a mask of the paper: ``odd`` (indices 1, 3, 5, ...), ``even`` (0, 2, 4, ...)
    or ``first_half`` (rounded down), Lemmel & Grosu 2025.

    Parameters
    ----------
    info : EnvironmentInfo or Environment
        Anything with a ``name`` and the names of its ``observation``.
    observe : word, or sequence of names or indices, optional

    Raises
    ------
    ValueError
        If an entry is unknown, out of range, named twice, or none is listed.
    """
    entries: tuple[str, ...] = info.observation
    if observe is None:
        return tuple(range(len(entries)))
    if isinstance(observe, str):
        return _masked_by_word(info.name, entries, observe)
    if not observe:
        raise ValueError(f"{info.name}: 'observe' is empty; leave it out to see the whole observation")
    indices: list[int] = []
    for entry in observe:
        index = _index_of(info.name, entries, entry)
        if index in indices:
            raise ValueError(f"{info.name}: 'observe' lists '{entries[index]}' twice")
        indices.append(index)
    return tuple(indices)


def _masked_by_word(environment: str, entries: tuple[str, ...], word: str) -> tuple[int, ...]:
    if word not in MASKS:
        hint = f"write [{word}]" if word in entries else nearest(word, MASKS)
        raise ValueError(
            f"'{word}' is no mask; available: {', '.join(MASKS)}, or a list of names or indices"
            f"{'; ' + hint if hint else ''}"
        )
    if not (indices := tuple(MASKS[word](len(entries)))):
        raise ValueError(f"{environment} has one observation, and the mask '{word}' leaves none")
    return indices


def parameter_problems(info: EnvironmentInfo, parameters: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return what is wrong with a user's ``parameters`` for this environment: names, types and ranges."""
    problems = []
    for name, value in parameters.items():
        where = f"environment.parameters.{name}"
        if name not in info.parameters:
            known = tuple(info.parameters)
            problems.append(
                Problem(
                    f"{info.name} has no parameter '{name}'",
                    where=where,
                    available=known,
                    hint=nearest(str(name), known),
                )
            )
        elif wrong := _objection(name, value, describe(info.name).parameters[name]):
            problems.append(
                Problem(f"parameter '{name}' of {info.name} {wrong}", where=where, found=repr(value))
            )
    return tuple(problems)


def _index_of(environment: str, entries: tuple[str, ...], entry: str | int) -> int:
    available = f"available: {_abridged(entries)}"
    if isinstance(entry, str):
        if entry in entries:
            return entries.index(entry)
        hint = nearest(entry, entries)
        raise ValueError(
            f"{environment} has no observation '{entry}'; {available}{'; ' + hint if hint else ''}"
        )
    if isinstance(entry, bool) or not isinstance(entry, int):
        raise ValueError(
            f"{environment}: an observation entry is a name or an index, not {entry!r}; {available}"
        )
    if not 0 <= entry < len(entries):
        raise ValueError(
            f"{environment} has no observation {entry}; its indices run from 0 to {len(entries) - 1}"
        )
    return entry


def _abridged(entries: tuple[str, ...], most: int = 16) -> str:
    return ", ".join(entries if len(entries) <= most else (*entries[:most], f"... ({len(entries)} in all)"))


def _objection(name: str, value: Any, default: Parameter) -> str:
    """Say what is wrong with one value, as the end of a sentence; an empty text if nothing is."""
    if isinstance(default, tuple):
        if not isinstance(value, list | tuple) or len(value) != len(default):
            return f"is a list of {len(default)} numbers"
        return next((wrong for item in value if (wrong := _objection("", item, default[0]))), "")
    if isinstance(default, str):
        return "" if value in CHOICES[name] else f"is one of {', '.join(CHOICES[name])}"
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "is true or false"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "is a finite number"
    if isinstance(default, int) and not isinstance(value, int):
        return "is a whole number"
    lowest, highest = RANGES.get(name, (-math.inf, math.inf))
    if not lowest <= value <= highest:
        return f"is at least {lowest}" + (f" and at most {highest}" if highest < math.inf else "")
    return ""
