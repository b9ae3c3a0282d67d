"""The comparison as a picture: energy a decision by device and rule, and what each rule keeps in memory.

Full bars are devices that take the rule, pale ones do not, or nobody knows. A hatched bar holds nothing of what
learning costs, since nothing of it has a price there: such bars cannot tell rules apart. Hardly any bar is the whole of
it; the number at its end says ``≥`` where something has no price. matplotlib is imported when a picture is made.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuro_rtrrl.ledger.side_by_side import words
from neuro_rtrrl.ledger.side_by_side.bars import COLOURS, INK, STYLE, draw_bar, look_handles
from neuro_rtrrl.ledger.side_by_side.sheet import Sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_sheet", "save_sheet", "svg_of"]

_BAR = 0.17  # inches


def draw_sheet(sheet: Sheet) -> Figure:
    """Return the picture: for each circuit energy on the left, memory on the right."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        shown = {circuit: _priced(sheet, circuit) for circuit in sheet.circuits if _rules(sheet, circuit)}
        heights = [_height(sheet, circuit, profiles) for circuit, profiles in shown.items()]
        figure = Figure(figsize=(9.2, sum(heights) + 0.75), layout="constrained")
        FigureCanvasAgg(figure)
        parts = figure.subfigures(len(heights) + 1, 1, height_ratios=[*heights, 0.75], squeeze=False).ravel()
        for part, (circuit, profiles) in zip(parts, shown.items(), strict=False):
            _draw_circuit(part, sheet, circuit, profiles)
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


def _priced(sheet: Sheet, circuit: str) -> list[str]:
    """Return the devices on which anything of a circuit has a price, cheapest first."""
    cheapest: dict[str, float] = {}
    for entry in sheet.of(circuit):
        nominal = entry.joules["nominal"]
        if nominal is not None and entry.profile:
            cheapest[entry.profile] = min(nominal, cheapest.get(entry.profile, nominal))
    return sorted(cheapest, key=lambda name: cheapest[name])


def _rules(sheet: Sheet, circuit: str) -> list[str]:
    return [rule for rule in sheet.rules if any(e.rule == rule and not e.reason for e in sheet.of(circuit))]


def _height(sheet: Sheet, circuit: str, profiles: list[str]) -> float:
    bars = len(_rules(sheet, circuit))
    return max(1.5, len(profiles) * (bars * _BAR + 0.09)) + 0.75


def _draw_circuit(part: Any, sheet: Sheet, circuit: str, profiles: list[str]) -> None:
    rules = _rules(sheet, circuit)
    own = len(rules) * 1.5 * _BAR
    rest = max(_height(sheet, circuit, profiles) - 0.75 - own, 0.05)
    grid = part.add_gridspec(2, 2, width_ratios=[2.5, 1], height_ratios=[own, rest])
    _energy(part.add_subplot(grid[:, 0]), sheet, circuit, profiles, rules)
    _memory(part.add_subplot(grid[0, 1]), sheet, circuit, rules)
    part.suptitle(circuit, x=0.01, ha="left", fontweight="bold")


def _energy(axes: Any, sheet: Sheet, circuit: str, profiles: list[str], rules: list[str]) -> None:
    axes.set_title("energy a decision, of what has a published price", loc="left")
    group = len(rules) + 0.5
    known = [e.joules["nominal"] for e in sheet.entries if e.joules["nominal"] is not None]
    floor = min(known, default=1e-9) / 4
    for place, profile in enumerate(profiles):
        for entry in sheet.of(circuit, profile):
            if entry.reason:
                continue
            y = place * group + rules.index(entry.rule)
            colour = COLOURS[sheet.rules.index(entry.rule) % len(COLOURS)]
            draw_bar(axes, y, entry, entry.joules, words.energy_text(entry), colour, floor)
    axes.set_xscale("log")
    axes.set_xlim(floor, max(known, default=1e-8) * 30)
    axes.set_ylim(max(len(profiles) * group - 0.5, 1), -0.75)
    middle = (len(rules) - 1) / 2
    axes.set_yticks([place * group + middle for place in range(len(profiles))], profiles)
    axes.tick_params(axis="y", length=0)
    without = [name for name in sheet.profiles if name not in profiles]
    nothing = textwrap.fill(f"no price: {', '.join(without)}", 90) if without else ""
    axes.set_xlabel(f"joules (bars: nominal; lines: low to high)\n{nothing}".strip(), loc="left")
    if not profiles:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "nothing has a price", transform=axes.transAxes, ha="center")


def _memory(axes: Any, sheet: Sheet, circuit: str, rules: list[str]) -> None:
    from matplotlib.ticker import NullLocator

    axes.set_title("kept for learning, words", loc="left")
    entries = {entry.rule: entry for entry in reversed(sheet.of(circuit)) if not entry.reason}
    for y, rule in enumerate(rules):
        colour = COLOURS[sheet.rules.index(rule) % len(COLOURS)]
        axes.barh(y, entries[rule].words, height=0.7, color=colour)
        axes.text(max(entries[rule].words, 1) * 1.15, y, f"{entries[rule].words:,}", va="center", fontsize=7)
    every = [entry.words for entry in sheet.entries if not entry.reason and entry.words > 0] or [1]
    axes.set_xscale("log")
    axes.set_xlim(min(every) / 3, max(every) * 12)
    axes.set_ylim(len(rules) - 0.4, -0.6)
    axes.set_yticks(range(len(rules)), rules)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_minor_locator(NullLocator())


def _legend(part: Any, sheet: Sheet) -> None:
    from matplotlib.patches import Patch

    colours = [
        Patch(color=COLOURS[index % len(COLOURS)], label=rule) for index, rule in enumerate(sheet.rules)
    ]
    part.legend(handles=colours, loc="upper left", ncols=7, bbox_to_anchor=(0.0, 1.0))
    part.legend(handles=look_handles(), loc="upper left", ncols=3, bbox_to_anchor=(0.0, 0.6))
    part.text(0.01, 0.08, "≥: a lower bound, since something has no published price", fontsize=7)
