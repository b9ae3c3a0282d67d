"""Figures of spikes: raster, peri-stimulus time histogram, population rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.plot.style import PALETTE, STYLE, axes_for, below, titled
from neuro_rtrrl.results.contents import Spikes, duration, listed, spikes
from neuro_rtrrl.results.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["events_of", "psth", "raster", "rates"]

MOST_MARKS = 6_000  # spikes in a raster unless a window is given; more would be one block of colour


def raster(
    result: Result, ax: Axes | None = None, seed: int | None = None, window: tuple[float, float] | None = None
) -> Axes:
    """Draw every spike: one row a neuron, one colour a population.

    Parameters
    ----------
    result : Result
    ax : matplotlib Axes, optional
    seed : int, optional
        The first one by default.
    window : (float, float), optional
        In seconds; by default the whole run, or its end where there are more spikes than can be seen.

    Raises
    ------
    CircuitError
        If no spikes were recorded.
    """
    import matplotlib

    recorded = _required(result, seed)
    begin, end = window or duration(result)
    total = sum(np.count_nonzero((each.times >= begin) & (each.times < end)) for each in recorded)
    if window is None and total > MOST_MARKS:
        begin = end - (end - begin) * MOST_MARKS / total
    with matplotlib.rc_context(STYLE):
        ax = axes_for(ax)
        base, places, names = 0, [], []
        for number, each in enumerate(recorded):
            inside = (each.times >= begin) & (each.times < end)
            rows = base + np.searchsorted(np.sort(each.recorded), each.neurons[inside])
            colour = PALETTE[number % len(PALETTE)]
            size = float(np.clip(160 / max(len(each.recorded), 1), 0.6, 40))
            ax.scatter(
                each.times[inside], rows, marker="|", s=size, linewidths=0.7, color=colour, rasterized=True
            )
            places.append(base + len(each.recorded) / 2)
            names.append(f"{each.population.replace('_', ' ')}\n({len(each.recorded)})")
            base += len(each.recorded)
            if number + 1 < len(recorded):
                ax.axhline(base - 0.5, color="#cccccc", linewidth=0.6)
        ax.set_yticks(places, names)
        ax.tick_params(axis="y", length=0)
        for label, number in zip(ax.get_yticklabels(), range(len(names)), strict=True):
            label.set_color(PALETTE[number % len(PALETTE)])
        ax.set_ylim(-0.5, max(base, 1) - 0.5)
        ax.set_xlim(begin, end)
        ax.set_xlabel("time (s)")
        return titled(ax, result, seed, "Spikes")


def rates(
    result: Result, ax: Axes | None = None, seed: int | None = None, bin_width: float | None = None
) -> Axes:
    """Draw the mean firing rate of each population over time, in Hz; ``bin_width`` in seconds."""
    import matplotlib

    recorded = _required(result, seed)
    begin, end = duration(result)
    width = bin_width or (end - begin) / 100
    edges = begin + width * np.arange(int(np.ceil((end - begin) / width - 1e-9)) + 1)
    with matplotlib.rc_context(STYLE):
        ax = axes_for(ax)
        for number, each in enumerate(recorded):
            counts, _ = np.histogram(each.times, edges)
            rate = counts / (width * len(each.recorded))
            inside = (edges[:-1] >= each.begin - 1e-9) & (edges[1:] <= each.end + 1e-9)
            name = each.population.replace("_", " ")
            ax.plot(
                (edges[:-1] + width / 2)[inside],
                rate[inside],
                color=PALETTE[number % len(PALETTE)],
                label=name,
            )
        ax.set_ylim(bottom=0)
        ax.set_xlim(begin, end)
        ax.set_xlabel("time (s)")
        ax.set_ylabel(f"firing rate (Hz; bins of {width * 1e3:g} ms)")
        ax.legend()
        return titled(ax, result, seed, "Population rates")


def psth(
    result: Result,
    ax: Axes | None = None,
    seed: int | None = None,
    population: str | None = None,
    events: Sequence[float] | None = None,
    window: tuple[float, float] = (-0.1, 0.5),
    bin_width: float = 0.01,
) -> Axes:
    """Draw a peri-stimulus time histogram, and above it the spikes trial by trial.

    Parameters
    ----------
    result : Result
    ax : matplotlib Axes, optional
    seed : int, optional
    population : str, optional
        The last one recorded by default.
    events : sequence of float, optional
        Times in seconds that the spikes are aligned to; by default the beginnings of the episodes.
    window : (float, float)
        Seconds around an event.
    bin_width : float
        Seconds.

    Raises
    ------
    CircuitError
        If there are no such spikes, or no events.
    """
    import matplotlib

    recorded = {each.population: each for each in _required(result, seed)}
    each = recorded.get(population or list(recorded)[-1])
    if each is None:
        raise CircuitError(Problem(f"no spikes of '{population}' were recorded", available=tuple(recorded)))
    times = np.asarray(events_of(result, seed) if events is None else events, dtype=float)
    order = np.sort(each.times)
    aligned = [
        order[np.searchsorted(order, at + window[0]) : np.searchsorted(order, at + window[1])] - at
        for at in times
    ]
    edges = np.arange(window[0], window[1] + bin_width / 2, bin_width)
    counts, _ = np.histogram(np.concatenate(aligned), edges)
    rate = counts / (bin_width * len(times) * len(each.recorded))
    with matplotlib.rc_context(STYLE):
        ax = axes_for(ax, (5.2, 4.0))
        lower = below(ax, 0.8)
        rows = np.repeat(np.arange(len(times)), [len(train) for train in aligned])
        ax.scatter(
            np.concatenate(aligned), rows, marker="|", s=6, linewidths=0.6, color=PALETTE[6], rasterized=True
        )
        ax.set_ylabel("trial")
        ax.set_ylim(len(times) - 0.5, -0.5)
        lower.stairs(rate, edges, fill=True, color=PALETTE[0], alpha=0.85)
        lower.set_ylabel("rate (Hz)")
        lower.set_xlabel(f"time from event (s; bins of {bin_width * 1e3:g} ms)")
        for panel in (ax, lower):
            panel.axvline(0, color=PALETTE[1], linewidth=1)
            panel.set_xlim(*window)
        return titled(ax, result, seed, f"{each.population.replace('_', ' ')}, {len(times)} trials")


def events_of(result: Result, seed: int | None) -> np.ndarray:
    """Return when the episodes began, in seconds.

    Raises
    ------
    CircuitError
        If no episode was finished.
    """
    from neuro_rtrrl.results.contents import row_of

    episodes = result.episodes.of(row_of(result, seed))
    if not episodes:
        hint = "give their times: psth(result, events=[1.0, 2.0])"
        raise CircuitError(Problem("there are no events: no episode was finished", hint=hint))
    interval = float(result.recordings.attrs["decision_interval"])
    ends = np.array([(each.end + 1) * interval for each in episodes])
    return np.concatenate([[duration(result)[0]], ends[:-1]])


def _required(result: Result, seed: int | None) -> list[Spikes]:
    found = list(spikes(result, seed).values())
    if not found:
        hint = f"record them: {{variable: population.spike}}; these results hold {listed(result)}"
        raise CircuitError(Problem("no spikes were recorded", hint=hint))
    return found
