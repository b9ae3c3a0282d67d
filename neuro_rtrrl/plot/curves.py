"""Learning curves."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.plot.style import PALETTE, STYLE, thousands
from neuro_rtrrl.results.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["learning_curve_picture", "learning_curves"]


def learning_curves(ax: Axes | None = None, **results: Result) -> Axes:
    """Draw return against decisions, one colour per condition.

    The thick line is the mean over seeds, the band its standard error, each thin line one seed; every point
    is the mean return of the episodes that end in its stretch of the run.

    Parameters
    ----------
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.
    **results : Result
        Condition name → result; underscores in names are shown as spaces.

    Raises
    ------
    CircuitError
        If no result is given, or none of them has a finished episode.
    """
    import matplotlib

    if not results:
        raise CircuitError(Problem("nothing to draw", hint="learning_curves(control=result, lesioned=other)"))
    _require_episodes(results)
    with matplotlib.rc_context(STYLE):
        if ax is None:
            from matplotlib import pyplot

            _, ax = pyplot.subplots(figsize=(5.2, 3.4), layout="constrained")
        return _curves(ax, results)


def learning_curve_picture(result: Result, path: str | Path) -> None:
    """Save the learning curve of one run as a picture (PNG, SVG or PDF by the path's ending).

    Raises
    ------
    CircuitError
        If no episode was finished.
    OSError
        If the file cannot be written.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    results = {result.circuit: result}
    _require_episodes(results)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 3.5), layout="constrained")  # not pyplot's: no window, no global state
        FigureCanvasAgg(figure)
        ax = _curves(figure.add_subplot(), results)
        ax.set_title(result.circuit.replace("_", " "), loc="left", fontweight="bold")
        figure.savefig(path, dpi=200)


def _require_episodes(results: Mapping[str, Result]) -> None:
    if not any(len(result.episodes) for result in results.values()):
        raise CircuitError(
            Problem("no episode was finished, so there is no learning curve", hint="run for longer")
        )


def _curves(ax: Axes, results: Mapping[str, Result]) -> Axes:
    most_seeds = max(len(result.seeds) for result in results.values())
    for number, (name, result) in enumerate(results.items()):
        if len(result.episodes):
            _condition(ax, name.replace("_", " "), result, PALETTE[number % len(PALETTE)])
    ax.set_xlabel("decisions")
    ax.set_ylabel("return per episode")
    ax.set_xlim(0, max(result.decisions for result in results.values()))
    ax.margins(y=0.06)
    ax.xaxis.set_major_formatter(lambda value, _: thousands(value))
    ax.grid(axis="y", color="#e6e6e6", linewidth=0.7)
    ax.set_axisbelow(True)
    if most_seeds > 1:
        note = f"mean of {most_seeds} seeds, standard error; thin: each seed"
        ax.annotate(
            note,
            (1, 1.015),
            xycoords="axes fraction",
            ha="right",
            va="bottom",
            fontsize="small",
            color="#777777",
        )
    if len(results) > 1:
        ax.legend(loc="best", handlelength=1.4)
    return ax


def _condition(ax: Axes, label: str, result: Result, colour: str) -> None:
    bins = _bins(result)
    curve = result.episodes.curve(result.decisions, bins)
    centres = (np.arange(bins) + 0.5) * result.decisions / bins
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # stretches in which no episode ends are left out below
        mean = np.nanmean(curve, axis=0)
        seeds = np.sum(np.isfinite(curve), axis=0)
        spread = np.nanstd(curve, axis=0, ddof=1) / np.sqrt(seeds)
    if len(curve) > 1:
        for row in curve:
            seen = np.isfinite(row)
            ax.plot(centres[seen], row[seen], color=colour, linewidth=0.7, alpha=0.35)
        known = np.isfinite(spread)
        low, high = (mean - spread)[known], (mean + spread)[known]
        ax.fill_between(centres[known], low, high, color=colour, alpha=0.18, linewidth=0)
    seen = np.isfinite(mean)
    marker: dict[str, Any] = {"marker": "o", "markersize": 3} if seen.sum() < 3 else {}
    ax.plot(centres[seen], mean[seen], color=colour, linewidth=2, label=label, **marker)


def _bins(result: Result) -> int:
    """Return how many stretches to divide a run into: about five episodes in each, at most 60."""
    per_seed = len(result.episodes) / max(len(result.seeds), 1)
    return int(np.clip(per_seed // 5, 4, min(60, max(result.decisions, 4))))
