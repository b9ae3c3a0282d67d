"""Figures of what varies in time: membranes, dopamine, values; and activity on the circuit's drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neuro_rtrrl.drawing.activity import Activity
from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.plot.spike_figures import events_of
from neuro_rtrrl.plot.style import PALETTE, STYLE, axes_for, below, titled, unit_of
from neuro_rtrrl.results.contents import Series, duration, listed, series, spikes, wanted
from neuro_rtrrl.results.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["activity", "by_trial", "dopamine", "value_map", "voltages"]

MOST_TRACES = 8


def voltages(
    result: Result,
    ax: Axes | None = None,
    seed: int | None = None,
    key: str | None = None,
    window: tuple[float, float] | None = None,
) -> Axes:
    """Draw the membranes of up to eight neurons below each other, with their spikes where they were recorded.

    ``key`` is such as ``neurons.v``, by default the first variable of neurons in volts.

    Raises
    ------
    CircuitError
        If no such variable was recorded.
    """
    import matplotlib

    found = series(result, seed)
    membranes = {name: each for name, each in found.items() if each.values.ndim == 2}
    name = key or next((name for name, each in membranes.items() if each.units == "volt"), "v")
    each = wanted(result, name, membranes, "membrane")
    begin, end = window or (each.times[0], each.times[-1] + each.interval)
    inside = np.flatnonzero((each.times >= begin) & (each.times < end))
    values = np.asarray(each.values[inside, :MOST_TRACES].values, float)
    neurons = np.asarray(each.values.coords[each.values.dims[1]].values)[:MOST_TRACES]
    symbol, scale = unit_of(each.units)
    values = values * scale
    low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    step = 1.5 * max(high - low, 1e-9)
    fired = spikes(result, seed).get(name.rpartition(".")[0])
    with matplotlib.rc_context(STYLE):
        ax = axes_for(ax, (6.4, 0.8 + 0.55 * len(neurons)))
        for row, neuron in enumerate(neurons):
            base = -row * step
            ax.plot(each.times[inside], values[:, row] + base, color=PALETTE[0], linewidth=0.8)
            if fired is not None:
                times = fired.of(int(neuron))
                times = times[(times >= begin) & (times < end)]
                ax.vlines(times, high + base, high + base + 0.3 * step, color=PALETTE[1], linewidth=0.9)
        ax.set_yticks(
            [-row * step + (low + high) / 2 for row in range(len(neurons))], [str(each) for each in neurons]
        )
        ax.tick_params(axis="y", length=0)
        ax.set_ylabel("neuron")
        ax.set_xlim(begin, end)
        ax.set_xlabel("time (s)")
        bar = float(f"{(high - low) or 1:.1g}")
        ax.plot(
            [1.01, 1.01], [low, low + bar], transform=ax.get_yaxis_transform(), color="#222222", clip_on=False
        )
        ax.text(
            1.02,
            low + bar / 2,
            f"{bar:g} {symbol}",
            transform=ax.get_yaxis_transform(),
            va="center",
            fontsize=8,
        )
        return titled(ax, result, seed, each.long_name[:1].upper() + each.long_name[1:])


def dopamine(result: Result, ax: Axes | None = None, seed: int | None = None, key: str | None = None) -> Axes:
    """Draw a modulator over time, ``dopamine`` or the first one recorded by default."""
    import matplotlib

    each = _modulator(result, seed, key)
    values = np.asarray(each.values.values, float)
    with matplotlib.rc_context(STYLE):
        ax = axes_for(ax)
        ax.axhline(0, color="#bbbbbb", linewidth=0.8)
        ax.plot(each.times, values, color=PALETTE[4], linewidth=0.5, alpha=0.6)
        width = max(1, len(values) // 100)
        if width > 1:
            count = len(values) // width
            mean = values[: count * width].reshape(count, width).mean(axis=1)
            middle = each.times[: count * width].reshape(count, width).mean(axis=1)
            ax.plot(middle, mean, color=PALETTE[1], linewidth=1.6, label=f"mean of {width}")
            ax.legend(loc="upper right")
        ax.set_xlim(each.times[0], each.times[-1] + each.interval)
        ax.set_xlabel("time (s)")
        ax.set_ylabel(_labelled(each))
        return titled(ax, result, seed, each.key.replace("_", " ").capitalize())


def by_trial(
    result: Result,
    ax: Axes | None = None,
    seed: int | None = None,
    key: str | None = None,
    events: Sequence[float] | None = None,
    window: tuple[float, float] | None = None,
) -> Axes:
    """Draw a modulator trial by trial, aligned to events: a heat map, and below it means of the first and last.

    ``events`` are times in seconds, by default the beginnings of the episodes; ``window`` is in seconds around them, by
    default from the event to the longest trial's end.

    Raises
    ------
    CircuitError
        If it was not recorded, or there are no events.
    """
    import matplotlib

    each = _modulator(result, seed, key)
    times = np.asarray(events_of(result, seed) if events is None else events, dtype=float)
    if window is None:
        gaps = np.diff([*times, duration(result)[1]])
        window = (0.0, float(np.quantile(gaps, 0.95))) if gaps.size else (0.0, 1.0)
    offsets = np.arange(round(window[0] / each.interval), max(round(window[1] / each.interval), 1))
    rows = np.round((times - each.times[0]) / each.interval).astype(int)[:, None] + offsets
    values = np.asarray(each.values.values, float)
    seen = np.where((rows >= 0) & (rows < len(values)), values[np.clip(rows, 0, len(values) - 1)], np.nan)
    if events is None and window[0] >= 0:  # a trial ends where the next begins
        seen[offsets * each.interval >= np.diff([*times, np.inf])[:, None] - 1e-9] = np.nan
    most = float(np.nanquantile(np.abs(seen), 0.99)) or 1.0
    edges = (np.append(offsets, offsets[-1] + 1)) * each.interval
    with matplotlib.rc_context(STYLE):
        ax = axes_for(ax, (5.4, 4.6))
        lower = below(ax, 0.6)
        image = ax.pcolormesh(
            edges, np.arange(len(times) + 1), seen, cmap="PuOr_r", vmin=-most, vmax=most, rasterized=True
        )
        ax.invert_yaxis()
        ax.set_ylabel("trial")
        ax.figure.colorbar(image, ax=[ax, lower], label=_labelled(each), shrink=0.7)
        part = max(1, len(times) // 5)
        for label, piece, colour in (
            (f"first {part}", seen[:part], PALETTE[6]),
            (f"last {part}", seen[-part:], PALETTE[1]),
        ):
            known = np.isfinite(piece).any(axis=0)
            lower.plot(
                offsets[known] * each.interval, np.nanmean(piece[:, known], axis=0), color=colour, label=label
            )
        lower.axhline(0, color="#bbbbbb", linewidth=0.8)
        lower.set_xlabel("time from event (s)")
        lower.set_ylabel("mean")
        lower.legend()
        return titled(ax, result, seed, f"{each.key.replace('_', ' ').capitalize()} by trial")


def value_map(
    result: Result,
    ax: Axes | None = None,
    seed: int | None = None,
    value: str | None = None,
    observed: str | None = None,
    neurons: tuple[int, int] = (0, 1),
    bins: int = 24,
) -> Axes:
    """Draw the critic's mean value over two observed numbers.

    Parameters
    ----------
    value : str, optional
        Recorded variable with the value (its first number); by default one of a single neuron.
    observed : str, optional
        Recorded variable of the input population that shows the observation.
    neurons : (int, int)
        Places of the two numbers among the recorded neurons of ``observed``.
    bins : int
        Along each axis.

    Raises
    ------
    CircuitError
        If they were not both recorded, at the same times.
    """
    import matplotlib

    found = {key: each for key, each in series(result, seed).items() if each.values.ndim == 2}
    value = value or next((key for key, each in found.items() if each.values.shape[1] == 1), "value")
    observed = observed or next(
        (key for key, each in found.items() if key != value and each.values.shape[1] > 1), ""
    )
    critic, seen = (wanted(result, key, found, "numbers of neurons") for key in (value, observed))
    if len(critic.times) != len(seen.times) or not np.allclose(critic.times, seen.times):
        raise CircuitError(Problem(f"'{value}' and '{observed}' were not recorded at the same times"))
    x, y = (np.asarray(seen.values[:, place].values, float) for place in neurons)
    heights = np.asarray(critic.values[:, 0].values, float)
    number, x_edges, y_edges = np.histogram2d(x, y, bins)
    total, _, _ = np.histogram2d(x, y, (x_edges, y_edges), weights=heights)
    mean = np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)
    with matplotlib.rc_context(STYLE):
        ax = axes_for(ax, (4.8, 3.8))
        image = ax.pcolormesh(x_edges, y_edges, mean.T, cmap="viridis", rasterized=True)
        ax.figure.colorbar(image, ax=ax, label=f"mean {value}")
        names = [
            f"{observed} of neuron {seen.values.coords[seen.values.dims[1]].values[place]}"
            for place in neurons
        ]
        ax.set_xlabel(names[0])
        ax.set_ylabel(names[1])
        return titled(ax, result, seed, "Value map")


def activity(result: Result, circuit: Circuit, seed: int | None = None) -> Activity:
    """Return each population's mean activity and each projection's mean |w|, for :func:`neuro_rtrrl.drawing.draw`.

    Populations are as recorded: spikes a second (Hz), else the mean of |r|; weights are those at the end.
    """
    row = result.seeds.index(seed) if seed is not None else 0
    found, populations = series(result, seed), {}
    for name, each in spikes(result, seed).items():
        rate = len(each.times) / max(each.end - each.begin, 1e-12) / len(each.recorded)
        populations[name] = (rate, f"{rate:.3g} Hz")
    for key, each in found.items():
        name, _, variable = key.rpartition(".")
        if name in circuit.populations and name not in populations and variable in ("r", "h", "action"):
            mean = float(np.abs(each.values.values).mean())
            populations[name] = (mean, f"mean |{variable}| {mean:.2g}")
    weights = {}
    for name in circuit.projections:
        if f"{name}.w" in result.state:
            values = np.asarray(result.state[f"{name}.w"][row])
            weights[name] = float(np.abs(values[values != 0]).mean()) if np.any(values) else 0.0
    if not populations:
        hint = f"record population.spike or population.r; these results hold {listed(result)}"
        raise CircuitError(Problem("no activity of a population was recorded", hint=hint))
    number = result.seeds[row]
    return Activity(
        populations,
        weights,
        f"Mean activity (colour), mean |w| (width) · {result.circuit.replace('_', ' ')} · seed {number}",
    )


def _modulator(result: Result, seed: int | None, key: str | None) -> Series:
    modulators = {name: each for name, each in series(result, seed).items() if each.values.ndim == 1}
    first = next((name for name in modulators if name not in ("reward", "action")), "dopamine")
    return wanted(result, key or ("dopamine" if "dopamine" in modulators else first), modulators, "modulator")


def _labelled(each: Series) -> str:
    symbol, scale = unit_of(each.units)
    return f"{each.key} ({each.units})" if symbol and scale != 1.0 else each.key
