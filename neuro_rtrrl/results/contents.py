"""What a result holds, by kind: spikes of populations, and series in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.results.result import Result

__all__ = ["Series", "Spikes", "duration", "listed", "row_of", "series", "spikes", "wanted"]


class Spikes(NamedTuple):
    """Spikes of one population in one seed's run.

    ``times`` (seconds) and ``neurons`` are arrays of one length, in the order of time; ``recorded`` are the neurons
    that were looked at, between ``begin`` and ``end`` (seconds).
    """

    population: str
    times: np.ndarray
    neurons: np.ndarray
    recorded: np.ndarray
    begin: float
    end: float

    def of(self, neuron: int) -> np.ndarray:
        """Return the spike times of one neuron."""
        return self.times[self.neurons == neuron]

    def trains(self) -> list[np.ndarray]:
        """Return the spike times of each recorded neuron."""
        order = np.argsort(self.neurons, kind="stable")
        sorted_ = self.neurons[order]
        times = self.times[order]
        begins = np.searchsorted(sorted_, self.recorded, "left")
        ends = np.searchsorted(sorted_, self.recorded, "right")
        return [times[begin:end] for begin, end in zip(begins, ends, strict=True)]


class Series(NamedTuple):
    """A recorded variable of one seed's run.

    ``times`` (T,) are in seconds and regular, ``interval`` apart; ``values`` are an ``xarray.DataArray`` (T, ...) that
    may still be on disk; ``units`` are a physical dimension's name, ``"1"`` of a pure number.
    """

    key: str
    times: np.ndarray
    interval: float
    values: Any
    units: str
    long_name: str


def row_of(result: Result, seed: int | None) -> int:
    """Return the row of a seed, the first one by default.

    Raises
    ------
    CircuitError
        If the run had no such seed.
    """
    if seed is None:
        return 0
    if seed not in result.seeds:
        available = tuple(map(str, result.seeds))
        raise CircuitError(Problem("this run had no such seed", found=str(seed), available=available))
    return result.seeds.index(seed)


def duration(result: Result) -> tuple[float, float]:
    """Return when the run began and ended, in seconds of model time."""
    interval = float(result.recordings.attrs.get("decision_interval", 1.0))
    end = max(result.next_decision, result.decisions)
    return (end - result.decisions) * interval, end * interval


def spikes(result: Result, seed: int | None = None) -> Mapping[str, Spikes]:
    """Return population → its spikes, of those that were recorded."""
    number, found = result.seeds[row_of(result, seed)], {}
    data = result.recordings
    for name, array in data.data_vars.items():
        if not str(name).endswith("_spike_time"):
            continue
        stem = str(name).removesuffix("_time")
        mine = np.flatnonzero(data[f"{stem}_seed"].values == number)  # sorted by seed: one piece
        piece = slice(int(mine[0]), int(mine[-1]) + 1) if mine.size else slice(0, 0)
        begin, end = duration(result)
        window = float(array.attrs.get("from", 0.0)), float(array.attrs.get("to", np.inf))
        population = str(array.attrs["key"]).rpartition(".")[0]
        neurons = data[f"{stem}_neuron"]
        found[population] = Spikes(
            population,
            array[piece].values,
            neurons[piece].values,
            data[f"{stem}_recorded"].values,
            max(begin, window[0]),
            min(end, window[1]),
        )
    return found


def series(result: Result, seed: int | None = None) -> Mapping[str, Series]:
    """Return key → recorded variable, spikes left out."""
    row, found = row_of(result, seed), {}
    for name, array in result.recordings.data_vars.items():
        if "key" not in array.attrs or str(name).endswith("_spike_time"):
            continue
        clock = str(array.dims[1])
        time = "time" if clock == "decision" else f"{clock}_time"
        times = np.asarray(array[time].values)
        word = "dt" if clock.startswith("step") else "decision_interval"
        every = int(clock.split("_every_")[1].split("_")[0]) if "_every_" in clock else 1
        key = str(array.attrs["key"])
        units, long_name = str(array.attrs.get("units", "1")), str(array.attrs.get("long_name", key))
        interval = every * float(result.recordings.attrs[word])
        found[key] = Series(key, times, interval, array[row], units, long_name)
    return found


def wanted(result: Result, key: str, of: Mapping[str, Any], what: str) -> Any:
    """Return what is asked for, or say what there is.

    Raises
    ------
    CircuitError
    """
    if key in of:
        return of[key]
    available = tuple(of)
    hint = (
        nearest(key, available) or f"list it under 'record' in the circuit file; recorded: {listed(result)}"
    )
    raise CircuitError(
        Problem(f"these results hold no {what} '{key}'", found=key, available=available, hint=hint)
    )


def listed(result: Result) -> str:
    """Return the keys of all that was recorded, for a message."""
    return ", ".join(result) or "nothing"
