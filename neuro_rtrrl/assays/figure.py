"""The figure of an assay: its panels side by side."""

from __future__ import annotations

import textwrap
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuro_rtrrl.assays.measures import selected
from neuro_rtrrl.assays.spec import Panel, Selection
from neuro_rtrrl.plot import PALETTE

if TYPE_CHECKING:
    from neuro_rtrrl.assays.load import Assay
    from neuro_rtrrl.assays.runner import Verdict

__all__ = ["draw_figure"]

_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 8,
}
_WIDTH, _HEIGHT, _ACROSS = 3.5, 3.4, 3
_DASHES = ("-", (0, (4, 1)), (0, (2, 1)), (0, (1, 1)))


def draw_figure(assay: Assay, verdict: Verdict, path: str | Path) -> None:
    """Write the figure as PNG."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    panels = assay.spec.figure
    across = min(len(panels), _ACROSS)
    down = -(-len(panels) // across)
    with matplotlib.rc_context(_STYLE):
        figure = Figure(
            figsize=(_WIDTH * across, _HEIGHT * down + 0.3),
            layout=ConstrainedLayoutEngine(wspace=0.06),
            dpi=150,
        )
        FigureCanvasAgg(figure)
        axes = np.atleast_1d(figure.subplots(down, across, squeeze=False)).reshape(-1)
        for ax, panel in zip(axes, panels, strict=False):
            if panel.heatmap is not None:
                _heatmap(figure, ax, assay, verdict, panel)
            elif panel.average is not None:
                _average(ax, assay, verdict, panel)
            else:
                _bars(ax, assay, verdict, panel)
            ax.set_title(panel.title)
        for ax in axes[len(panels) :]:
            ax.set_axis_off()
        title = textwrap.fill(assay.spec.title or assay.name.replace("_", " "), 36 * across)
        source = textwrap.fill(assay.spec.source, 44 * across)
        figure.suptitle("\n".join(filter(None, (title, source))), fontsize=10)
        figure.savefig(path, format="png")


def _cut(assay: Assay, verdict: Verdict, panel: Panel, which: Selection) -> Any:
    run = which.run or assay.run_of(panel)
    merged = Selection.model_construct(
        run=run,
        phase=which.phase or panel.phase,
        type=which.type or panel.type,
        trials=which.trials or panel.trials,
    )
    assert panel.window is not None
    result = verdict.results["intact"][run]
    of = panel.heatmap or panel.average or ""
    cut = selected(result, of, panel.to, panel.window, merged, assay.until[run])
    rest = tuple(cut.dims[3:])
    return cut.mean(rest) if rest else cut


def _mean(values: np.ndarray, axis: Any) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of what no seed has
        return np.nanmean(values, axis=axis)


def _axis_of_time(ax: Any, panel: Panel) -> None:
    ax.set_xlabel(
        f"time from {panel.to.replace('_', ' ')} (s)" if panel.to != "trial" else "time in the trial (s)"
    )


def _heatmap(figure: Any, ax: Any, assay: Assay, verdict: Verdict, panel: Panel) -> None:
    """Draw the mean over seeds, a row a trial, the first one on top."""
    cut = _cut(assay, verdict, panel, Selection())
    values, time = _mean(cut.values, 0), cut["time"].values
    step = time[1] - time[0] if len(time) > 1 else 1.0
    bound = float(np.nanmax(np.abs(values))) or 1.0
    signed = bool(np.nanmin(values) < 0)  # what is never negative has no middle that a colour should mark
    shown = ax.imshow(
        values,
        aspect="auto",
        interpolation="nearest",
        cmap="RdBu_r" if signed else "Reds",
        vmin=-bound if signed else 0.0,
        vmax=bound,
        extent=(time[0] - step / 2, time[-1] + step / 2, len(values), 0),
    )
    bar = figure.colorbar(shown, ax=ax, shrink=0.85)
    # above it: beside it the name would touch what the next panel says of its axis
    bar.ax.set_title(textwrap.fill(str(panel.heatmap).replace("_", " "), 14), fontsize=8, loc="left")
    ax.set_ylabel("trial")
    _axis_of_time(ax, panel)


def _average(ax: Any, assay: Assay, verdict: Verdict, panel: Panel) -> None:
    """Draw for each line the mean over its trials: thick over seeds, thin for each seed."""
    lines = panel.lines or {"": Selection()}
    for number, (name, which) in enumerate(lines.items()):
        cut = _cut(assay, verdict, panel, which)
        colour, time = PALETTE[number % len(PALETTE)], cut["time"].values
        seeds = _mean(cut.values, 1)
        ax.plot(time, seeds.T, color=colour, linewidth=0.6, alpha=0.35)
        style = _DASHES[
            number % len(_DASHES)
        ]  # where lines cover each other, one still sees that there are two
        ax.plot(time, _mean(seeds, 0), color=colour, linewidth=1.8, linestyle=style, label=name or None)
    ax.axhline(0, color="#999999", linewidth=0.6, zorder=0)
    ax.axvline(0, color="#999999", linewidth=0.6, linestyle=":", zorder=0)
    if panel.lines:
        _legend_below(ax)
    ax.set_ylabel(str(panel.average).replace("_", " "))
    _axis_of_time(ax, panel)


def _bars(ax: Any, assay: Assay, verdict: Verdict, panel: Panel) -> None:
    """Draw measures, intact and in each control: a bar for the mean over seeds, a dot for every seed."""
    measures, variants = panel.bars or (), list(verdict.measures)
    width = 0.8 / len(variants)
    for number, variant in enumerate(variants):
        colour = PALETTE[number % len(PALETTE)]
        for place, name in enumerate(measures):
            values = verdict.measures[variant][name]
            finite = values[np.isfinite(values)]
            x = place + (number - (len(variants) - 1) / 2) * width
            mean = float(finite.mean()) if len(finite) else 0.0
            label = variant.replace("_", " ") if place == 0 else None
            ax.bar(x, mean, 0.9 * width, color=colour, alpha=0.45, label=label)
            spread = (
                np.linspace(-0.25, 0.25, len(finite)) * width if len(finite) > 1 else np.zeros(len(finite))
            )
            ax.plot(x + spread, finite, "o", color=colour, markersize=2.5)
    ax.axhline(0, color="#999999", linewidth=0.6, zorder=0)
    names = [name.replace("_", "\n") for name in measures]
    ax.set_xticks(range(len(measures)), names, fontsize=7.5, rotation=45 if len(names) > 5 else 0)
    ax.set_ylabel(_measured(assay, measures))
    if len(variants) > 1:
        _legend_below(ax)


def _measured(assay: Assay, measures: tuple[str, ...]) -> str:
    """Say what the measures of a panel are of, and by which statistic where it is one for all."""
    which = [assay.spec.measures[name] for name in measures]
    of = " / ".join(dict.fromkeys(each.of.replace("_", " ") for each in which))
    statistics = dict.fromkeys(each.statistic for each in which)
    return f"{of}, {next(iter(statistics))}" if len(statistics) == 1 else of


def _legend_below(ax: Any) -> None:
    """Put the legend where it hides nothing."""
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2, handlelength=1.5, columnspacing=1.2)
