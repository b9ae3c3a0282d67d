"""The comparison as a picture: what a rule keeps and does, and what that costs and takes on each device.

Above, of the circuit alone: memory and operations. Below, device by device: energy and time, with the fit. Full bars of
energy are devices that take the rule, pale ones do not, or nobody knows. A hatched bar holds nothing of what learning
costs, since nothing of it has a price there: such bars cannot tell rules apart. Hardly any bar is the whole of it; the
number beside it says ``≥`` where something has no price. matplotlib is imported when a picture is made.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuro_rtrrl.ledger.side_by_side import words
from neuro_rtrrl.ledger.side_by_side.bars import COLOURS, INK, STYLE, draw_bar, draw_time, look_handles
from neuro_rtrrl.ledger.side_by_side.entry import Entry
from neuro_rtrrl.ledger.side_by_side.sheet import Sheet
from neuro_rtrrl.units import format_si

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_sheet", "save_sheet", "svg_of"]

_WIDTH = 9.6  # inches, as all below
_BAR, _BETWEEN = 0.165, 0.09
_FRAME = 0.55  # of a panel: title and axis
_LEGEND = 0.95


def draw_sheet(sheet: Sheet) -> Figure:
    """Return the picture: a block for each circuit."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        shown = [circuit for circuit in sheet.circuits if _rules(sheet, circuit)]
        heights = [sum(_heights(sheet, circuit)) + 0.3 for circuit in shown]
        figure = Figure(figsize=(_WIDTH, sum(heights) + _LEGEND), layout="constrained")
        FigureCanvasAgg(figure)
        parts = figure.subfigures(
            len(heights) + 1, 1, height_ratios=[*heights, _LEGEND], squeeze=False
        ).ravel()
        for part, circuit in zip(parts, shown, strict=False):
            _draw_circuit(part, sheet, circuit)
        _legend(parts[-1], sheet)
    return figure


