"""Measures: from the trials of a run to one number for each seed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from neuro_rtrrl.assays.spec import Measure, Selection
from neuro_rtrrl.results import Result

__all__ = ["measured", "selected"]


def selected(
    result: Result, of: str, to: str, window: tuple[float, float], which: Selection, until: int | None
) -> Any:
    """Return a variable cut into the selected trials, (S, trials, time); ``until`` is the assay's last trial + 1."""
    cut = result.aligned(of, to, window=window, phase=which.phase, type=which.type)
    number = cut["number"].values
    kept = number >= 0 if until is None else (number >= 0) & (number < until)
    start, stop = (which.trials.start, which.trials.stop) if which.trials else (None, None)
    rows = [np.flatnonzero(each)[start:stop] for each in kept]
    most = max((len(each) for each in rows), default=0)
    places = np.full((len(rows), max(most, 1)), -1)
    for row, each in enumerate(rows):
        places[row, : len(each)] = each
    values = np.take_along_axis(
        cut.values, places.reshape(*places.shape, *(1,) * (cut.values.ndim - 2)).clip(0), axis=1
    )
    values[places < 0] = np.nan
    picked = cut.isel(trial=np.zeros(places.shape[1], int)).copy(data=values)
    picked = picked.assign_coords(trial=np.arange(places.shape[1]))
    return picked.assign_coords(
        number=(
            ("seed", "trial"),
            np.where(places < 0, -1, np.take_along_axis(number, places.clip(0), axis=1)),
        )
    )


def measured(result: Result, measure: Measure, until: int | None = None) -> np.ndarray:
    """Return the measure for each seed, shape (S,); NaN where a seed has no such trials.

    ``mean``, ``peak``, ``minimum``, ``area`` (times seconds) and ``latency`` (of the peak, seconds after the event) are
    taken in each trial and averaged over trials. ``slope`` is the change of the mean from trial to trial, by least
    squares. ``first`` is the place of the first trial whose mean is beyond the bound; infinite where there is none.
    """
    cut = selected(result, measure.of, measure.to, measure.window, measure, until)
    values = cut.values  # (S, trials, time, ...)
    if values.ndim > 3:
        values = values.reshape(*values.shape[:3], -1)
        values = values[..., measure.neuron] if measure.neuron is not None else values.mean(axis=-1)
    time = cut["time"].values
    step = time[1] - time[0] if len(time) > 1 else 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of trials that are missing, NaN says enough
        if measure.statistic in ("slope", "first"):
            return np.array([_course(row, measure) for row in np.nanmean(values, axis=2)])
        each = {
            "mean": lambda: np.nanmean(values, axis=2),
            "peak": lambda: np.nanmax(values, axis=2),
            "minimum": lambda: np.nanmin(values, axis=2),
            "area": lambda: np.nansum(values, axis=2) * step,
            "latency": lambda: time[np.argmax(np.nan_to_num(values, nan=-np.inf), axis=2)],
        }[measure.statistic]()
        missing = np.isnan(values).all(axis=2)
        return np.nanmean(np.where(missing, np.nan, each), axis=1)


def _course(means: np.ndarray, measure: Measure) -> float:
    """Return what a measure says of the course over trials."""
    there = np.isfinite(means)
    if measure.statistic == "slope":
        places = np.flatnonzero(there)
        return float(np.polyfit(places, means[there], 1)[0]) if len(places) > 1 else float("nan")
    if not there.any():
        return float("nan")
    beyond = means > measure.above if measure.above is not None else means < measure.below
    found = np.flatnonzero(beyond & there)
    return float(found[0]) if len(found) else float("inf")
