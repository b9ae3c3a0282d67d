"""Dose–response of a dopamine antagonist: how responding declines under it, and comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import curve_fit

import neuro_rtrrl as nr
from neuro_rtrrl.graph import Circuit

DRUG = "antagonist"
#: in units of the dose that occupies half of the receptors
DOSES = (0.0, 0.3, 1.0, 3.0, 6.0, 10.0, 20.0, 100.0)
TRIALS = 400
#: trials at the end of a phase, and at its beginning, that are judged
LAST, FIRST = 200, 20
INTACT = "intact"


def run(circuit: Circuit, seeds: Sequence[int]) -> tuple[dict[str, Sequence[float]], dict[str, Any]]:
    """Train, give each dose, wash it out.

    Returns
    -------
    numbers : dict
        ``trained``, ``vehicle``, ``highest_first``, ``highest``, ``recovered``: shares of trials with a press in time;
        ``steps_down``; the Hill curve's ``ed50`` (in half doses), ``hill`` and ``r_squared``.
    traces : dict
        ``pressed``, bool (dose, seed, trial); ``doses``, ``occupancy``, ``response`` (dose, seed).
    """
    pressed: list[np.ndarray] = []

    def respond(under: Circuit) -> float:
        result = nr.simulate(under, decisions=4 * 3 * TRIALS, seeds=seeds)
        rewarded = result["observation"].sel(entry="reward").values > 0
        trial = result["observation"].sel(entry="trial").values.astype(int)
        found = np.zeros((len(seeds), 3 * TRIALS), dtype=bool)
        for seed in range(len(seeds)):
            found[seed, trial[seed][rewarded[seed]]] = True
        pressed.append(found)
        return float(found[:, 2 * TRIALS - LAST : 2 * TRIALS].mean())

    curve = nr.dose_response(circuit, DRUG, list(DOSES), respond)
    trials = np.array(pressed)
    response = trials[:, :, 2 * TRIALS - LAST : 2 * TRIALS].mean(axis=2)
    numbers: dict[str, Any] = {
        "trained": trials[0, :, TRIALS - LAST : TRIALS].mean(axis=1),
        "vehicle": response[0],
        "highest_first": trials[-1, :, TRIALS : TRIALS + FIRST].mean(axis=1),
        "highest": response[-1],
        "recovered": trials[-1, :, -LAST:].mean(axis=1),
        "steps_down": (np.diff(response, axis=0) < 0.01).mean(axis=0) * (np.ptp(response, axis=0) > 0.2),
    }
    fits = np.array([fitted(response[:, seed]) for seed in range(len(seeds))])
    numbers |= {"ed50": fits[:, 2], "hill": fits[:, 3], "r_squared": fits[:, 4]}
    traces = {"pressed": trials, "doses": DOSES, "occupancy": curve.occupancy.values, "response": response}
    return numbers, traces


def hill(dose: np.ndarray, top: float, bottom: float, ed50: float, steepness: float) -> np.ndarray:
    """Return the response to a dose: top - (top - bottom)*dose^n/(dose^n + ed50^n) (Hill 1910)."""
    return top - (top - bottom) / (1 + (ed50 / np.maximum(dose, 1e-9)) ** steepness)


def fitted(response: np.ndarray) -> tuple[float, ...]:
    """Fit a Hill curve by least squares; return top, bottom, ED50, Hill coefficient and the share of variance."""
    guess = (response[0], response[-1], 5.0, 1.0)
    try:
        found, _ = curve_fit(hill, DOSES, response, guess, bounds=([0, -0.1, 0.05, 0.2], [1.1, 1, 200, 8]))
    except RuntimeError:  # did not converge
        return (*guess, 0.0)
    if np.ptp(response) < 0.1:  # nothing to be fitted
        return (*found, 0.0)
    left = ((response - hill(np.array(DOSES), *found)) ** 2).sum()
    return (*found, 1 - left / max(((response - response.mean()) ** 2).sum(), 1e-12))


def draw(runs: Mapping[str, tuple[dict, dict]], path: Path) -> None:
    """Draw responses by trial for every dose, and the dose–response curve with every seed."""
    import matplotlib.pyplot as plt

    numbers, traces = runs[INTACT]
    figure, (by_trial, by_dose) = plt.subplots(1, 2, figsize=(10.5, 4.5), constrained_layout=True)
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.92, len(DOSES)))
    block = 40
    when = np.arange(3 * TRIALS // block) * block + block / 2
    for index, dose in enumerate(DOSES):
        seeds = traces["pressed"][index].reshape(-1, len(when), block).mean(axis=2)
        by_trial.plot(when, seeds.T, color=colours[index], lw=0.4, alpha=0.3)
        label = "vehicle" if dose == 0 else f"{dose:g} ({traces['occupancy'][index]:.0%})"
        by_trial.plot(when, seeds.mean(axis=0), color=colours[index], lw=1.8, label=label)
    by_trial.axvspan(TRIALS, 2 * TRIALS, color="#d55e00", alpha=0.08, lw=0)
    by_trial.text(1.5 * TRIALS, 1.02, "antagonist", ha="center", color="#d55e00")
    by_trial.axhline(0.25, color="black", lw=0.8, ls=":")
    by_trial.set(
        xlabel="trial", ylabel="trials with a press in time", ylim=(0, 1.08), title="responses by trial"
    )
    by_trial.legend(
        title="dose (receptors taken)",
        fontsize=8,
        title_fontsize=8,
        frameon=False,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.16),
        ncols=4,
    )
    by_trial.text(1190, 0.26, "chance", ha="right", fontsize=7)
    shown = np.maximum(DOSES, 0.1)
    fine = np.geomspace(
        0.2, 150, 200
    )  # a curve over the logarithm of the dose never reaches the vehicle's place
    styles = {INTACT: ("#0072b2", "model"), "no_forgetting": ("#cc79a7", "no forgetting")}
    for variant, (colour, label) in styles.items():
        if variant not in runs:
            continue
        response = runs[variant][1]["response"]
        by_dose.plot(shown, response, ".", color=colour, ms=4, alpha=0.7)
        by_dose.plot(shown, response.mean(axis=1), "o", color=colour, ms=5, label=label)
        if variant == INTACT:
            found = fitted(response.mean(axis=1))[:4]
            by_dose.plot(fine, hill(fine, *found), color=colour, lw=1.6)
            by_dose.plot([0.085, 0.118], [found[0], found[0]], color=colour, lw=1.6)
    ed50 = float(np.median(numbers["ed50"]))
    by_dose.axvline(ed50, color="#0072b2", lw=0.8, ls="--")
    by_dose.text(ed50 * 1.1, 0.93, f"ED50 {ed50:.1f}", color="#0072b2", fontsize=8)
    by_dose.plot(fine, 1 / (1 + fine), color="#888888", lw=1, label="receptors left")
    by_dose.plot([0.085, 0.118], [1, 1], color="#888888", lw=1)
    by_dose.axvline(1, color="#888888", lw=0.8, ls="--")
    by_dose.set(xscale="log", xlabel="dose (of that which takes half of the receptors)", ylim=(0, 1.08))
    by_dose.set(ylabel="responses, last 200 trials of the drug", title="dose–response and Hill curve")
    by_dose.set_xticks([0.1, 1, 10, 100], ["vehicle", "1", "10", "100"])
    by_dose.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
    for axis in (by_trial, by_dose):
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)
