"""Results as CSV: one file for each recorded variable, a table that any spreadsheet reads."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from neuro_rtrrl.results.contents import series, spikes
from neuro_rtrrl.results.replacing import replacing
from neuro_rtrrl.results.result import Result

__all__ = ["to_csv"]

ROWS = 4096  # read at once


def to_csv(result: Result, folder: str | os.PathLike) -> tuple[Path, ...]:
    """Write a folder of CSV files.

    ``<population>_spike.csv`` has seed, time and neuron; ``<variable>.csv`` seed, time and a column for each neuron or
    synapse (``post_pre``); ``episodes.csv`` the finished episodes. Times are in seconds of model time.

    Raises
    ------
    RunError
        If a file cannot be written.
    """
    target = Path(folder)
    written = []
    for population in spikes(result):
        parts = ((seed, spikes(result, seed)[population]) for seed in result.seeds)
        rows = (
            (seed, repr(float(time)), int(neuron))
            for seed, each in parts
            for time, neuron in zip(each.times, each.neurons, strict=True)
        )
        written.append(_write(target / f"{population}_spike.csv", ("seed", "time", "neuron"), rows))
    for key in series(result):
        file = target / f"{key.replace('.', '_')}.csv"
        written.append(_write(file, *_table(result, key)))
    if len(result.episodes):
        rows = (
            (seed, each.end, each.length, repr(each.total), int(each.truncated))
            for row, seed in enumerate(result.seeds)
            for each in result.episodes.of(row)
        )
        names = ("seed", "end", "length", "return", "truncated")
        written.append(_write(target / "episodes.csv", names, rows))
    return tuple(written)


def _table(result: Result, key: str) -> tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]:
    first = series(result)[key].values
    labels = [first[dim].values if dim in first.coords else range(first.sizes[dim]) for dim in first.dims[1:]]
    columns = ["_".join(str(part) for part in each) for each in product(*labels)] if labels else ["value"]

    def rows() -> Iterator[tuple[Any, ...]]:
        for seed in result.seeds:
            each = series(result, seed)[key]
            for begin in range(0, len(each.times), ROWS):
                values = np.asarray(each.values[begin : begin + ROWS].values, dtype=np.float64)
                flat = values.reshape(len(values), -1)
                for time, line in zip(each.times[begin : begin + ROWS], flat, strict=True):
                    yield (seed, repr(float(time)), *map(repr, line.tolist()))

    return ("seed", "time", *columns), rows()


def _write(path: Path, names: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> Path:
    with replacing(path) as temporary:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            writer.writerows(rows)
    return path
