"""The picture of joules to criterion: a panel for each device, a bar for each row of the study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuro_rtrrl.ledger.side_by_side.bars import COLOURS, STYLE, draw_bar, look_handles
from neuro_rtrrl.studies.joules import RowCost

__all__ = ["joules_picture"]

_ROW, _FRAME = 0.19, 0.75  # inches


def joules_picture(title: str, costs: Sequence[RowCost], path: str | Path) -> None:
    """Save the picture.

    Parameters
    ----------
    title : str
    costs : sequence of RowCost
    path : path
        PNG, SVG or PDF by its ending.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    profiles = list(dict.fromkeys(each.profile for each in costs))
    rows = list(dict.fromkeys(each.row for each in costs if each.cost is not None))
    lines = -(-len(profiles) // 2)
    with matplotlib.rc_context(STYLE):
        height = lines * (len(rows) * _ROW + _FRAME) + 0.7
        figure = Figure(figsize=(9.2, height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(lines, 2, squeeze=False, sharey=True, sharex=True).ravel().tolist()
        known = [x for each in costs if each.cost and (x := each.cost.joules["nominal"]) is not None]
        limits = min(known, default=1e-3) / 4, max(known, default=1.0) * 40
        for ax, profile in zip(axes, profiles, strict=False):
            _panel(ax, profile, [each for each in costs if each.profile == profile], rows, limits)
        for ax in axes[len(profiles) :]:
            ax.set_visible(False)
        for ax in axes[max(len(profiles) - 2, 0) : len(profiles)]:
            ax.set_xlabel("joules until the criterion (bars: nominal; lines: low to high)", loc="left")
        figure.suptitle(f"{title}: joules to criterion", x=0.01, ha="left", fontweight="bold")
        bound = Patch(fc="none", ec="none", label="≥: a lower bound, since something has no published price")
        figure.legend(handles=[*look_handles(), bound], loc="outside lower left", ncols=2)
        metadata = {"Date": None} if Path(path).suffix.lower() == ".svg" else None
        figure.savefig(path, dpi=150, facecolor="white", metadata=metadata)


def _panel(
    ax: Any, profile: str, costs: Sequence[RowCost], rows: list[str], limits: tuple[float, float]
) -> None:
    ax.set_title(profile, loc="left")
    ax.set_xscale("log")
    ax.set_xlim(*limits)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelbottom=True)
    for each in costs:
        if each.cost is not None and each.entry is not None:
            place = rows.index(each.row)
            colour, text = COLOURS[place % len(COLOURS)], each.cost.energy_text()
            draw_bar(ax, place, each.entry, each.cost.joules, text, colour, limits[0])
