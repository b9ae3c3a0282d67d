"""One short line for every full run, and how each row moved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import number

HISTORY = Path(__file__).parent / "history.jsonl"
SHOWN = 6  # runs


def line(document: dict[str, Any]) -> dict[str, Any]:
    """Return what the history keeps of a run: row → [min, median, max], four digits each."""
    machine = document["machine"]
    return {
        "date": document["date"],
        "commit": document["commit"],
        "machine": machine["processor"],
        "python": machine["python"],
        "jax": machine["jax"],
        "rounds": document["rounds"],
        "rows": {
            row["name"]: [float(f"{value:.4g}") for value in row["values"]]
            for row in document["rows"]
            if row["values"] is not None
        },
    }


def append(document: dict[str, Any], path: Path = HISTORY) -> None:
    """Add a run at the end."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line(document), ensure_ascii=False) + "\n")


def read(path: Path = HISTORY) -> list[dict[str, Any]]:
    """Return all runs, oldest first; none where there is no file.

    Raises
    ------
    ValueError
        If a line is not JSON, saying which.
    """
    if not path.exists():
        return []
    runs = []
    for index, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if text.strip():
            try:
                runs.append(json.loads(text))
            except json.JSONDecodeError as error:
                raise ValueError(f"{path.name}:{index} is not JSON: {error}") from None
    return runs


def moved(runs: Sequence[dict[str, Any]]) -> str:
    """Return a table of the medians of the last runs, a row for each name, and whether the last one left the range.

    A row *moved* when the range of the last run does not overlap with that of the run before; anything less is noise.
    """
    if not runs:
        return "no history yet: a full run of `python -m benchmarks` begins it"
    shown = list(runs)[-SHOWN:]
    names = list(dict.fromkeys(name for run in shown for name in run["rows"]))
    head = ["row", *[f"{run['date'][:10]} {run['commit']}".strip() for run in shown], "moved"]
    lines = [head]
    for name in names:
        values = [run["rows"].get(name) for run in shown]
        lines.append([name, *["–" if each is None else number(each[1]) for each in values], _verdict(values)])
    widths = [max(len(each[column]) for each in lines) for column in range(len(head))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(each, widths, strict=True)) for each in lines]
    machines = {run["machine"] for run in shown}
    warning = (
        []
        if len(machines) == 1
        else ["", "the runs are of different machines; ratios travel, seconds do not"]
    )
    return "\n".join(each.rstrip() for each in [*text, *warning])


def _verdict(values: Sequence[Sequence[float] | None]) -> str:
    known = [each for each in values if each is not None]
    if len(known) < 2 or values[-1] is None:
        return ""
    before, now = known[-2], known[-1]
    change = f"{(now[1] / before[1] - 1):+.0%}" if before[1] else ""
    if now[0] > before[2]:
        return f"up {change}"
    if now[2] < before[0]:
        return f"down {change}"
    return f"within noise ({change})"
