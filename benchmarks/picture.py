"""One picture of a run: ratios and waiting times with their goals, growth, and where a tick goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.report import number, summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REACHED, MISSED, FREE, INK, FAINT = "#1b7f79", "#d1495b", "#5b6770", "#22282d", "#d9dee2"
PARTS = {"draws": "#9db4c0", "environment": "#e0a458", "loop": "#5c6b73", "network": "#1b7f79"}
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlesize": 10,
}


def draw(document: dict[str, Any], path: Path) -> None:
    """Write the picture; the name's ending says in which format."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    measured = [row for row in document["rows"] if row["values"] is not None]
    ratios = [row for row in measured if row["unit"] == "x"]
    seconds = [row for row in measured if row["unit"] == "s"]
    heights = [max(len(ratios), 3) + 2, max(len(seconds), 2) + 2]
    with pyplot.rc_context(STYLE):
        figure = pyplot.figure(figsize=(15, 1.8 + 0.31 * sum(heights)), layout="constrained")
        left, right = figure.subfigures(1, 2, width_ratios=(1.6, 1), squeeze=False)[0]
        upper, lower = left.subplots(2, 1, height_ratios=heights)
        dots(upper, ratios, "Ratio to the peer", "×")
        dots(lower, seconds, "Start-up", "s")
        curve, bars = right.subplots(2, 1, height_ratios=(2, 1))
        growth(curve, document)
        tick(bars, document["tick"])
        machine = document["machine"]
        figure.suptitle(
            f"neuro-rtrrl, commit {document['commit'] or 'unknown'}, {document['date'][:10]}: {summary(document)}\n"
            f"{machine['processor']}, Python {machine['python']}, JAX {machine['jax']}; "
            f"{document['rounds']} rounds of {document['seconds']:g} s.\n"
            "Dot: median, bar: range, triangle: goal (points to where it is met). "
            "Teal: reached, red: not reached, grey: no goal.",
            x=0.01,
            ha="left",
            fontsize=10,
        )
        figure.savefig(path, dpi=150)
        pyplot.close(figure)


def dots(axes: Axes, rows: list[dict[str, Any]], title: str, unit: str) -> None:
    """Draw each row as its median on its range, and its goal as a mark, on a logarithmic axis."""
    from matplotlib.ticker import LogLocator, NullLocator

    axes.set_title(title)
    if not rows:
        nothing(axes)
        return
    for height, row in enumerate(reversed(rows)):
        low, middle, high = row["values"]
        colour = FREE if row["reached"] is None else REACHED if row["reached"] else MISSED
        axes.plot(
            [low, high], [height, height], color=colour, linewidth=5, alpha=0.35, solid_capstyle="round"
        )
        axes.plot(middle, height, "o", color=colour, markersize=6)
        if row["goal"] is not None:
            side = "<" if row["at_most"] else ">"  # points to where the goal is met
            axes.plot(row["goal"], height, side, color=INK, markersize=7, fillstyle="none")
        axes.annotate(
            f"{number(middle)} {unit}",
            (1.01, height),
            xycoords=("axes fraction", "data"),
            va="center",
            color=colour,
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    if unit == "×":
        axes.axvline(1, color=FREE, linewidth=0.8)
    axes.set_axisbelow(True)
    for height, (row, above) in enumerate(zip(rows[::-1], rows[-2::-1], strict=False)):
        if row["section"] != above["section"]:
            axes.axhline(height + 0.5, color=FREE, linewidth=0.6, linestyle=(0, (2, 3)))
    labels = [label(row) for row in reversed(rows)]
    axes.set_yticks(range(len(rows)), labels)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.7, len(rows) - 0.3)


def label(row: dict[str, Any]) -> str:
    """Return what a row is called at the axis."""
    title = row["title"].replace("`", "")
    return title if row["unit"] == "s" else f"{title}  /  {row['peer']}"


def growth(axes: Axes, document: dict[str, Any]) -> None:
    """Draw time per tick against the number of neurons, with the range of the rounds."""
    axes.set_title("Time per tick, batch 1, one core")
    curves = document["growth"]
    if not curves or not curves["sizes"]:
        nothing(axes)
        return
    for key, name, colour, marker in (
        ("theirs", "C loop", FREE, "s"),
        ("ours", "generated", REACHED, "o"),
    ):
        low, middle, high = zip(*curves[key], strict=True)
        axes.fill_between(curves["sizes"], low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(curves["sizes"], middle, marker=marker, color=colour, markersize=5, label=name)
    first, start = curves["sizes"][0], curves["ours"][0][1]
    last = curves["sizes"][-1]
    axes.plot(
        [first, last],
        [start, start * (last / first) ** 2],
        color=INK,
        linewidth=0.8,
        linestyle=":",
        label="∝ n²",
    )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(curves["sizes"], [str(size) for size in curves["sizes"]])
    axes.set_xlabel("neurons")
    axes.set_ylabel("µs")
    axes.grid(color=FAINT, linewidth=0.6)
    fitted = next((row for row in document["rows"] if row["name"] == "exponent" and row["values"]), None)
    if fitted:
        axes.annotate(
            f"exponent from 128 neurons on: {fitted['values'][1]:.2f}\n({fitted['note']}; goal ≤ {fitted['goal']})",
            (0.03, 0.97),
            xycoords="axes fraction",
            va="top",
        )
    axes.legend(frameon=False, loc="lower right")


def tick(axes: Axes, lines: list[dict[str, Any]]) -> None:
    """Draw where a tick goes as stacked bars."""
    axes.set_title("Where a tick goes, 32 neurons")
    shown = [line for line in lines if "left_out" not in line]
    if not shown:
        nothing(axes)
        return
    for height, line in enumerate(reversed(shown)):
        start = 0.0
        for part, colour in PARTS.items():
            width = max(0.0, line[part])
            axes.barh(
                height, width, left=start, color=colour, height=0.55, label=part if not height else None
            )
            start += width
        kernels = "" if line["kernels"] is None else f", {line['kernels']} kernels"
        text = "one kernel a chunk" if line["one_kernel"] else kernels.removeprefix(", ")
        axes.annotate(f" {line['total']:.2f} µs, {text}".rstrip(", "), (start, height), va="center")
    axes.set_yticks(range(len(shown)), [line["kernel"] for line in reversed(shown)])
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 1.55 * max(line["total"] for line in shown))
    axes.set_xlabel("µs a tick")
    axes.legend(frameon=False, ncols=4, loc="upper center", bbox_to_anchor=(0.45, -0.22), fontsize=8)


def nothing(axes: Axes) -> None:
    """Say that there is nothing to show."""
    axes.annotate("not measured in this run", (0.5, 0.5), xycoords="axes fraction", ha="center", color=FREE)
    axes.set_xticks([])
    axes.set_yticks([])
