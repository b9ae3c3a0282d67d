"""Trials of a protocol: a table of them, and recordings cut and aligned to what happened in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.units import UnitError, parse_quantity, unit_dimension

if TYPE_CHECKING:
    from neuro_rtrrl.results.result import Result

__all__ = ["aligned", "trials"]

OBSERVATION = "observation"
_HINT = "record it every decision: record: [{variable: observation}]"


def trials(result: Result) -> Any:
    """Return the trials that a run made, one row each, from its recorded observation.

    Returns
    -------
    pandas.DataFrame
        ``seed``; ``trial``, its number from 0; ``phase`` and ``type``, their names; ``start``, its first decision;
        ``time``, when that was, in seconds; ``decisions`` until the next trial (of the last one: until the run's end);
        for each stimulus the time of its first onset after the trial's start in seconds (NaN where it was not shown);
        ``reward``, the sum, and ``reward_time``, that of the first, after the trial's start.

    Raises
    ------
    CircuitError
        If the run followed no protocol, or its observation was not recorded every decision.
    """
    import pandas

    observation = _observation(result)
    entries = {str(name): place for place, name in enumerate(observation["entry"].values)}
    stimuli, phases, types = (_names(observation, name) for name in ("stimuli", "phases", "trial_types"))
    clock, decisions = observation["time"].values, observation["decision"].values
    columns: dict[str, list[Any]] = {
        name: []
        for name in (
            "seed",
            "trial",
            "phase",
            "type",
            "start",
            "time",
            "decisions",
            *stimuli,
            "reward",
            "reward_time",
        )
    }
    for seed, rows in zip(observation["seed"].values, observation.values, strict=True):
        number = rows[:, entries["trial"]]
        again = (
            np.diff(rows[:, entries["time"]]) < 0
        )  # a trial that is an episode may begin with the same number
        starts = np.flatnonzero(np.concatenate([[True], (np.diff(number) != 0) | again]))
        ends = np.append(starts[1:], len(rows))
        for start, end in zip(starts, ends, strict=True):
            inside = rows[start:end]
            since = inside[:, entries["time"]]
            rewards = inside[:, entries["reward"]]
            row = {
                "seed": int(seed),
                "trial": int(number[start]),
                "phase": phases[int(inside[0, entries["phase"]])],
                "type": types[int(inside[0, entries["type"]])],
                "start": int(decisions[start]),
                "time": float(clock[start]),
                "decisions": int(end - start),
                **{name: _first(since, inside[:, entries[name]]) for name in stimuli},
                "reward": float(rewards.sum()),
                "reward_time": _first(since, rewards),
            }
            for name, value in row.items():
                columns[name].append(value)
    return pandas.DataFrame(columns)


def aligned(
    result: Result,
    key: str,
    to: str = "trial",
    window: tuple[str | float, str | float] = ("-0.5 s", "2 s"),
    phase: str | None = None,
    type: str | None = None,
) -> Any:
    """Cut a recording into trials, with time 0 where something happened in each.

    Parameters
    ----------
    result : Result
    key : str
        What was recorded, such as ``dopamine`` or ``cortex.r``.
    to : str
        ``trial``, the trial's start; the name of a stimulus, its first onset; or ``reward``, the first one. Trials in
        which that did not happen are left out.
    window : pair of times
        From when to when around it, both included.
    phase, type : str, optional
        Only trials of these.

    Returns
    -------
    xarray.DataArray
        Dimensions seed, trial, time and those of the variable. ``trial`` counts the trials that were taken, and
        the coordinate ``number`` (seed, trial) says which they were; where a seed has fewer than another, and outside
        of the run, values are NaN.

    Raises
    ------
    CircuitError
        If there are no such trials, or names or times are unknown.
    """
    import xarray

    table = trials(result)
    array = result[key]
    if len(array.dims) < 2 or array.dims[0] != "seed":
        message = f"'{key}' is no value at each time, and cannot be cut into trials"
        raise CircuitError(Problem(message, found=key, hint="spikes are cut by 'neuro_rtrrl.plot'"))
    clock = next(
        str(name) for name in array.coords if "time" in str(name) and array[name].dims == array.dims[1:2]
    )
    times = array[clock].values
    step = float(times[1] - times[0]) if len(times) > 1 else 1.0
    first, last = (round(_seconds(each) / step) for each in window)
    offsets = np.arange(first, last + 1)
    table = _chosen(table, phase, type)
    table = table.assign(event=_event_times(table, to, _names(_observation(result), "stimuli")))
    table = table[np.isfinite(table["event"])]
    if table.empty:
        what = f" with '{to}'" if to != "trial" else ""
        raise CircuitError(Problem(f"the run has no such trials{what}", found=_described(phase, type)))
    seeds = [int(seed) for seed in array["seed"].values]
    groups = [table[table["seed"] == seed] for seed in seeds]
    most = max(len(group) for group in groups)
    cut = np.full((len(seeds), most, len(offsets), *array.shape[2:]), np.nan)
    number = np.full((len(seeds), most), -1)
    for row, group in enumerate(groups):
        places = np.round((group["event"].to_numpy() - times[0]) / step).astype(int)[:, None] + offsets
        inside = (places >= 0) & (places < len(times))
        values = array.values[row][np.clip(places, 0, len(times) - 1)].astype(float)
        values[~inside] = np.nan
        cut[row, : len(group)], number[row, : len(group)] = values, group["trial"]
    rest = {name: array[name] for name in array.dims[2:] if name in array.coords}
    return xarray.DataArray(
        cut,
        dims=("seed", "trial", "time", *array.dims[2:]),
        coords={
            "seed": seeds,
            "trial": np.arange(most),
            "time": ("time", offsets * step, {"units": "second", "long_name": f"time from {to}"}),
            "number": (("seed", "trial"), number),
            **rest,
        },
        name=key,
        attrs=dict(array.attrs),
    )


def _observation(result: Result) -> Any:
    if OBSERVATION not in result.recordings.data_vars:
        raise CircuitError(Problem("trials are found in the observation, which was not recorded", hint=_HINT))
    observation = result[OBSERVATION]
    if "trial_types" not in observation.attrs:
        message = "this run followed no protocol, and has no trials"
        raise CircuitError(
            Problem(message, found=result.circuit, hint="write 'environment: {protocol: ...}'")
        )
    if observation.dims[1] != "decision" or "time" not in observation.coords:
        raise CircuitError(Problem("trials need the observation of every decision", hint=_HINT))
    return observation


def _names(observation: Any, name: str) -> list[str]:
    """Return names that stand beside the observation; one alone comes back from a file as text."""
    return [str(each) for each in np.atleast_1d(observation.attrs[name])]


def _first(since: np.ndarray, values: np.ndarray) -> float:
    here = np.flatnonzero(values)
    return float(since[here[0]]) if len(here) else float("nan")


def _chosen(table: Any, phase: str | None, type: str | None) -> Any:
    for column, value in (("phase", phase), ("type", type)):
        if value is not None:
            known = tuple(dict.fromkeys(table[column]))
            if value not in known:
                message = f"the run has no trials of {column} '{value}'"
                raise CircuitError(Problem(message, found=value, available=known, hint=nearest(value, known)))
            table = table[table[column] == value]
    return table


def _event_times(table: Any, to: str, stimuli: list[str]) -> Any:
    known = ("trial", *stimuli, "reward")
    if to not in known:
        hint = nearest(to, known)
        raise CircuitError(
            Problem(f"nothing called '{to}' happens in a trial", found=to, available=known, hint=hint)
        )
    if to == "trial":
        return table["time"]
    return table["time"] + table["reward_time" if to == "reward" else to]


def _described(phase: str | None, type: str | None) -> str:
    parts = [f"phase {phase}" if phase else "", f"type {type}" if type else ""]
    return ", ".join(filter(None, parts))


def _seconds(value: str | float) -> float:
    """Return a time in seconds; a bare number is one in seconds."""
    if not isinstance(value, str):
        return float(value)
    try:
        quantity = parse_quantity(value)
        if quantity.dimension != unit_dimension("second"):
            raise UnitError("this is no time")
    except UnitError as error:
        raise CircuitError(Problem(str(error), where="window", found=value, hint='write "-0.5 s"')) from None
    return quantity.value
