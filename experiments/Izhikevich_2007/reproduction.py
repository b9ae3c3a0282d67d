"""The weight of the synapse whose spikes are followed by reward, among all others, over an hour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import neuro_rtrrl as nr

HOUR = 3600.0
"""Model time, in seconds."""
PLASTIC = ("excitatory_to_excitatory", "excitatory_to_inhibitory")
LAST = 600.0
"""The rewarded weight is the mean of the last ten minutes: it goes on fluctuating."""


def run(circuit: nr.Circuit, seeds: Sequence[int]) -> tuple[dict[str, Sequence[float]], dict[str, Any]]:
    """Run the hour; weights in mV."""
    result = nr.simulate(circuit, decisions=round(HOUR / circuit.timing.decision_interval), seeds=list(seeds))
    target, source = 1, 0
    recorded = result["rewarded.w"]
    course = recorded.sel(post=target, pre=source).values * 1e3
    time = recorded["time"].values
    each = [_weights(result, circuit, name) for name in PLASTIC]
    others = [np.concatenate(weights) for weights in zip(*each, strict=True)]
    rewarded = course[:, time >= HOUR - LAST].mean(axis=1)
    rewards = result["reward"].values
    numbers = {
        "rewarded": rewarded,
        "maximum": np.full(len(seeds), 1e3 * circuit.plasticity["linked"].parameters["w_maximum"]),
        "others_median": np.array([np.median(each) for each in others]),
        "others_99": np.array([np.percentile(each, 99) for each in others]),
        "share_below": np.array([np.mean(each < own) for each, own in zip(others, rewarded, strict=True)]),
        "rewards": rewards.sum(axis=1),
    }
    times = [np.flatnonzero(each) * circuit.timing.decision_interval for each in rewards]
    traces = {"time": time, "course": course, "others": others, "rewards": times}
    return {name: [float(each) for each in values] for name, values in numbers.items()}, traces


def _weights(result: nr.Result, circuit: nr.Circuit, name: str) -> list[np.ndarray]:
    """Return the weights of the synapses that exist, in mV, by seed."""
    from neuro_rtrrl.graph import mask

    projection = circuit.projections[name]
    weights = result.weights[f"{name}.w"]
    existing = mask(projection, *weights.shape[1:])
    return [1e3 * (each if existing is None else each[existing]) for each in weights]


def draw(runs: dict[str, tuple[dict, dict]], path: Path) -> None:
    """Draw the rewarded weight over the hour, rewards, and the histogram of all others, for the model and controls."""
    import matplotlib.pyplot as plt
    from PIL import Image

    figure, axes = plt.subplots(
        len(runs), 2, figsize=(9, 2.3 * len(runs)), layout="constrained", width_ratios=[1.6, 1], squeeze=False
    )
    for (name, (numbers, traces)), (left, right) in zip(runs.items(), axes, strict=True):
        maximum = numbers["maximum"][0]
        for seed, course in enumerate(traces["course"]):
            left.plot(traces["time"] / 60, course, linewidth=0.9, color=f"C{seed}", alpha=0.85)
        early = traces["rewards"][0] / 60
        left.plot(early, np.full(len(early), -0.28), "|", color="C0", markersize=4)
        left.set(xlim=(0, HOUR / 60), ylim=(-0.5, 1.06 * maximum), ylabel="rewarded weight (mV)")
        left.set_title("dopamine-modulated STDP" if name == "intact" else name.replace("_", " "), fontsize=10)
        bins = np.linspace(0, maximum, 41)
        share = np.stack([np.histogram(each, bins)[0] / len(each) for each in traces["others"]])
        right.stairs(share.mean(0), bins, fill=True, color="#bbbbbb")
        for seed, own in enumerate(numbers["rewarded"]):
            right.plot(own, 1.4 * share.mean(0).max(), "v", color=f"C{seed}", markersize=5)
        right.set(yscale="log", xlim=(-0.1, 1.06 * maximum), ylim=(1e-4, 3), ylabel="share of synapses")
    axes[0, 1].set_title("all others (grey), the rewarded one (▾)", fontsize=10)
    axes[-1, 0].set_xlabel("time (min); ticks: rewards of the first seed")
    axes[-1, 1].set_xlabel("weight after an hour (mV)")
    figure.savefig(path, dpi=110, format="png")
    plt.close(figure)
    with Image.open(path) as picture:  # a few colours: a quarter of the bytes
        picture.convert("RGB").quantize(128).save(path, format="PNG", optimize=True)
