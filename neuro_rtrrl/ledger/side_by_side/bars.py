"""One bar of an energy, as all pictures of the comparison draw it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuro_rtrrl.ledger.side_by_side.entry import Entry

__all__ = ["COLOURS", "INK", "STYLE", "draw_bar", "draw_time", "look_handles"]

#: Okabe & Ito 2008, as in all pictures of the package.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#777777")
INK = "#010203"  # stands for the colour of text, so that a page can set its own
STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "neuro-rtrrl",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "axes.titlecolor"),
        INK,
    ),
}

_HATCHED = "/////"
_PALE = 0.38
_IN_TIME = {"keeps up": "yes", "does not keep up": "late", "not known": "?"}
_MARKS = {"fits": "", "does not fit": "  ✗", "not known": "  ?"}


def draw_bar(
    axes: Any,
    y: float,
    entry: Entry,
    joules: Mapping[str, float | None],
    text: str,
    colour: str,
    floor: float,
    beside: bool = False,
) -> None:
    """Draw a bar from ``floor`` to the nominal energy with its band, and write what it is at its end.

    ``beside`` writes it right of the axes instead, so that these end where the longest bar does.

    Parameters
    ----------
    axes : matplotlib Axes
        With a logarithmic axis of joules.
    y : float
    entry : Entry
        Whose fit, latency and coverage decide how the bar looks.
    joules : mapping
        ``low``, ``nominal``, ``high``.
    text, colour : str
    floor : float
        Joules where bars begin.
    """
    low, nominal, high = (joules[end] for end in ("low", "nominal", "high"))
    if nominal is None:
        _write(axes, floor * 1.1, y, text + (_mark_of(entry) if beside else ""), beside)
        return
    fits = entry.fit is not None and entry.fit.answer == "fits"
    look: dict[str, Any] = {"color": colour}
    if entry.coverage == "forward":
        look = {"facecolor": "none", "edgecolor": colour, "hatch": _HATCHED, "linewidth": 0.7}
    alpha = 1.0 if fits else _PALE
    axes.barh(y, nominal - floor, left=floor, height=0.86, alpha=alpha, **look)
    if low is not None and high is not None and low != high:
        axes.plot((low, high), (y, y), color=INK, linewidth=1.0, solid_capstyle="butt")
    late = "  late" if entry.latency is not None and entry.latency.verdict == "does not keep up" else ""
    told = f"{text}{_mark_of(entry)}{'' if beside else late}"
    _write(axes, max(nominal, high or 0.0) * 1.15, y, told, beside)


def draw_time(axes: Any, y: float, entry: Entry, text: str, colour: str, floor: float) -> None:
    """Draw the least time full and the longest pale, and write beside the axes what they are, and whether in time."""
    latency = entry.latency
    if latency is None:
        return
    for end, alpha in ((latency.high, _PALE), (latency.low, 1.0)):
        if end is not None:
            axes.barh(y, end - floor, left=floor, height=0.86, alpha=alpha, color=colour)
    _write(axes, floor, y, f"{text}  {_IN_TIME[latency.verdict]}", True)


def _write(axes: Any, x: float, y: float, text: str, beside: bool) -> None:
    if beside:
        axes.text(1.015, y, text, transform=axes.get_yaxis_transform(), va="center", fontsize=6.5)
    else:
        axes.text(x, y, text, va="center", fontsize=6.5)


def _mark_of(entry: Entry) -> str:
    return _MARKS[entry.fit.answer] if entry.fit else ""


def look_handles() -> list[Any]:
    """Return what a legend shows of how bars look."""
    from matplotlib.patches import Patch

    grey = "#888888"
    return [
        Patch(color=grey, label="fits"),
        Patch(color=grey, alpha=_PALE, label="does not fit (✗), or not known (?)"),
        Patch(facecolor="none", edgecolor=grey, hatch=_HATCHED, label="nothing of its learning has a price"),
    ]
