"""What a study's tables keep of its jobs: scores in ``table.csv``, learning curves in ``curves.csv``.

A job's own file stays where it ran. These two are stored with the study, hold a line for each seed, and are enough to
go on from: to show what ran elsewhere, to draw it, and not to run it again.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuro_rtrrl.studies.jobs import Job
from neuro_rtrrl.studies.scores import BINS

__all__ = ["CURVES", "TABLE", "Kept", "curves_text", "table_text"]

TABLE, CURVES = "table.csv", "curves.csv"

_FIRST = ("study", "row", "seed", "decisions", "episodes")
_LAST = ("wall_seconds", "circuit", "key")
_OF_CURVE = ("row", "seed", "key", "made", "processor")
_PARTS = tuple(f"part_{number}" for number in range(1, BINS + 1))


def table_text(study: str, rows: Iterable[tuple[str, Mapping[str, Any]]], columns: Sequence[str]) -> str:
    """Return ``table.csv``: a line for each (row, record), with these scores.

    What was read from a line is written as it was read.
    """
    header = [*_FIRST, *columns, *_LAST]
    lines = []
    for row, record in rows:
        scores = record["scores"]
        line = record.get("line") or {
            **{name: record[name] for name in ("seed", "decisions", *_LAST)},
            "episodes": scores["episodes"],
            **{name: _shown(scores.get(name)) for name in columns},
        }
        lines.append({**line, "study": study, "row": row})
    return _as_text(header, lines)


def curves_text(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """Return ``curves.csv``: a line for each (row, record) that has a learning curve, to five digits."""
    lines = []
    for row, record in rows:
        if record["curve"] is None:
            continue
        known = {name: "" if record.get(name) is None else record[name] for name in _OF_CURVE}
        values = ("" if value is None else f"{value:.5g}" for value in record["curve"])
        lines.append({**known, "row": row, **dict(zip(_PARTS, values, strict=True))})
    return _as_text([*_OF_CURVE, *_PARTS], lines)


def _shown(score: float | None) -> str:
    return "" if score is None else f"{score:.6g}" if isinstance(score, float) else str(score)


def _as_text(header: Sequence[str], lines: Iterable[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


@dataclass(frozen=True)
class Kept:
    """The records that the tables of a folder hold.

    Such a record is like a job's, with ``line``, the cells of ``table.csv``, and a ``curve`` that is None where none
    is kept.
    """

    by_key: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    by_place: Mapping[tuple[str, int], Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Kept:
        """Read a folder's tables; a line that is not whole is none."""
        curves = {line.get("key"): line for line in _lines(folder / CURVES)}
        records = [_record(line, curves.get(line.get("key"))) for line in _lines(folder / TABLE)]
        whole = [record for record in records if record is not None]
        return cls(
            {record["key"]: record for record in whole},
            {(record["row"], record["seed"]): record for record in whole},
        )

    def of(self, job: Job) -> Mapping[str, Any] | None:
        """Return what is kept of this very job, whichever row it stood in."""
        record = self.by_key.get(job.key)
        return record if record is not None and record["seed"] == job.seed else None

    def former(self, job: Job) -> Mapping[str, Any] | None:
        """Return what is kept of the row and the seed of a job: of another program or setting, where not of this."""
        return self.by_place.get((job.row, job.seed))


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error):
        return []


def _record(line: Mapping[str, Any], curve: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if None in line or any(not line.get(name) for name in (*_FIRST, *_LAST)):
        return None
    names = (name for name in line if name not in (*_FIRST, *_LAST))
    try:
        scores: dict[str, Any] = {name: _number(line[name]) for name in names}
        return {
            **{name: line[name] for name in ("key", "row", "circuit")},
            **{name: int(line[name]) for name in ("seed", "decisions")},
            "scores": scores | {"episodes": int(line["episodes"])},
            "wall_seconds": _number(line["wall_seconds"]),
            **_curve(curve),
            "line": dict(line),
        }
    except (TypeError, ValueError):
        return None


def _curve(line: Mapping[str, Any] | None) -> dict[str, Any]:
    nothing = {"curve": None, "made": None, "processor": None}
    if line is None:
        return nothing
    try:
        return {
            "curve": [_number(line[part]) for part in _PARTS],
            "made": int(line["made"]) if line["made"] else None,
            "processor": line["processor"] or None,
        }
    except (KeyError, TypeError, ValueError):
        return nothing


def _number(text: str) -> float | None:
    """Return the number of a cell, None of an empty one; whole ones are integers, as a job's decisions are."""
    if not text:
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return int(value) if value.is_integer() and "." not in text else value
