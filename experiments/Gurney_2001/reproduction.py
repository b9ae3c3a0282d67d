"""The selection map over two saliences, and what dopamine does to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import neuro_rtrrl as nr

TRIALS = 200
LEVELS = (0.0, 0.1, 0.2, 0.4, 0.8)
"""Lambda; the paper's own is 0.2."""
SELECTED_BELOW = 0.05
"""Output of a channel that lets its action go; without saliences it is 0.17."""


def at_dopamine(circuit: nr.Circuit, level: float) -> nr.Circuit:
    """Return the circuit with another level of dopamine."""
    dopamine = circuit.neuromodulators["dopamine"]
    changed = replace(dopamine, parameters={**dopamine.parameters, "baseline": level})
    return circuit.replace(neuromodulators={**circuit.neuromodulators, "dopamine": changed})


def trials(circuit: nr.Circuit, seeds: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Run them.

    Returns
    -------
    saliences : array (seed, trial, 2)
        Of the two actions that compete.
    output : array (seed, trial, decision, 3)
        Of the channels of these two, and of one that nobody asks for.
    """
    assert circuit.environment is not None
    assert circuit.environment.protocol is not None
    length = circuit.environment.protocol.types[0].duration
    result = nr.simulate(circuit, decisions=TRIALS * length, seeds=list(seeds))
    shape = (len(seeds), TRIALS, length, -1)
    seen = result["observation"].sel(entry=["first", "second"]).values.reshape(shape)
    return seen[:, :, -1], result["output_nucleus.r"].values.reshape(shape)


def counted(saliences: np.ndarray, output: np.ndarray) -> dict[str, np.ndarray]:
    """Return shares of trials, (seed,) each, by which channels are selected when all has settled."""
    selected = output[:, :, -1, :2] < SELECTED_BELOW
    alone = output[:, :, 9, 0] < SELECTED_BELOW  # the last decision before the second action is asked for
    larger = np.argmax(saliences, axis=2)[:, :, None]
    winner = np.take_along_axis(selected, larger, 2)[:, :, 0]
    loser = np.take_along_axis(selected, 1 - larger, 2)[:, :, 0]
    high, low = saliences.max(2), saliences.min(2)
    clear = (high >= 0.6) & (high - low >= 0.4)
    change = alone & (larger[:, :, 0] == 1) & clear

    def share(of: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
        among = np.ones_like(of) if among is None else among
        return (of & among).sum(1) / np.maximum(among.sum(1), 1)

    return {
        "none": share(~winner & ~loser),
        "one": share(winner ^ loser),
        "both": share(winner & loser),
        "smaller_alone": share(loser & ~winner),
        "larger_where_clear": share(winner & ~loser, clear),
        "switched": share(winner & ~loser, change),
    }


def run(circuit: nr.Circuit, seeds: Sequence[int]) -> tuple[dict[str, Sequence[float]], dict[str, Any]]:
    """Run all levels of dopamine; see the assay for what the numbers mean."""
    at = {level: trials(at_dopamine(circuit, level), seeds) for level in LEVELS}
    shares = {level: counted(*each) for level, each in at.items()}
    standard = shares[0.2]
    saliences, output = at[0.2]
    numbers = {
        "larger_where_clear": standard["larger_where_clear"],
        "smaller_alone": standard["smaller_alone"],
        "switched": standard["switched"],
        "none_at_0": shares[0.0]["none"],
        "one_at_standard": standard["one"],
        "both_at_standard": standard["both"],
        "both_at_0_8": shares[0.8]["both"],
        "tonic_output": output[:, :, 4, 0].mean(1),
    }
    target = np.abs(saliences - (0.55, 0.85)).sum(2)  # a trial in which selection changes hands
    seed, trial = np.unravel_index(np.argmin(target), target.shape)
    traces = {
        "outcomes": {
            level: (where.reshape(-1, 2), (out[:, :, -1, :2] < SELECTED_BELOW).reshape(-1, 2))
            for level, (where, out) in at.items()
        },
        "shares": shares,
        "example": (saliences[seed, trial], output[seed, trial]),
    }
    return {name: [float(each) for each in values] for name, values in numbers.items()}, traces


def draw(runs: dict[str, tuple[dict, dict]], path: Path) -> None:
    """Draw selection maps of the model and of the controls, shares over dopamine, and one trial."""
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D
    from PIL import Image

    looks = (("none", "#d9d9d9"), ("first", "#1f77b4"), ("second", "#ff7f0e"), ("both", "#2ca02c"))
    colours = np.array([colour for _, colour in looks])

    def selection_map(ax, traces, level, title):
        where, selected = traces["outcomes"][level]
        ax.scatter(*where.T, c=colours[selected[:, 0] + 2 * selected[:, 1]], s=9, linewidths=0)
        ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="salience of the first", aspect="equal", title=title)
        ax.set_xticks([0, 0.5, 1])
        ax.set_yticks([0, 0.5, 1])

    model = runs["intact"][1]
    controls = [name for name in runs if name != "intact"]
    figure, axes = plt.subplots(3, 4, figsize=(11, 9), layout="constrained", height_ratios=[1, 1, 0.85])
    for ax, level in zip(axes[0], (0.0, 0.2, 0.4, 0.8), strict=True):
        selection_map(ax, model, level, f"λ = {level:g}" + " (standard)" * (level == 0.2))
    for ax, name in zip(axes[1], controls[:4], strict=False):
        selection_map(ax, runs[name][1], 0.2, name.replace("_", " "))
    for ax in axes[1][len(controls) :]:
        ax.set_axis_off()
    for row in axes[:2]:
        row[0].set_ylabel("salience of the second")
    for ax in axes[2]:
        ax.remove()
    grid = axes[2][0].get_gridspec()
    over, example = figure.add_subplot(grid[2, :2]), figure.add_subplot(grid[2, 2:])
    for name, colour in (("none", "#7f7f7f"), ("one", "#1f77b4"), ("both", "#2ca02c")):
        values = np.array([model["shares"][level][name] for level in LEVELS])
        over.plot(LEVELS, values.mean(1), "-", color=colour, label=f"{name} selected")
        over.plot(LEVELS, values, ".", color=colour, markersize=4)
    over.set(
        xlabel="dopamine, λ", ylabel="share of trials", title="Softer with more dopamine", ylim=(-0.03, 1.03)
    )
    over.legend(frameon=False, fontsize=8)
    saliences, output = model["example"]
    time = 0.1 * (1 + np.arange(len(output)))
    labels = (f"first ({saliences[0]:.2f})", f"second ({saliences[1]:.2f})", "third (0)")
    for channel, colour in enumerate(("#1f77b4", "#ff7f0e", "#7f7f7f")):
        example.plot(time, output[:, channel], ".-", color=colour, label=labels[channel])
    example.axhline(SELECTED_BELOW, color="black", linewidth=0.8, linestyle=":")
    for onset in (0.5, 1.0):
        example.axvline(onset, color="black", linewidth=0.5)
    example.set(xlabel="time (s)", ylabel="output", title="A trial: selection changes hands", ylim=(0, 1))
    example.legend(frameon=False, fontsize=8, loc="upper left", title="channel (salience)", title_fontsize=8)
    handles = [Line2D([], [], marker="o", linestyle="", color=colour, label=name) for name, colour in looks]
    axes[0][3].legend(
        handles=handles, title="selected", frameon=False, loc="center left", bbox_to_anchor=(1, 0.5)
    )
    figure.savefig(path, dpi=100)
    plt.close(figure)
    with Image.open(path) as picture:  # a few colours: a quarter of the bytes
        picture.convert("RGB").quantize(64).save(path, optimize=True)
