"""Figures of weights: how they are distributed, and the way they took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.plot.style import PALETTE, STYLE, axes_for, below, titled, unit_of
from neuro_rtrrl.results.contents import Series, listed, row_of, series, wanted
from neuro_rtrrl.results.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["weight_histogram", "weights"]

SHOWN = 60  # synapses whose way is drawn


def weight_histogram(
    result: Result, ax: Axes | None = None, seed: int | None = None, projection: str | None = None
) -> Axes:
    """Draw how the weights of a projection were distributed at the first and the last recorded moment.

    Where they were not recorded, at the end of the run. Pairs that are not connected (weight 0) are left out.
    """
    import matplotlib

    with matplotlib.rc_context(STYLE):
        ax = axes_for(ax, (5.0, 3.2))
        recorded = _recorded(result, seed)
        name = projection or next(iter(recorded), None) or _last_learned(result)
        if name in recorded:
            each = recorded[name]
            first, last = (np.asarray(each.values[row].values) for row in (0, -1))
            shown = {f"after {each.times[0]:g} s": first, f"after {each.times[-1]:g} s": last}
            symbol, scale = unit_of(each.units)
        else:
            available = tuple(key.removesuffix(".w") for key in result.state if key.endswith(".w"))
            if f"{name}.w" not in result.state:
                raise CircuitError(Problem(f"there are no weights of '{name}'", available=available))
            shown = {"at the end": np.asarray(result.state[f"{name}.w"][row_of(result, seed)])}
            symbol, scale = "SI", 1.0
        _histogram(ax, {label: values * scale for label, values in shown.items()})
        ax.set_xlabel(f"weight ({symbol})" if symbol else "weight")
        ax.set_ylabel("synapses")
        if len(shown) > 1:
            ax.legend()
        return titled(ax, result, seed, str(name).replace("_", " "))


def weights(
    result: Result, ax: Axes | None = None, seed: int | None = None, projection: str | None = None
) -> Axes:
    """Draw the way of a projection's weights over time, some synapses thin; below, how far they have moved.

    Raises
    ------
    CircuitError
        If no weights were recorded over time.
    """
    import matplotlib

    recorded = _recorded(result, seed)
    if not recorded:
        hint = f"record them: {{variable: projection.w, every: 100}}; these results hold {listed(result)}"
        raise CircuitError(Problem("no weights were recorded over time", hint=hint))
    name = projection or next(iter(recorded))
    each = wanted(result, name, recorded, "weights over time of")
    values = np.asarray(each.values.values, float).reshape(len(each.times), -1)
    values = values[:, (values != 0).any(axis=0)]
    symbol, scale = unit_of(each.units)
    values = values * scale
    with matplotlib.rc_context(STYLE):
        ax = axes_for(ax, (6.0, 4.2))
        lower = below(ax)
        chosen = np.linspace(0, values.shape[1] - 1, min(SHOWN, values.shape[1])).astype(int)
        ax.plot(each.times, values[:, chosen], color=PALETTE[0], linewidth=0.5, alpha=0.3)
        low, high = np.quantile(values, (0.25, 0.75), axis=1)
        ax.fill_between(each.times, low, high, color=PALETTE[1], alpha=0.3, linewidth=0, label="quartiles")
        ax.plot(each.times, values.mean(axis=1), color=PALETTE[1], linewidth=1.8, label="mean")
        ax.set_ylabel(f"weight ({symbol})" if symbol else "weight")
        ax.legend(loc="upper left")
        lower.plot(each.times, np.abs(values - values[0]).mean(axis=1), color=PALETTE[6])
        lower.set_ylabel("mean |change|")
        lower.set_ylim(bottom=0)
        lower.set_xlabel("time (s)")
        return titled(ax, result, seed, f"Weights of {name.replace('_', ' ')}")


def _recorded(result: Result, seed: int | None) -> dict[str, Series]:
    found = series(result, seed).items()
    return {key.removesuffix(".w"): each for key, each in found if key.endswith(".w") and len(each.times)}


def _last_learned(result: Result) -> str | None:
    return next((key.removesuffix(".w") for key in reversed(result.settable) if key.endswith(".w")), None)


def _histogram(ax: Axes, shown: dict[str, np.ndarray]) -> None:
    connected = {label: values[values != 0].ravel() for label, values in shown.items()}
    everything = np.concatenate(list(connected.values()))
    edges = np.histogram_bin_edges(everything, 40) if everything.size else np.linspace(0, 1, 2)
    for number, (label, values) in enumerate(connected.items()):
        counts, _ = np.histogram(values, edges)
        how: dict[str, Any] = (
            {"fill": True, "alpha": 0.35} if number + 1 < len(connected) else {"linewidth": 1.6}
        )
        ax.stairs(counts, edges, color=PALETTE[number], label=label, **how)
