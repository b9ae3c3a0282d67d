"""From a study file to its results: runs what is missing, then writes table and figure from all that is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuro_rtrrl.studies.jobs import jobs_of
from neuro_rtrrl.studies.kept import CURVES, TABLE
from neuro_rtrrl.studies.load import Study
from neuro_rtrrl.studies.page import renew_page
from neuro_rtrrl.studies.runner import Report, Summary, run_jobs
from neuro_rtrrl.studies.store import Store
from neuro_rtrrl.studies.table import (
    RowResult,
    as_csv,
    as_dict,
    as_markdown,
    collect,
    curves_as_csv,
)

__all__ = ["StudyResult", "default_folder", "run_study"]

FIGURE = "curves.png"


@dataclass(frozen=True)
class StudyResult:
    """A study after a run: its stored rows, what became of the jobs, and the files.

    ``undrawn`` names rows whose learning curves are kept nowhere else; the figure, which shows them, was left as it is.
    """

    study: Study
    rows: tuple[RowResult, ...]
    summary: Summary
    folder: Path
    files: tuple[Path, ...]
    undrawn: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the table as Markdown."""
        return as_markdown(self.study, self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON document of ``study``."""
        return {
            **as_dict(self.study, self.rows),
            "stored_before": self.summary.stored,
            "ran": self.summary.ran,
            "failed": [problem.as_dict() for failed in self.summary.failed for problem in failed.named()],
            "interrupted": self.summary.stopped,
            "files": [str(path) for path in self.files],
        }


def default_folder(study: Study) -> Path:
    """Return where a study keeps its results: beside its file, so that they can be stored with it.

    A quick one is nothing to keep: it goes where single runs go, to ``results/`` in the working folder.
    """
    return Path("results") / f"{study.name}_quick" if study.quick else study.path.parent / study.name


def run_study(
    study: Study,
    report: Report | None = None,
    only: Sequence[str] = (),
    out: str | Path | None = None,
    processes: int | None = None,
    anew: bool = False,
) -> StudyResult:
    """Run what has not finished yet and write ``table.md``, ``table.csv``, ``curves.csv`` and ``curves.png``.

    Where the folder of the study file has a ``README.md`` with the study's markers, table and figure go between them,
    unless the study is a quick one or its results go to another folder.

    Parameters
    ----------
    study : Study
    report : Report, optional
        Is told how the jobs go.
    only : sequence of str
        Names of rows to run; all by default. Table and figure always show all rows that are stored.
    out : path, optional
        Folder of the results; see :func:`default_folder`.
    processes, anew
        See :func:`~neuro_rtrrl.studies.runner.run_jobs`.

    Raises
    ------
    CircuitError
        If a row is unknown.
    RunError
        If results cannot be stored.
    """
    rows = study.only(only)
    store = Store(Path(out) if out is not None else default_folder(study))
    jobs = [job for row in rows for job in jobs_of(study, row)]
    summary = run_jobs(jobs, store, report or Report(), processes, anew)
    results = collect(study, store)
    undrawn = _undrawn(store, results)
    files = _write(study, store, results, to_page=out is None and not study.quick, draw=not undrawn)
    return StudyResult(study, results, summary, store.folder, tuple(files), undrawn)


def _undrawn(store: Store, results: tuple[RowResult, ...]) -> tuple[str, ...]:
    """Return the rows that only the figure shows: their curves were not kept when it was drawn."""
    if not (store.folder / FIGURE).is_file():
        return ()
    without = (result for result in results if result.finished and not result.curves)
    return tuple(result.row.name for result in without)


def _write(
    study: Study, store: Store, results: tuple[RowResult, ...], to_page: bool, draw: bool
) -> list[Path]:
    if not any(result.finished for result in results):
        return []
    table = as_markdown(study, results)
    texts = {"table.md": table, TABLE: as_csv(study, results)}
    drawn = [result for result in results if result.curves]
    if drawn:
        texts[CURVES] = curves_as_csv(results)
    for name, text in texts.items():
        with store.writing(name) as target:
            target.write_text(text, encoding="utf-8")
    files = [store.folder / name for name in texts]
    if draw and drawn:
        from neuro_rtrrl.studies.figure import study_picture

        with store.writing(FIGURE) as target:
            study_picture(study.title, drawn, target)
        files.append(store.folder / FIGURE)
    if to_page:
        shown = f"{table}\n![learning curves]({study.name}/{FIGURE})\n"
        page = renew_page(study.path.parent, study.name, shown)
        files += [page] if page is not None else []
    return files
