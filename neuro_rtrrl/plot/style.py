"""What all figures share: colours, type, and how a figure of one's own is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neuro_rtrrl.results.contents import row_of
from neuro_rtrrl.results.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PALETTE", "STYLE", "axes_for", "below", "thousands", "titled", "unit_of"]

#: Okabe & Ito 2008: distinct for colour-blind readers.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555")

STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
    "legend.frameon": False,
    "svg.hashsalt": "neuro-rtrrl",
}


def thousands(value: float) -> str:
    """Write a number of decisions for an axis: ``200 k``, ``2 M``."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:g} M"
    return f"{value / 1e3:g} k" if abs(value) >= 1e3 else f"{value:g}"


def axes_for(ax: Axes | None, size: tuple[float, float] = (6.0, 3.4)) -> Axes:
    """Return the axes that were given, or those of a new figure."""
    if ax is not None:
        return ax
    import matplotlib
    from matplotlib import pyplot

    with matplotlib.rc_context(STYLE):
        return pyplot.subplots(figsize=size, layout="constrained")[1]


def below(ax: Axes, share: float = 0.42) -> Axes:
    """Take the lower part of axes (of a grid, as ``subplots`` makes them) for a second pair that shares its x axis."""
    place = ax.get_subplotspec()
    assert place is not None, "axes of a grid"
    upper, under = place.subgridspec(2, 1, height_ratios=(1, share))
    ax.set_subplotspec(upper)
    lower = ax.figure.add_subplot(under, sharex=ax)
    ax.tick_params(labelbottom=False)
    for side in ("top", "right"):
        lower.spines[side].set_visible(False)
    return lower


def titled(ax: Axes, result: Result, seed: int | None, what: str) -> Axes:
    """Write what is shown, of which circuit and seed."""
    number = result.seeds[row_of(result, seed)]
    ax.set_title(
        f"{what} · {result.circuit.replace('_', ' ')} · seed {number}", loc="left", fontweight="bold"
    )
    return ax


_SYMBOLS = {
    "volt": ("mV", 1e3),
    "second": ("ms", 1e3),
    "ampere": ("nA", 1e9),
    "amp": ("nA", 1e9),
    "hertz": ("Hz", 1.0),
}


def unit_of(units: str) -> tuple[str, float]:
    """Return the symbol in which numbers of this unit are shown, and what they are multiplied with for it."""
    return _SYMBOLS.get(units, ("" if units == "1" else units, 1.0))
