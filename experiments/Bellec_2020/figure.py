"""The figure: gradients synapse by synapse, and learning, every seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

E_PROP, RANDOM, THROUGH_TIME = "#0072b2", "#56b4e9", "#d55e00"
CONTROLS = {"adaptation_ignored": "#cc79a7", "frozen_cortex": "#7f7f7f", "no_dopamine": "#009e73"}

SHORT = {
    "adaptation_ignored": "threshold\nignored",
    "frozen_cortex": "frozen",
    "no_dopamine": "no\ndopamine",
}


def _scatter(ax, networks: list[dict[str, Any]], key: str, title: str, label: str) -> None:
    for each in networks:
        scale = np.abs(each["through_time"]).max()
        ax.plot(each["through_time"] / scale, each[key] / scale, ".", ms=4, mew=0, rasterized=True)
    ax.axline((0, 0), slope=1, color="0.3", lw=0.8, zorder=0)
    ax.set(
        title=title, xlabel="backpropagation through time", ylabel=label, xlim=(-1.1, 1.1), ylim=(-1.1, 1.1)
    )


def _curves(ax, curves: np.ndarray, decisions: int, colour: str, label: str, width: float = 2.2) -> None:
    x = (np.arange(curves.shape[1]) + 0.5) * decisions / curves.shape[1] / 1000
    for each in curves:
        ax.plot(x, each, color=colour, lw=0.6, alpha=0.55)
    ax.plot(x, np.median(curves, axis=0), color=colour, lw=width, label=label)


def draw(runs: dict[str, tuple[dict, dict]], path: Path, decisions: int = 400_000) -> None:
    """Draw the model (key 'intact') and its controls."""
    from matplotlib.figure import Figure

    numbers, traces = runs["intact"]
    figure = Figure(figsize=(11, 7.1), layout="constrained", dpi=84)
    axes = figure.subplot_mosaic([["a", "b", "c"], ["d", "d", "e"]])
    _scatter(axes["a"], traces["naive"], "ideal", "true learning signal: exact", "traces × dE/dz")
    median = np.median(numbers["cosine"])
    _scatter(axes["b"], traces["naive"], "e_prop", f"e-prop: median cosine {median:.2f}", "e-prop")
    median = np.median(numbers["cosine_strong"])
    _scatter(axes["c"], traces["strong"], "e_prop", f"recurrence × 5: median {median:.2f}", "e-prop")
    d = axes["d"]
    if "through_time" in traces:
        _curves(d, traces["through_time"], decisions, THROUGH_TIME, "backpropagation through time")
    if "random" in traces:
        _curves(d, traces["random"], decisions, RANDOM, "e-prop, random feedback")
    _curves(d, traces["curves"], decisions, E_PROP, "e-prop, symmetric feedback")
    for name, colour in CONTROLS.items():
        if name in runs:
            _curves(d, runs[name][1]["curves"], decisions, colour, name.replace("_", " "), 1.4)
    d.axhline(0, color="0.6", lw=0.6, ls=":", zorder=0)
    d.set(
        title="a cue kept for 16 decisions by 16 neurons",
        xlabel="thousand decisions",
        ylabel="mean return",
        ylim=(-0.35, 1.05),
    )
    d.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3)
    _bars(axes["e"], runs)
    for letter, ax in axes.items():
        ax.spines[["top", "right"]].set_visible(False)
        ax.text(-0.02, 1.06, letter, transform=ax.transAxes, weight="bold", ha="right", va="bottom")
    figure.savefig(path, format="png")


def _bars(ax, runs: dict[str, tuple[dict, dict]]) -> None:
    numbers = runs["intact"][0]
    rows = [
        ("through\ntime", THROUGH_TIME, numbers["final_through_time"]),
        ("e-prop", E_PROP, numbers["final"]),
        ("e-prop\n(random)", RANDOM, numbers["final_random"]),
    ]
    rows += [(SHORT[n], c, runs[n][0]["final"]) for n, c in CONTROLS.items() if n in runs]
    for place, (_, colour, values) in enumerate(rows):
        if len(values):
            ax.bar(place, np.median(values), color=colour, alpha=0.35)
        ax.plot(np.full(len(values), place), values, "o", ms=4, color=colour)
    ax.set_xticks(range(len(rows)), [name for name, *_ in rows], fontsize=7)
    ax.axhline(0.75, color="0.4", lw=0.8, ls="--")
    ax.set(title="last tenth of learning", ylabel="mean return", ylim=(-0.2, 1.05))