def save_sheet(sheet: Sheet, path: str | Path) -> None:
    """Save the picture as SVG, PNG or PDF by its ending, black on white.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    import matplotlib

    with matplotlib.rc_context(STYLE):
        ending = Path(path).suffix.lower()
        metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(ending, {})
        draw_sheet(sheet).savefig(path, dpi=150, facecolor="white", metadata=metadata)


def svg_of(sheet: Sheet) -> str:
    """Return the picture as an SVG element whose text has the colour of what stands around it."""
    import io

    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context(STYLE):
        draw_sheet(sheet).savefig(text, format="svg", transparent=True, metadata={"Date": None})
    svg = text.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    return svg.replace(INK, "currentColor")


def _devices(sheet: Sheet, circuit: str) -> list[str]:
    """Return the devices of which a price or a time is published, cheapest first and those without a price last."""
    cheapest: dict[str, float] = {}
    for entry in sheet.of(circuit):
        if not entry.profile or entry.reason:
            continue
        if (nominal := entry.joules["nominal"]) is not None:
            cheapest[entry.profile] = min(nominal, cheapest.get(entry.profile, nominal))
        elif _timed(entry):
            cheapest.setdefault(entry.profile, float("inf"))
    return sorted(cheapest, key=lambda name: cheapest[name])


def _timed(entry: Entry) -> bool:
    return entry.latency is not None and (entry.latency.low is not None or entry.latency.high is not None)


def _rules(sheet: Sheet, circuit: str) -> list[str]:
    return [rule for rule in sheet.rules if any(e.rule == rule and not e.reason for e in sheet.of(circuit))]


def _heights(sheet: Sheet, circuit: str) -> tuple[float, float]:
    """Return the heights of the panels of the circuit alone, and of those of its devices."""
    bars = len(_rules(sheet, circuit))
    devices = len(_devices(sheet, circuit))
    of_devices = max(devices * (bars * _BAR + _BETWEEN), 0.3) + _FRAME + 0.2 if sheet.profiles else 0.01
    return bars * 1.2 * _BAR + _FRAME, of_devices


def _draw_circuit(part: Any, sheet: Sheet, circuit: str) -> None:
    rules, devices = _rules(sheet, circuit), _devices(sheet, circuit)
    grid = part.add_gridspec(2, 2, height_ratios=_heights(sheet, circuit), width_ratios=[1.15, 1])
    entries = {entry.rule: entry for entry in reversed(sheet.of(circuit)) if not entry.reason}
    kept = {rule: (entries[rule].words, f"{entries[rule].words:,}") for rule in rules}
    done = {rule: (entries[rule].operations, _operations(entries[rule])) for rule in rules}
    _of_the_circuit(part.add_subplot(grid[0, 0]), sheet, kept, "kept for learning, words")
    _of_the_circuit(part.add_subplot(grid[0, 1]), sheet, done, "operations a decision")
    if sheet.profiles:
        _energy(part.add_subplot(grid[1, 0]), sheet, circuit, devices, rules)
        _time(part.add_subplot(grid[1, 1]), sheet, circuit, devices, rules)
    part.suptitle(circuit, x=0.01, ha="left", fontweight="bold")


def _operations(entry: Entry) -> str:
    return f"{entry.operations:,.0f} (of learning {entry.learning_operations:,.0f})"


def _of_the_circuit(axes: Any, sheet: Sheet, values: Mapping[str, tuple[float, str]], title: str) -> None:
    """Draw a bar for each rule, of what no device changes, with its number beside it."""
    from matplotlib.ticker import NullLocator

    axes.set_title(title, loc="left")
    positive = [number for number, _ in values.values() if number > 0] or [1]
    floor = 10.0 ** math.floor(math.log10(min(positive) / 1.5))  # a tick at least
    for y, (rule, (number, text)) in enumerate(values.items()):
        if number > 0:
            axes.barh(y, number - floor, left=floor, height=0.8, color=_colour(sheet, rule))
        _beside(axes, y, text)
    axes.set_xscale("log")
    axes.set_xlim(floor, max(positive) * 1.2)
    axes.set_ylim(len(values) - 0.4, -0.6)
    axes.set_yticks(range(len(values)), list(values))
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_minor_locator(NullLocator())


def _beside(axes: Any, y: float, text: str) -> None:
    axes.text(1.015, y, text, transform=axes.get_yaxis_transform(), va="center", fontsize=6.5)


def _colour(sheet: Sheet, rule: str) -> str:
    return COLOURS[sheet.rules.index(rule) % len(COLOURS)]


def _energy(axes: Any, sheet: Sheet, circuit: str, devices: Sequence[str], rules: Sequence[str]) -> None:
    axes.set_title("energy a decision, of what has a published price", loc="left")
    known = [e.joules["nominal"] for e in sheet.of(circuit) if e.joules["nominal"] is not None]
    highest = max((x for e in sheet.of(circuit) for x in e.joules.values() if x is not None), default=1e-9)
    floor = min(known, default=1e-10) / 3
    for y, entry in _places(sheet, circuit, devices, rules):
        text = words.energy_text(entry)
        draw_bar(axes, y, entry, entry.joules, text, _colour(sheet, entry.rule), floor, beside=True)
    _frame(axes, devices, rules, (floor, highest * 1.3))
    axes.set_yticks(_middles(devices, rules), devices)
    without = [name for name in sheet.profiles if name not in devices]
    nothing = textwrap.fill(f"neither price nor time: {', '.join(without)}", 60) if without else ""
    axes.set_xlabel(f"joules (bars: nominal; lines: low to high)\n{nothing}".strip(), loc="left")
    if not devices:
        axes.text(0.5, 0.5, "nothing has a price", transform=axes.transAxes, ha="center")


def _time(axes: Any, sheet: Sheet, circuit: str, devices: Sequence[str], rules: Sequence[str]) -> None:
    times = [each for _, each in _places(sheet, circuit, devices, rules) if _timed(each)]
    found = [e.latency for e in times if e.latency is not None]
    ends = [x for each in found for x in (each.low, each.high, each.interval) if x is not None]
    floor = min(ends, default=1e-7) / 3
    for middle, profile in zip(_middles(devices, rules), devices, strict=True):
        latencies = [e.latency for e in times if e.profile == profile and e.latency is not None]
        if not latencies:
            _beside(axes, middle, "no time")
            continue
        half = len(rules) / 2 + 0.1
        axes.plot([latencies[0].interval] * 2, [middle - half, middle + half], color=INK, linewidth=1.1)
    for y, entry in _places(sheet, circuit, devices, rules):
        if _timed(entry):
            draw_time(axes, y, entry, words.time_text(entry), _colour(sheet, entry.rule), floor)
    _frame(axes, devices, rules, (floor, max(ends, default=1e-5) * 1.3))
    allowed = {each.interval for each in found}
    interval = (
        f"interval of {format_si(allowed.pop(), 's')}" if len(allowed) == 1 else "interval that it may take"
    )
    axes.set_title(f"time a decision, against the {interval}", loc="left")
    meaning = "full: the least, all cores at once; pale: the most, one\nafter another; upright: the interval"
    axes.set_xlabel(f"seconds ({meaning})", loc="left")


def _places(
    sheet: Sheet, circuit: str, devices: Sequence[str], rules: Sequence[str]
) -> list[tuple[float, Entry]]:
    """Return what is drawn of the devices, each with its height: rule below rule, and a gap between devices."""
    return [
        (place * (len(rules) + 0.5) + rules.index(entry.rule), entry)
        for place, profile in enumerate(devices)
        for entry in sheet.of(circuit, profile)
        if not entry.reason
    ]


def _middles(devices: Sequence[str], rules: Sequence[str]) -> list[float]:
    return [place * (len(rules) + 0.5) + (len(rules) - 1) / 2 for place in range(len(devices))]


def _frame(axes: Any, devices: Sequence[str], rules: Sequence[str], limits: tuple[float, float]) -> None:
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    axes.set_ylim(max(len(devices) * (len(rules) + 0.5) - 0.75, 1), -0.75)
    axes.set_yticks([])
    axes.tick_params(axis="y", length=0)


def _legend(part: Any, sheet: Sheet) -> None:
    from matplotlib.patches import Patch

    colours = [Patch(color=_colour(sheet, rule), label=rule) for rule in sheet.rules]
    part.legend(handles=colours, loc="upper left", ncols=7, bbox_to_anchor=(0.0, 1.0))
    part.legend(handles=look_handles(), loc="upper left", ncols=3, bbox_to_anchor=(0.0, 0.68))
    told = (
        "≥: a lower bound, since something has no published price. A time is of what has a published one.\n"
        "Beside it, whether it is in time: yes, late, or ? where too little is published."
    )
    part.text(0.01, 0.06, told, fontsize=7)
