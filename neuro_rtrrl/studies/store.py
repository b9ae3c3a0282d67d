"""A study's folder: a small JSON file for every finished job, and the tables that are kept of all; each written whole
or not at all."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any

from neuro_rtrrl.errors import Problem, RunError
from neuro_rtrrl.results.replacing import hint_of, reason_of, replacing
from neuro_rtrrl.studies.jobs import Job
from neuro_rtrrl.studies.kept import Kept
from neuro_rtrrl.studies.scores import BINS

__all__ = ["Store"]


class Store:
    """The results of a study in ``folder``; finished jobs lie in its ``jobs``, and a line of each in its tables.

    Raises
    ------
    RunError
        If the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            (folder / "jobs").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = Problem(f"{folder} could not be written: {reason_of(error)}", hint=hint_of(error))
            raise RunError(problem) from error

    @cached_property
    def kept(self) -> Kept:
        """What the tables hold, as they were when it was first asked for."""
        return Kept.read(self.folder)

    def read(self, job: Job) -> Mapping[str, Any] | None:
        """Return what is stored of a job: its file, else its line; None where it has not finished."""
        try:
            record = json.loads((self.folder / "jobs" / job.file).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            record = None
        return record if _is_whole(record, job) else self.kept.of(job)

    def former(self, job: Job) -> Mapping[str, Any] | None:
        """Return what the tables hold of a job's row and seed, though another program or setting made it."""
        return self.kept.former(job)

    def part(self, job: Job) -> Path:
        """Return the file of a job's checkpoint."""
        return self.folder / "jobs" / job.part

    def write(self, job: Job, record: dict[str, Any]) -> None:
        """Store the result of a job, which needs no checkpoint any more.

        Raises
        ------
        RunError
            If it cannot be written.
        """
        with self.writing(f"jobs/{job.file}") as target:
            text = json.dumps(record, ensure_ascii=False, allow_nan=False)
            target.write_text(text + "\n", encoding="utf-8")
        self.part(job).unlink(missing_ok=True)

    def writing(self, name: str) -> AbstractContextManager[Path]:
        """Yield a temporary path that becomes ``name`` when the block ends well; see :func:`replacing`."""
        return replacing(self.folder / name)


def _is_whole(record: Any, job: Job) -> bool:
    if not isinstance(record, dict) or record.get("key") != job.key:
        return False
    scores, curve = record.get("scores"), record.get("curve")
    return (
        isinstance(scores, dict)
        and all(_is_number(scores.get(name, "")) for name in ("best", "final", "area", "episodes"))
        and _has_all(scores, job)
        and isinstance(curve, list)
        and len(curve) == BINS
        and all(_is_number(value) for value in curve)
        and record.get("seed") == job.seed
        and record.get("decisions") == job.decisions
        and record.get("wall_seconds") is not None
        and _is_number(record["wall_seconds"])
    )


def _has_all(scores: dict[str, Any], job: Job) -> bool:
    wanted = ["reached"] if job.criterion is not None else []
    wanted += ["best_evaluation"] if job.evaluation is not None else []
    return all(_is_number(scores.get(name, "")) for name in wanted)


def _is_number(value: Any) -> bool:
    """Whether a value is a number or, as where no episode ended, null."""
    return value is None or (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    )
