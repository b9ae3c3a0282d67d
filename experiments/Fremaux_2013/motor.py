"""Runs cart-pole and acrobot and reads from each trial how long the pole stood or how soon the goal was reached."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import neuro_rtrrl as nr
from neuro_rtrrl.graph import Circuit

DURATION = {"CartPole": "1500 s", "Acrobot": "1200 s"}
TRIALS = 20  # as many are early, and as many late
NOWHERE = 50.0  # what is observed between two trials lies beyond


def run(circuit: Circuit, seeds: Sequence[int]) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Run all trials of each seed.

    Returns
    -------
    numbers : dict
        For each seed: ``early`` and ``late``, the mean seconds of the first and last twenty trials, without the pause
        at their end; ``whole``, the share of the last twenty that went on until time was out; ``trials``, how many
        ended.
    traces : dict
        ``seconds`` and ``ends`` (in model time) of all trials, ``time_out``, the task's ``name``, and of the last seed
        in the middle ``observation`` and ``value`` by trial, ten a second.
    """
    assert circuit.environment is not None
    name, task = circuit.environment.name, dict(circuit.environment.parameters)
    result = nr.simulate(circuit, duration=DURATION[name], seeds=list(seeds))
    step, pause = circuit.timing.decision_interval, float(task["pause"])
    numbers: dict[str, list[float]] = {each: [] for each in ("early", "late", "whole", "trials")}
    traces: dict[str, Any] = {"name": name, "time_out": float(task["time_out"]), "seconds": [], "ends": []}
    traces |= {"paths": [], "task": task}
    observed, value = (np.asarray(result[each].values) for each in ("observation", "value.r"))
    sampled = 10  # decisions from one recorded observation to the next
    for index in range(len(seeds)):
        seconds, ends, paths, start = [], [], [], 0
        for episode in result.episodes.of(index):
            seconds.append(episode.length * step - (0.0 if episode.truncated else pause + step))
            ends.append(episode.end * step)
            part = slice(-(-start // sampled), episode.end // sampled + 1)
            path = np.column_stack([observed[index, part], value[index, part].reshape(-1)])
            paths.append(path[np.abs(path[:, 0]) < NOWHERE])
            start = episode.end + 1
        whole = np.mean(np.asarray(seconds[-TRIALS:]) > traces["time_out"] - step / 2)
        numbers["early"].append(float(np.mean(seconds[:TRIALS])))
        numbers["late"].append(float(np.mean(seconds[-TRIALS:])))
        numbers["whole"].append(float(whole))
        numbers["trials"].append(float(len(seconds)))
        for key, each in (("seconds", seconds), ("ends", ends), ("paths", paths)):
            traces[key].append(each)
    return numbers, traces


COLOURS = {"intact": "tab:blue", "no_dopamine": "0.3", "actor_frozen": "tab:orange"}


def draw(runs: dict[str, tuple[dict, dict]], path: Path) -> None:
    """Draw the seconds of each trial, single trials early and late, and the value along them."""
    import matplotlib.pyplot as plt

    numbers, traces = runs["intact"]
    # the seed in the middle stands for all in the panels of one seed
    shown = int(np.argsort(numbers["late"])[len(numbers["late"]) // 2])
    figure, axes = plt.subplots(2, 3, figsize=(11, 6.4), constrained_layout=True)
    _learning(axes[0, 0], runs)
    _early_and_late(axes[0, 1], runs)
    _value(axes[0, 2], traces["paths"][shown])
    draw_trial = {"CartPole": _cart_pole, "Acrobot": _acrobot}[traces["name"]]
    paths = [each for each in traces["paths"][shown] if len(each) > 1]
    lengths = [len(each) for each in paths[-TRIALS:]]
    typical = paths[-TRIALS:][int(np.argsort(lengths)[len(lengths) // 2])]
    draw_trial(axes[1], paths[:5], typical, traces["task"])
    figure.savefig(path, dpi=80, format="png")
    plt.close(figure)


def _learning(axis: Any, runs: dict[str, tuple[dict, dict]]) -> None:
    """Draw the seconds of trials over model time: each seed as the mean of ten trials, and the median of seeds."""
    for name, (_, traces) in runs.items():
        colour = COLOURS.get(name)
        last = min(each[-1] for each in traces["ends"])
        times, curves = np.linspace(0, last, 60), []
        for seconds, ends in zip(traces["seconds"], traces["ends"], strict=True):
            smooth = [np.mean(seconds[max(0, k - 9) : k + 1]) for k in range(len(seconds))]
            curves.append(np.interp(times, ends, smooth))
            axis.plot(times, curves[-1], lw=0.6, alpha=0.5, color=colour)
        axis.plot(times, np.median(curves, axis=0), lw=2.2, color=colour, label=name.replace("_", " "))
    axis.set(xlabel="model time (s)", ylabel="s", ylim=(0, None), title=f"{_what(runs)}: mean of ten trials")
    axis.legend(frameon=False, fontsize=8)


def _early_and_late(axis: Any, runs: dict[str, tuple[dict, dict]]) -> None:
    for place, (name, (numbers, _)) in enumerate(runs.items()):
        colour = COLOURS.get(name)
        for early, late in zip(numbers["early"], numbers["late"], strict=True):
            axis.plot([place - 0.2, place + 0.2], [early, late], "o-", ms=4, lw=1, color=colour, alpha=0.7)
    axis.set(xticks=range(len(runs)), xticklabels=[name.replace("_", " ") for name in runs], ylim=(0, None))
    axis.set(title=f"first and last {TRIALS} trials, every seed", ylabel="s")


def _value(axis: Any, paths: list[np.ndarray]) -> None:
    """Draw the value along early and late trials, from their end backwards."""
    longest = 5.0  # s
    parts = ((paths[:TRIALS], "0.5", "first"), (paths[-TRIALS:], "tab:blue", "last"))
    for some, colour, label in parts:
        before = np.arange(-int(longest * 10), 1) / 10
        rows = np.full((len(some), len(before)), np.nan)
        for row, path in zip(rows, some, strict=True):
            kept = path[-len(before) :, -1]
            if len(kept):
                row[-len(kept) :] = kept
                axis.plot(before, row, lw=0.4, alpha=0.4, color=colour)
        enough = np.isfinite(rows).sum(axis=0) >= max(1, len(some) // 2)
        mean = np.where(enough, np.nanmean(np.where(enough, rows, 0.0), axis=0), np.nan)
        axis.plot(before, mean, lw=2, color=colour, label=f"{label} {len(some)} trials")
    axis.set(xlabel="before the end of the trial (s)", title="value along the way")
    axis.legend(frameon=False, fontsize=8, loc="lower left")


def _cart_pole(axes: Any, early: list[np.ndarray], late: np.ndarray, task: dict[str, Any]) -> None:
    """Draw the angle in early trials and in a late one, the late one's position, and the cart itself."""
    from matplotlib.collections import LineCollection

    rail, falls = float(task["rail"]), float(task["falls"])
    for path in early:
        axes[0].plot(np.arange(len(path)) / 10, np.degrees(path[:, 2] / 2 * falls), lw=1, color="0.5")
    seconds, angle, place = np.arange(len(late)) / 10, late[:, 2] / 2 * falls, late[:, 0] * rail / 2
    axes[0].plot(seconds, np.degrees(angle), lw=1, color="tab:blue")
    axes[0].set(xlabel="s", ylabel="degrees", title="angle: first five trials, a late one")
    axes[0].axhline(0, lw=0.5, color="k")
    axes[1].plot(seconds, place, lw=1, color="tab:blue")
    axes[1].set(xlabel="s", ylabel="m", ylim=(-rail / 2, rail / 2), title="the late one: place on the rail")
    axes[1].axhline(0, lw=0.5, color="k")
    feet = np.column_stack([place, np.zeros(len(late))])
    tips = np.column_stack([place + np.sin(angle), np.cos(angle)])
    poles = LineCollection(np.stack([feet, tips], axis=1), array=seconds, cmap="viridis", lw=0.8)
    axes[2].add_collection(poles)
    axes[2].plot([-rail / 2, rail / 2], [0, 0], color="k", lw=2)
    axes[2].set(xlim=(-rail / 2, rail / 2), ylim=(-0.8, 2), aspect="equal", xlabel="m", yticks=(0, 1))
    axes[2].set(title="the late one, ten poles a second")
    axes[2].figure.colorbar(poles, ax=axes[2], orientation="horizontal", shrink=0.7, label="s")


def _acrobot(axes: Any, early: list[np.ndarray], late: np.ndarray, task: dict[str, Any]) -> None:
    """Draw the height of the tip in early trials and in a late one, the angles, and the links of the late one."""
    from matplotlib.collections import LineCollection

    def joints(path: np.ndarray) -> np.ndarray:
        """Return pivot, joint and tip, (samples, 3, 2)."""
        first, second = path[:, 0] / 2.5 * np.pi, path[:, 1] / 2.5 * np.pi
        joint = np.column_stack([np.sin(first), -np.cos(first)])
        tip = joint + np.column_stack([np.sin(first + second), -np.cos(first + second)])
        return np.stack([np.zeros_like(joint), joint, tip], axis=1)

    for path in early:
        axes[0].plot(np.arange(len(path)) / 10, joints(path)[:, 2, 1], lw=0.6, color="0.5")
    seconds, links = np.arange(len(late)) / 10, joints(late)
    axes[0].plot(seconds, links[:, 2, 1], lw=1.5, color="tab:blue")
    axes[0].axhline(float(task["goal_height"]), lw=1, color="tab:red")
    axes[0].set(xlabel="s", ylabel="m", title="height of the tip: first five trials, a late one")
    for column, label in ((0, "upper"), (1, "lower")):
        axes[1].plot(seconds, np.degrees(late[:, column] / 2.5 * np.pi), ".", ms=3, label=label)
    axes[1].set(xlabel="s", ylabel="degrees", ylim=(-180, 180), title="the late one: angles of both links")
    axes[1].legend(frameon=False, fontsize=8)
    drawn = LineCollection(list(links), array=seconds, cmap="viridis", lw=0.8)
    axes[2].add_collection(drawn)
    axes[2].axhline(float(task["goal_height"]), lw=1, color="tab:red")
    axes[2].set(xlim=(-2.1, 2.1), ylim=(-2.1, 2.1), aspect="equal", xlabel="m", title="the late one")
    axes[2].figure.colorbar(drawn, ax=axes[2], shrink=0.8, label="s")


def _what(runs: dict[str, tuple[dict, dict]]) -> str:
    return {"CartPole": "time balanced", "Acrobot": "time to the goal"}[runs["intact"][1]["name"]]
