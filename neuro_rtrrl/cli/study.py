"""``neuro-rtrrl study``: the live lines and the table."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from neuro_rtrrl.cli.main import INTERRUPTED
from neuro_rtrrl.cli.output import console, notice, number, print_json
from neuro_rtrrl.cli.start_up import collect_as_usual
from neuro_rtrrl.errors import CircuitError, NeuroRtrrlError, Problem, RunError
from neuro_rtrrl.studies.jobs import Failed, Finished, Job
from neuro_rtrrl.studies.load import Study, load_study
from neuro_rtrrl.studies.runner import Report
from neuro_rtrrl.studies.study import StudyResult, run_study
from neuro_rtrrl.studies.table import SCORES, columns_of, shown_score, shown_target

__all__ = ["run_study_command"]


class _InterruptedError(NeuroRtrrlError):
    exit_code = INTERRUPTED


def run_study_command(
    file: str, only: list[str], resume: bool, processes: int | None, out: str | None, quick: bool, json: bool
) -> int:
    """Run the study and show its table; failed jobs are told at the end, after everything else is kept."""
    if out is not None and not out.strip():
        raise CircuitError(Problem("the name of the results folder is empty", hint="leave --out away"))
    study = load_study(file, quick)
    with _Live() as live:
        result = run_study(study, live, only, out, processes, anew=not resume)
    if json:
        print_json(result.as_dict())
    else:
        _show(study, result)
    if result.undrawn:
        rows = ", ".join(result.undrawn)
        notice(
            f"curves.png is left as it is: the learning curves of these rows are stored nowhere else: {rows}"
        )
    if result.summary.stopped:
        message = f"interrupted; {result.summary.ran} jobs of this run are kept in {result.folder}"
        problem = Problem(message, hint="the same command goes on from there")
        if json:  # the document is already there
            notice(str(problem))
            return INTERRUPTED
        raise _InterruptedError(problem)
    if result.summary.failed:
        problems = [problem for failed in result.summary.failed for problem in failed.named()]
        if json:
            notice(str(RunError(problems)))
            return RunError.exit_code
        raise RunError(problems)
    return 0


class _Live(Report):
    """A line for the study and one for each running job; plain lines, one a job, where there is no terminal."""

    def __init__(self) -> None:
        self.total = self.done = 0
        self._progress: Any = None
        self._whole: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> _Live:
        if sys.stderr is None or not sys.stderr.isatty():
            return self
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console(stderr=True), transient=True)
        self._progress.start()
        self._whole = self._progress.add_task("study", total=None, state="")
        return self

    def __exit__(self, *exception: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def begin(self, stored: int, total: int) -> None:
        """Say how many jobs need not run."""
        collect_as_usual()
        self.done, self.total = stored, total
        if stored:
            due = f"{total - stored} to run" if stored < total else "nothing to run"
            self._say(f"{stored} of {self.total} jobs have finished before, {due}")
        self._count()

    def progress(self, job: Job, now: Any) -> None:
        """Show where a running job stands."""
        if self._progress is None:
            return
        state = f"{now.rate:,.0f} decisions/s" if now.rate else ""
        if now.recent_return is not None:
            state += f"   return {now.recent_return:.3g}"
        with suppress(OSError, ValueError):  # a terminal that has gone away ends no study
            if job.file not in self._tasks:
                self._tasks[job.file] = self._progress.add_task(
                    f"{job.row} seed {job.seed}", total=now.total, state=""
                )
            self._progress.update(self._tasks[job.file], completed=now.done, state=state)

    def ended(self, outcome: Finished | Failed) -> None:
        """Say what became of a job."""
        job = outcome.job
        self.done += 1
        if isinstance(outcome, Finished):
            scores = outcome.record["scores"]
            text = "  ".join(f"{name} {number(scores[name])}" for name in SCORES)
            text += f"  in {outcome.record['wall_seconds']:.1f} s"
        else:
            text = f"failed: {outcome.problems[0].message}"
        self._say(f"[{self.done}/{self.total}] {job.row} seed {job.seed}: {text}")
        if self._progress is not None and job.file in self._tasks:
            self._progress.remove_task(self._tasks.pop(job.file))
        self._count()

    def stopping(self) -> None:
        """Say why it takes a moment."""
        self._say("stopping after this stretch; what has finished is kept")

    def _count(self) -> None:
        if self._progress is not None:
            self._progress.update(self._whole, completed=self.done, state=f"{self.done} of {self.total} jobs")

    def _say(self, text: str) -> None:
        if self._progress is None:
            notice(text)
        else:
            with suppress(OSError, ValueError):
                self._progress.console.print(text, markup=False)


def _show(study: Study, result: StudyResult) -> None:
    from rich.table import Table

    table = Table(title=study.title, title_justify="left")
    table.add_column("row")
    columns = columns_of(study)
    for heading in ("seeds", *(name.replace("_", " ") for name in columns), "published"):
        table.add_column(heading, justify="right")
    targets = any(row.target is not None for row in study.rows)
    if targets:
        table.add_column("target")
    for each in result.rows:
        published = each.row.published.median_best if each.row.published else None
        done = f"{len(each.finished)}/{len(each.row.seeds)}{' (former)' if each.former else ''}"
        scores = (
            shown_score(each, name) if name == "reached" else number(each.median(name)) for name in columns
        )
        target = (shown_target(each),) if targets else ()
        table.add_row(each.row.name, done, *scores, number(published), *target)
    console().print(table)
    window = study.settings.window
    print(f"medians over seeds; best: of windows of {window} episodes; final: the last tenth of the run;")
    print("area: under the learning curve, divided by its length")
    if "best_evaluation" in columns:
        print("best evaluation: of first episodes with everything frozen")
    if "reached" in columns:
        print(f"reached: decisions until the mean of {window} episodes first reaches the criterion")
    if any(each.former for each in result.rows):
        print("(former): of an earlier program or setting, to be run again")
    for path in result.files:
        print(f"file: {path}")
