"""Potjans, Diesmann & Morrison 2011: a spiking actor-critic against discrete TD(0) on three tasks."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import neuro_rtrrl as nr
from neuro_rtrrl.graph import Circuit

HERE = Path(__file__).parent
DECISIONS = 1400
#: decisions after these, without reward at the goal ('omission' of the circuit file begins there)
OMITTED = 60
#: the last quarter of the run is compared: what was learned by its end
LATE = DECISIONS // 4
TASKS = ("positive", "mixed", "negative")
#: the walk by chance is averaged over so many runs as long as the others, since few arrivals are counted in one
WALKS = 20
INTACT = "intact"


def run(circuit: Circuit, seeds: Sequence[int]) -> tuple[dict[str, Sequence[float]], dict[str, Any]]:
    """Run the three tasks, and beside each discrete TD(0) and a walk by chance.

    Returns
    -------
    numbers : dict
        For each task the share of what TD(0) gained over chance in the last quarter (``positive``, …): of arrivals at
        the goal, in ``mixed`` of reward. ``steps_*``: decisions between arrivals there, of the circuit and of ``td``.
        ``speed``: arrivals in the whole run over those of TD(0), in the positive task. ``cliff``, ``cliff_td``: steps
        onto punished places, in the mixed task. ``dip``: the lowest firing of the midbrain at an omitted reward, in
        hertz, a mean over arrivals.
    traces : dict
        ``(task, who)`` → arrivals and rewards, (seed, decision), and the firing of the midbrain around arrivals.
    """
    numbers: dict[str, Any] = {}
    traces: dict[Any, Any] = {}
    for task in TASKS:
        environment = replace(circuit.environment, parameters={"task": task})  # type: ignore[type-var]
        with_task = circuit.replace(environment=environment)
        if task == "positive":
            with_task = with_task.intervene("omission")
        result = nr.simulate(with_task, decisions=DECISIONS + OMITTED * (task == "positive"), seeds=seeds)
        arrived = result["observation"].sel(entry="row").values < 0
        spiking = arrived[:, :DECISIONS], result["reward"].values[:, :DECISIONS]
        table = tuple(
            np.stack(each) for each in zip(*(tabular(task, DECISIONS, s) for s in seeds), strict=True)
        )
        walks = [tabular(task, DECISIONS, s, pace=0.0) for s in range(WALKS)]
        traces[task, "spiking"], traces[task, "TD(0)"], traces[task, "chance"] = spiking, table, walks
        kind = 1 if task == "mixed" else 0
        chance = np.mean([each[kind][-LATE:] for each in walks])
        gained, due = (each[kind][:, -LATE:].mean(axis=1) - chance for each in (spiking, table))
        numbers[task] = gained / due.mean()
        for name, (reached, _) in {f"steps_{task}": spiking, f"steps_{task}_td": table}.items():
            numbers[name] = LATE / np.maximum(reached[:, -LATE:].sum(axis=1), 1)
        numbers[f"steps_{task}_chance"] = np.full(len(seeds), 1 / np.mean([each[0] for each in walks]))
        if task == "positive":
            numbers["speed"] = spiking[0].sum(axis=1) / table[0].sum(axis=1).mean()
            firing = (
                result["midbrain.rate"].isel(neuron=0).values.reshape(len(seeds), -1, circuit.timing.steps)
            )
            traces["firing"] = [_around(firing[i], arrived[i]) for i in range(len(seeds))]
            numbers["dip"] = [_lowest(each["omitted"]) for each in traces["firing"]]
        elif task == "mixed":
            numbers["cliff"], numbers["cliff_td"] = ((each[1] < 0).sum(axis=1) for each in (spiking, table))
    return numbers, traces


def _around(firing: np.ndarray, arrived: np.ndarray) -> dict[str, np.ndarray]:
    """Cut the firing (decision, step) from one decision before arrivals to two after: the first 5, last 20, omitted."""
    at = np.flatnonzero(arrived[:-2])
    at, omitted = at[(at > 0) & (at < DECISIONS)], at[at >= DECISIONS]
    chosen = {"first": at[:5], "last": at[-20:], "omitted": omitted}
    return {name: np.array([firing[i - 1 : i + 2].ravel() for i in which]) for name, which in chosen.items()}


def _lowest(cut: np.ndarray) -> float:
    return float(cut.mean(axis=0).min()) if len(cut) else float("nan")


def grid_world() -> ModuleType:
    """Return the module of the environment, which stands beside this file."""
    found = importlib.util.spec_from_file_location("potjans_grid_world", HERE / "grid_world.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def tabular(
    task: str, decisions: int, seed: int, rate: float = 0.2, discount: float = 0.8, pace: float = 2.0
) -> tuple:
    """Run the discrete actor-critic with TD(0) on the same grid world.

    V(s) += rate*delta and p(s, a) += pace*delta with delta = r + discount*V(s') - V(s); actions by the softmax of
    p(s, .) (Sutton & Barto 1998, section 6.6: the one-step actor-critic with preferences).

    Parameters
    ----------
    task : {"positive", "mixed", "negative"}
    decisions : int
    seed : int
    rate, discount, pace : float
        ``pace`` 0 is a walk by chance.

    Returns
    -------
    arrived : bool array, (decisions,)
        Whether the goal was reached by this decision.
    rewards : float array, (decisions,)
    """
    world = grid_world()
    side, goal = world.SIDE, world.GOAL
    at_goal, at_cliff, elsewhere = world.TASKS[task]
    rng = np.random.default_rng(seed)
    value, preference = np.zeros((side, side)), np.zeros((side, side, 4))
    moves = np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])
    arrived, rewards = np.zeros(decisions, dtype=bool), np.zeros(decisions)
    place: tuple[int, int] | None = None
    for now in range(decisions):
        if place is None:  # nothing was seen for a decision; then a start is drawn
            drawn = int(rng.integers(side * side - 1))
            place = (drawn // side, drawn % side)
            continue
        chances = np.exp(preference[place] - preference[place].max())
        action = int(rng.choice(4, p=chances / chances.sum()))
        row, column = np.add(place, moves[action])
        if not (0 <= row < side and 0 <= column < side):  # bounces back from the wall
            row, column = np.subtract(place, moves[action])
        reached = (int(row), int(column))
        home = reached == goal
        reward = at_goal if home else at_cliff if reached in world.CLIFF else elsewhere
        error = reward + (0.0 if home else discount * value[reached]) - value[place]
        value[place] += rate * error
        preference[(*place, action)] += pace * error
        arrived[now], rewards[now] = home, reward
        place = None if home else reached
    return arrived, rewards


COLOURS = {"spiking": "#0072b2", "TD(0)": "#555555", "no_floor": "#d55e00", "no_dopamine": "#cc79a7"}
LABELS = {"no_floor": "spiking, no floor", "no_dopamine": "spiking, no dopamine"}
WINDOW = 150


def _smooth(values: np.ndarray) -> np.ndarray:
    kernel = np.ones(WINDOW) / WINDOW
    return np.stack([np.convolve(each, kernel, "valid") for each in np.atleast_2d(values).astype(float)])


def draw(runs: Mapping[str, tuple[dict, dict]], path: Path) -> None:
    """Draw learning curves of the three tasks with every seed, and the firing of the midbrain around the reward."""
    import matplotlib.pyplot as plt

    traces = runs[INTACT][1]
    figure, axes = plt.subplots(2, 3, figsize=(11, 7), constrained_layout=True)
    told = {
        "positive": "reward at the goal",
        "mixed": "and punished places",
        "negative": "every step is punished",
    }
    for axis, task in zip(axes[0], TASKS, strict=True):
        kind = 1 if task == "mixed" else 0
        curves = {"TD(0)": traces[task, "TD(0)"], "spiking": traces[task, "spiking"]}
        for control in ("no_floor", "no_dopamine"):
            if control in runs and (task, control) != ("negative", "no_dopamine"):
                curves[control] = runs[control][1][task, "spiking"]
        for name, curve in curves.items():
            smooth = _smooth(curve[kind])
            when = np.arange(smooth.shape[1])[::10] + WINDOW / 2
            smooth = smooth[:, ::10]
            axis.plot(when, smooth.T, color=COLOURS[name], lw=0.5, alpha=0.35)
            axis.plot(
                when, np.median(smooth, axis=0), color=COLOURS[name], lw=2, label=LABELS.get(name, name)
            )
        chance = np.mean([each[kind] for each in traces[task, "chance"]])
        axis.axhline(chance, color="black", lw=0.8, ls=":", label="walk by chance")
        axis.set(title=f"{task}: {told[task]}", xlabel="decision")
        axis.set_ylabel("reward per decision" if kind else "arrivals at the goal per decision")
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, fontsize=10, frameon=False, loc="outside upper center", ncols=5)
    _draw_firing(axes[1, 0], traces["firing"])
    _draw_bars(axes[1, 1], runs)
    _draw_cliff(axes[1, 2], runs)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _draw_firing(axis: Any, firing: Sequence[Mapping[str, np.ndarray]]) -> None:
    told = {"first": "reward, first 5", "last": "reward, last 20", "omitted": "reward omitted"}
    for (name, label), colour in zip(told.items(), ("#009e73", "#0072b2", "#d55e00"), strict=True):
        means = np.array([each[name].mean(axis=0)[::4] for each in firing if len(each[name])])
        if len(means):
            time = 4 * (np.arange(means.shape[1]) - means.shape[1] // 3)  # every 4 ms
            axis.plot(time, means.T, color=colour, lw=0.5, alpha=0.35)
            axis.plot(time, means.mean(axis=0), color=colour, lw=2, label=label)
    axis.axhline(0, color="black", lw=1)
    axis.axhline(5, color="black", lw=0.8, ls=":", label="baseline, 5 Hz")
    axis.set(title="midbrain around the goal", xlabel="time after arrival (ms)", ylabel="firing rate (Hz)")
    axis.legend(fontsize=8.5, frameon=False, loc="upper left", bbox_to_anchor=(0.36, 1.02))


def _draw_bars(axis: Any, runs: Mapping[str, tuple[dict, dict]]) -> None:
    for place, (variant, (numbers, _)) in enumerate(runs.items()):
        colour = COLOURS.get(variant, COLOURS["spiking"])
        for at, task in enumerate(TASKS):
            x = at + 0.22 * (place - (len(runs) - 1) / 2)
            axis.bar(x, np.median(numbers[task]), 0.2, color=colour, alpha=0.5)
            axis.plot(np.full(len(numbers[task]), x), numbers[task], ".", color=colour, ms=5)
    axis.axhline(1, color="#555555", lw=1, label="TD(0)")
    axis.axhline(0, color="black", lw=0.8, ls=":")
    axis.set_xticks(range(len(TASKS)), TASKS)
    axis.set(title="learned in the last quarter", ylabel="gain over chance / that of TD(0)")


def _draw_cliff(axis: Any, runs: Mapping[str, tuple[dict, dict]]) -> None:
    bars = {"TD(0)": runs[INTACT][0]["cliff_td"], "spiking": runs[INTACT][0]["cliff"]}
    bars |= {variant: numbers["cliff"] for variant, (numbers, _) in runs.items() if variant != INTACT}
    for place, (name, values) in enumerate(bars.items()):
        axis.bar(place, np.median(values), 0.7, color=COLOURS[name], alpha=0.5)
        axis.plot(np.full(len(values), place), values, ".", color=COLOURS[name], ms=5)
    axis.set_xticks(range(len(bars)), [name.replace("_", "\n") for name in bars], fontsize=9)
    axis.set(title="mixed: steps onto the cliff", ylabel=f"of {DECISIONS:,} decisions")
    _draw_grid(axis.inset_axes((0.03, 0.46, 0.5, 0.52)))


def _draw_grid(axis: Any) -> None:
    world = grid_world()
    shown = np.zeros((world.SIDE, world.SIDE))
    for place in world.CLIFF:
        shown[place] = -1
    shown[world.GOAL] = 1
    axis.imshow(shown, cmap="PuOr_r", vmin=-2, vmax=2)
    axis.set_xticks(np.arange(world.SIDE) - 0.5, [])
    axis.set_yticks(np.arange(world.SIDE) - 0.5, [])
    axis.grid(color="white", lw=1.5)
    axis.tick_params(length=0)
    axis.text(*world.GOAL[::-1], "goal", ha="center", va="center", fontsize=8)
    for row, column in world.CLIFF:
        axis.text(column, row, "cliff", ha="center", va="center", fontsize=8)
