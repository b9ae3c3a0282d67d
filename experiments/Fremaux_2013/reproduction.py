"""Runs the water maze and reads latencies, the value map and the policy from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import neuro_rtrrl as nr
from neuro_rtrrl.graph import Circuit

DURATION = "300 s"
OUT_OF_WATER = 10.0  # m: what is further away is between two trials


def run(circuit: Circuit, seeds: Sequence[int]) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Run five minutes of trials for each seed.

    Returns
    -------
    numbers : dict
        For each seed: ``early_latency``, the mean of the first five trials, and ``late_latency``, the median of the
        last ten, in seconds; ``trials``, how many ended; of the map that the weights hold ``value_correlation``, of
        value and nearness to the platform, and ``peak_distance``, of the highest value from it, in metres;
        ``policy_cosine``, the mean over the pool of the cosine between the actor's drive and the way to the platform.
    traces : dict
        ``latencies`` and ``paths`` of all trials, ``value`` and ``arrows`` of each seed.
    """
    assert circuit.environment is not None
    result = nr.simulate(circuit, duration=DURATION, seeds=list(seeds))
    task = dict(circuit.environment.parameters)
    platform, radius = np.array([task["platform_x"], task["platform_y"]], float), float(task["radius"])
    step = circuit.timing.decision_interval
    positions = np.asarray(result["observation"].values)
    names = ("early_latency", "late_latency", "trials", "value_correlation", "peak_distance", "policy_cosine")
    numbers: dict[str, list[float]] = {name: [] for name in names}
    traces: dict[str, Any] = {"platform": platform, "radius": radius, "time_out": float(task["time_out"])}
    traces |= {"latencies": [], "paths": [], "value": [], "arrows": []}
    sampled = 10  # decisions from one recorded position to the next
    for index, seed in enumerate(seeds):
        latencies, paths, start = [], [], 0
        for episode in result.episodes.of(index):
            latencies.append(
                episode.length * step - (0.0 if episode.truncated else float(task["pause"]) + step)
            )
            path = positions[index, -(-start // sampled) : episode.end // sampled + 1]
            paths.append(path[np.abs(path).max(axis=1) < OUT_OF_WATER])
            start = episode.end + 1
        weights = result.of(seed)
        value = value_map(circuit, np.asarray(weights["place_cells_to_critic.w"]))
        arrows = policy_map(circuit, np.asarray(weights["place_cells_to_actor.w"]))
        away = platform - POOL
        distance = np.linalg.norm(away, axis=1)
        outside = distance > radius
        cosine = (arrows * away).sum(axis=1) / (np.linalg.norm(arrows, axis=1) * distance)
        numbers["early_latency"].append(float(np.mean(latencies[:5])))
        numbers["late_latency"].append(float(np.median(latencies[-10:])))
        numbers["trials"].append(float(len(latencies)))
        numbers["value_correlation"].append(float(np.corrcoef(value, -distance)[0, 1]))
        numbers["peak_distance"].append(float(distance[np.argmax(value)]))
        numbers["policy_cosine"].append(float(cosine[outside].mean()))
        for key, each in (("latencies", latencies), ("paths", paths), ("value", value), ("arrows", arrows)):
            traces[key].append(each)
    return numbers, traces


SIDE = 20
_AXIS = (np.arange(SIDE) + 0.5) / SIDE - 0.5
#: places all over the pool, (SIDE*SIDE, 2)
POOL = np.stack([axis.ravel() for axis in np.meshgrid(_AXIS, _AXIS, indexing="ij")], axis=1)


def place_rates(circuit: Circuit, places: np.ndarray = POOL) -> np.ndarray:
    """Return the rates of the place cells at places, (places, cells), in hertz."""
    cells = circuit.populations["place_cells"].parameters
    centres = np.asarray(circuit.projections["position_to_place_cells"].weights.arguments)
    low, high, sides = centres[:2], centres[2:4], centres[4:].astype(int)
    axes = [np.linspace(*each[:2], each[2]) for each in zip(low, high, sides, strict=True)]
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    squares = ((places[:, None] - grid[None]) ** 2).sum(axis=2)
    return number(cells["rate_maximum"]) * np.exp(-squares / (2 * number(cells["width"]) ** 2))


def number(parameter: Any) -> float:
    """Return the value of a parameter that is the same for all neurons, in SI units."""
    return float(getattr(parameter, "arguments", (parameter,))[0])


def value_map(circuit: Circuit, weights: np.ndarray, places: np.ndarray = POOL) -> np.ndarray:
    """Return the value at places, (places,), that critic synapses (100, cells) stand for.

    A neuron without memory beyond its last spike fires at the inverse of its mean interval, the integral of the
    survivor function (Gerstner et al. 2014, Neuronal Dynamics, ch. 7.5 and 9.1). Its input is taken as Gaussian, with
    the mean and the variance of Poisson spikes (Campbell's theorem), which exp(potential/sharpness) turns into a
    factor. That the neurons with the largest input fire first is left out: the map is 1 to 3 too high.
    """
    neuron = {name: number(value) for name, value in circuit.populations["critic"].parameters.items()}
    value = {name: number(each) for name, each in circuit.populations["value"].parameters.items()}
    tau, rise, sharp = neuron["tau"], neuron["tau_synapse"], neuron["sharpness"]
    since = np.arange(0.0, 0.5, 5e-4)[:, None, None]
    grown = 1 - (tau * np.exp(-since / tau) - rise * np.exp(-since / rise)) / (tau - rise)
    rates = place_rates(circuit, places)
    mean = rates @ weights.T * tau
    # the integral of the squared potential of one spike
    spread = (
        rates
        @ (weights.T**2)
        * (tau / (tau - rise)) ** 2
        * (tau / 2 + rise / 2 - 2 * tau * rise / (tau + rise))
    )
    total = np.zeros(mean.shape[0])
    for column in range(0, mean.shape[1], 20):  # a few neurons at a time: memory
        part = slice(column, column + 20)
        potential = mean[None, :, part] * grown + neuron["after"] * np.exp(-since / tau) + neuron["drive"]
        exponent = (potential - neuron["v_threshold"]) / sharp + spread[None, :, part] * grown / (
            2 * sharp**2
        )
        survivor = np.exp(-np.cumsum(neuron["rate_threshold"] * np.exp(exponent), axis=0) * 5e-4)
        total += (1 / (survivor.sum(axis=0) * 5e-4)).sum(axis=1)
    return value["offset"] + value["scale"] * total / mean.shape[1]


def policy_map(circuit: Circuit, weights: np.ndarray) -> np.ndarray:
    """Return the population vector of the actor's drive at the places of the pool, (places, 2)."""
    angles = 2 * np.pi * np.arange(len(weights)) / len(weights)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return place_rates(circuit) @ weights.T @ directions / len(weights)


def draw(runs: dict[str, tuple[dict, dict]], path: Path) -> None:
    """Draw trajectories early and late, the latency by trial, the value map and the policy."""
    import matplotlib.pyplot as plt

    numbers, traces = runs["intact"]
    # the seed in the middle stands for all in the panels of one seed
    shown = int(np.argsort(numbers["late_latency"])[len(numbers["late_latency"]) // 2])
    figure, axes = plt.subplots(2, 3, figsize=(10.5, 7), constrained_layout=True)
    paths = traces["paths"][shown]
    for axis, some, title in (
        (axes[0, 0], range(min(3, len(paths))), "first trials"),
        (axes[0, 1], range(max(0, len(paths) - 6), len(paths)), "last trials"),
    ):
        _pool(axis, traces, title)
        for trial in some:
            (line,) = axis.plot(*paths[trial].T, lw=1)
            axis.plot(*paths[trial][:1].T, "o", ms=4, color=line.get_color())
    _latencies(axes[0, 2], runs)
    image = traces["value"][shown].reshape(SIDE, SIDE).T
    _pool(axes[1, 0], traces, "value after learning")
    drawn = axes[1, 0].imshow(image, origin="lower", extent=(-0.5, 0.5, -0.5, 0.5), cmap="viridis")
    figure.colorbar(drawn, ax=axes[1, 0], shrink=0.8)
    _pool(axes[1, 1], traces, "where the actor is driven to")
    some = (np.add.outer(2 * np.arange(SIDE // 2) * SIDE, 2 * np.arange(SIDE // 2)) + SIDE + 1).ravel()
    arrows = traces["arrows"][shown][some]
    arrows = arrows / np.linalg.norm(arrows, axis=1, keepdims=True)
    axes[1, 1].quiver(*POOL[some].T, *arrows.T, scale=22, width=0.006, color="0.25")
    _by_distance(axes[1, 2], runs)
    figure.savefig(path, dpi=80, format="png")
    plt.close(figure)


def _pool(axis: Any, traces: dict[str, Any], title: str) -> None:
    from matplotlib.patches import Circle

    axis.add_patch(
        Circle(tuple(traces["platform"]), traces["radius"], fill=False, color="tab:red", lw=2, zorder=5)
    )
    axis.set(
        xlim=(-0.5, 0.5), ylim=(-0.5, 0.5), aspect="equal", title=title, xticks=(-0.5, 0, 0.5), xlabel="m"
    )
    axis.set(yticks=(-0.5, 0, 0.5))


COLOURS = {"intact": "tab:blue", "no_dopamine": "0.3", "actor_frozen": "tab:orange"}
DASHES = {"no_dopamine": (0, (1.5, 1.5))}  # without learning both controls swim the same ways


def _latencies(axis: Any, runs: dict[str, tuple[dict, dict]]) -> None:
    for name, (_, traces) in runs.items():
        colour, most, dashes = COLOURS.get(name), 40, DASHES.get(name, "-")
        front = 3 if name in DASHES else 2
        for latencies in traces["latencies"]:
            axis.plot(
                np.arange(1, len(latencies) + 1)[:most], latencies[:most], lw=0.6, alpha=0.5, color=colour
            )
        # the median goes as far as all but one of the seeds have come
        least = sorted(len(each) for each in traces["latencies"])[min(1, len(traces["latencies"]) - 1)]
        median = [
            np.median([each[trial] for each in traces["latencies"] if len(each) > trial])
            for trial in range(least)
        ]
        label = name.replace("_", " ")
        style: dict[str, Any] = {"lw": 2.2, "color": colour, "label": label, "ls": dashes, "zorder": front}
        axis.plot(np.arange(1, len(median) + 1)[:most], median[:most], **style)
    axis.set(xlabel="trial", ylabel="s", title="latency: seeds, median", ylim=(0, None))
    axis.legend(frameon=False, fontsize=8)


def _by_distance(axis: Any, runs: dict[str, tuple[dict, dict]]) -> None:
    edges = np.linspace(0, 0.8, 17)
    for name, (_, traces) in runs.items():
        distance = np.linalg.norm(POOL - traces["platform"], axis=1)
        bins = np.digitize(distance, edges)
        middle = [distance[bins == each].mean() for each in np.unique(bins)]
        for index, value in enumerate(traces["value"]):
            label = name.replace("_", " ") if index == 0 else None
            mean = [value[bins == each].mean() for each in np.unique(bins)]
            axis.plot(middle, mean, lw=1, color=COLOURS.get(name), label=label)
    axis.set(xlabel="distance from the platform (m)", title="value, every seed")
    axis.legend(frameon=False, fontsize=8)
