"""The table of a run, for the screen and for the README."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

Document = dict[str, Any]
BEGIN, END = "<!-- table -->", "<!-- end -->"
HEAD = ("what", "against", "ours", "theirs", "median (min–max)", "goal", "")
TICK_HEAD = (
    "kernel",
    "draws",
    "environment",
    "loop",
    "network",
    "a tick",
    "kernels a tick",
    "bytes a tick",
    "call",
)


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of a row, as in :data:`HEAD`."""
    return (
        row["title"],
        row["peer"],
        rate(row["ours"]),
        rate(row["theirs"]),
        measured(row),
        goal(row),
        verdict(row),
    )


def measured(row: dict[str, Any]) -> str:
    """Return the median and the range, or a dash."""
    if row["values"] is None:
        return "–"
    low, middle, high = (number(value) for value in row["values"])
    unit = f" {row['unit']}" if row["unit"] else ""
    return f"{middle}{unit} ({low}–{high})"


def goal(row: dict[str, Any]) -> str:
    """Return the goal, and the stretch goal after a slash."""
    if row["goal"] is None:
        return "–"
    sign = "≤" if row["at_most"] else "≥"
    stretch = f" / {number(row['stretch'])}" if row["stretch"] is not None else ""
    return f"{sign} {number(row['goal'])}{stretch}"


def verdict(row: dict[str, Any]) -> str:
    """Say whether the goal was reached; of what was not measured, why."""
    words = []
    if row["left_out"]:
        words.append(f"not measured: {row['left_out'].removeprefix('left out: ')}")
    elif row["reached"] is not None:
        words.append("reached" if row["reached"] else "**not reached**")
    if row["note"]:
        words.append(row["note"])
    return "; ".join(words)


def tick_cells(line: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of a line about a tick, as in :data:`TICK_HEAD`."""
    if "left_out" in line:
        return (line["kernel"], f"not measured: {line['left_out']}", *[""] * (len(TICK_HEAD) - 2))
    parts = (f"{line[part]:.2f} µs" for part in ("draws", "environment", "loop", "network", "total"))
    kernels = "?" if line["kernels"] is None else str(line["kernels"])
    kernels = f"1 a chunk ({kernels} within)" if line["one_kernel"] else kernels
    return (line["kernel"], *parts, kernels, f"{line['bytes']:,}", f"{line['call']:,.0f} µs a chunk")


def markdown(document: Document) -> str:
    """Return the whole document as Markdown."""
    lines = [f"{headline(document)}", "", *_table(HEAD, _grouped(document["rows"]))]
    if document["tick"]:
        lines += ["", "Where a tick goes (32 neurons, CartPole, batch 1):", ""]
        lines += _table(TICK_HEAD, [tick_cells(line) for line in document["tick"]])
    return "\n".join([*lines, "", summary(document)])


def headline(document: Document) -> str:
    """Say where, when and of what the run was."""
    machine = document["machine"]
    quick = "quick, " if document["quick"] else ""
    return (
        f"{document['date']}, commit {document['commit'] or 'unknown'}; {machine['processor']}, {machine['system']}, "
        f"Python {machine['python']}, JAX {machine['jax']}, Brian2 {machine['brian2']}, {machine['compiler']}; "
        f"{quick}{document['rounds']} rounds of {document['seconds']:g} s, load {machine['load']:.1f} at the start"
        f"{', interrupted' if document['interrupted'] else ''}."
    )


def summary(document: Document) -> str:
    """Count the goals."""
    asked = [row for row in document["rows"] if row["goal"] is not None]
    reached = sum(row["reached"] is True for row in asked)
    missed = sum(row["reached"] is False for row in asked)
    unknown = len(asked) - reached - missed
    return f"{reached} of {len(asked)} goals reached, {missed} not reached, {unknown} not measured."


def screen(document: Document) -> Any:
    """Return the same for a terminal, as something that rich prints."""
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table

    colours = {True: "green", False: "red", None: ""}
    table = Table(*HEAD[:-1], "reached?", title_justify="left", header_style="bold", pad_edge=False, box=None)
    for section, rows in groupby(document["rows"], key=lambda row: row["section"]):
        table.add_row("", end_section=True)
        table.add_row(f"[bold]{escape(section)}[/bold]")
        for row in rows:
            plain = [escape(cell.replace("**", "").replace("`", "")) for cell in cells(row)]
            table.add_row(*plain, style=colours[row["reached"]])
    parts: list[Any] = [escape(headline(document)), table]
    if document["tick"]:
        tick = Table(*TICK_HEAD, header_style="bold", pad_edge=False, box=None, title="\nwhere a tick goes")
        for line in document["tick"]:
            tick.add_row(*map(escape, tick_cells(line)))
        parts.append(tick)
    return Group(*parts, f"\n{summary(document)}")


def write_into(readme: Path, table: str) -> None:
    """Replace what stands between the marks of a file.

    Raises
    ------
    ValueError
        If the marks are not there.
    """
    text = readme.read_text(encoding="utf-8")
    head, found, rest = text.partition(BEGIN)
    _, also_found, tail = rest.partition(END)
    if not found or not also_found:
        raise ValueError(f"{readme.name} has no lines '{BEGIN}' and '{END}' between which the table goes")
    readme.write_text(f"{head}{BEGIN}\n{table}\n{END}{tail}", encoding="utf-8")


def rate(value: float | None) -> str:
    """Return a rate with three digits that count."""
    if value is None:
        return ""
    return f"{float(f'{value:.3g}'):,.0f}/s" if value >= 100 else f"{value:.3g}/s"


def number(value: float) -> str:
    """Return a number with about three digits."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _grouped(rows: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for section, members in groupby(rows, key=lambda row: row["section"]):
        found.append((f"**{section}**", *[""] * (len(HEAD) - 1)))
        found += [cells(row) for row in members]
    return found


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]
