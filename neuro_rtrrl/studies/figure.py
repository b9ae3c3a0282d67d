"""The figure of a study: a panel for each row, every seed thin, their median bold, the published score as a line."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from neuro_rtrrl.plot import PALETTE, thousands
from neuro_rtrrl.studies.scores import BINS
from neuro_rtrrl.studies.table import RowResult

__all__ = ["study_picture"]

COLUMNS = 5
_STYLE = {
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "legend.frameon": False,
}


def study_picture(title: str, results: Sequence[RowResult], path: str | Path) -> None:
    """Save the learning curves of all rows of which some are stored.

    Parameters
    ----------
    title : str
    results : sequence of RowResult
    path : path
        PNG, SVG or PDF by its ending.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = [result for result in results if result.curves]
    columns = min(len(shown), COLUMNS)
    lines = -(-len(shown) // columns)
    with matplotlib.rc_context(_STYLE):  # pyright: ignore[reportArgumentType]
        figure = Figure(figsize=(2.6 * columns + 0.4, 2.1 * lines + 0.4), layout="constrained")
        FigureCanvasAgg(figure)
        tasks = {result.row.circuit.environment.name for result in shown if result.row.circuit.environment}
        # returns of different tasks have different scales
        axes = figure.subplots(lines, columns, sharey=len(tasks) == 1, squeeze=False).ravel().tolist()
        for number, (ax, result) in enumerate(zip(axes, shown, strict=False)):
            _panel(ax, result, PALETTE[number % len(PALETTE)])
        for ax in axes[len(shown) :]:
            ax.set_visible(False)
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
        figure.supxlabel("decisions (line: median; thin: each seed; dashed: published best)", fontsize=8)
        figure.supylabel("return per episode", fontsize=8)
        figure.savefig(path, dpi=160)


def _panel(ax, result: RowResult, colour: str) -> None:
    row = result.row
    curves = np.array(result.curves, np.float64)  # None becomes NaN
    centres = (np.arange(BINS) + 0.5) * row.decisions / BINS
    for curve in curves:
        seen = np.isfinite(curve)
        ax.plot(centres[seen], curve[seen], color=colour, linewidth=0.6, alpha=0.45)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # a part of the run in which no episode of any seed ends
        median = np.nanmedian(curves, axis=0)
    seen = np.isfinite(median)
    ax.plot(centres[seen], median[seen], color=colour, linewidth=2)
    if row.published is not None and row.published.median_best is not None:
        ax.axhline(row.published.median_best, color="#555555", linewidth=0.8, linestyle="--")
    ax.set_title(row.name.replace("_", " "), loc="left")
    ax.set_xlim(0, row.decisions)
    ax.xaxis.set_major_formatter(lambda value, _: thousands(value))
    ax.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    ax.set_axisbelow(True)
