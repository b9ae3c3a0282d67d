"""Runs the jobs of a study that have not finished yet, side by side, and stores each as it ends."""

from __future__ import annotations

import multiprocessing
import os
import queue
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuro_rtrrl.builds import cores
from neuro_rtrrl.errors import Problem
from neuro_rtrrl.studies.jobs import Failed, Finished, Job, Stopped, run_job
from neuro_rtrrl.studies.store import Store
from neuro_rtrrl.studies.worker import start, work

__all__ = ["Report", "Summary", "run_jobs"]

POLL = 0.2  # seconds between two looks at what the workers say


class Report:
    """Is told how a study goes, and says nothing; the command line overrides what it shows."""

    def begin(self, stored: int, total: int) -> None:
        """The jobs have been looked through: there are so many, and so many of them have finished before."""

    def progress(self, job: Job, now: Any) -> None:
        """A job has made another stretch; ``now`` is a :class:`~neuro_rtrrl.progress.Progress`."""

    def ended(self, outcome: Finished | Failed) -> None:
        """A job has ended."""

    def stopping(self) -> None:
        """The study was interrupted and waits for its processes to stop."""


@dataclass
class Summary:
    """What became of the jobs: how many were stored before, ran now, failed; and whether all of them were tried."""

    stored: int = 0
    ran: int = 0
    failed: list[Failed] = field(default_factory=list)
    stopped: bool = False


def run_jobs(
    jobs: Sequence[Job],
    store: Store,
    report: Report,
    processes: int | None = None,
    anew: bool = False,
    run: Callable[..., Finished | Failed | Stopped] | None = None,
) -> Summary:
    """Run what has not finished yet.

    Parameters
    ----------
    jobs : sequence of Job
        In the order in which they are to start.
    store : Store
        Where finished jobs are looked up and stored.
    report : Report
    processes : int, optional
        How many jobs run side by side, each in a process on a core of its own; all cores by default. With one, the jobs
        run in this process.
    anew : bool
        Run all jobs, also those that have finished.
    run : callable, optional
        What runs a job in this process; :func:`~neuro_rtrrl.studies.jobs.run_job` by default.

    Returns
    -------
    Summary
        ``stopped`` says whether Ctrl-C (or SIGTERM) ended the study early; what had finished is stored.

    Raises
    ------
    RunError
        If a result cannot be stored.
    """
    different = list({job.file: job for job in jobs}.values())
    due = [job for job in different if anew or store.read(job) is None]
    if anew:
        for job in due:
            store.part(job).unlink(missing_ok=True)
    summary = Summary(stored=len(different) - len(due))
    report.begin(summary.stored, len(different))
    processes = min(processes or cores(), len(due))
    here = run or (lambda job, progress: run_job(job, progress, store.part(job)))
    parts = store.folder / "jobs"
    outcomes = _here(due, report, here) if processes <= 1 else _beside(due, report, processes, parts)
    for outcome in outcomes:
        if isinstance(outcome, Stopped):
            summary.stopped = True
            continue
        if isinstance(outcome, Finished):
            store.write(outcome.job, outcome.record)
            summary.ran += 1
        else:
            summary.failed.append(outcome)
        report.ended(outcome)
    return summary


def _here(due: Sequence[Job], report: Report, run: Callable) -> Iterable[Finished | Failed | Stopped]:
    """Run the jobs one after the other in this process."""
    for job in due:
        outcome = run(job, lambda now, job=job: report.progress(job, now))
        yield outcome
        if isinstance(outcome, Stopped):
            return


def _beside(
    due: Sequence[Job], report: Report, processes: int, parts: Path
) -> Iterable[Finished | Failed | Stopped]:
    """Run the jobs in processes of their own; where one is killed from outside, go on with half as many."""
    left = {job.file: job for job in due}
    while left:
        interrupted = yield from _pool(left, report, processes, parts)
        if interrupted:
            yield Stopped(due[-1])
            return
        if left and processes == 1:  # the first of them was running
            hint = "was the memory full? what had finished is kept"
            problem = Problem("the process that ran this job was killed from outside", hint=hint)
            yield Failed(left.pop(next(iter(left))), (problem,))
        processes = max(processes // 2, 1)


def _pool(
    left: dict[str, Job], report: Report, processes: int, parts: Path
) -> Generator[Finished | Failed | Stopped, None, bool]:
    """Run jobs until all have ended or a process is killed; takes what ended out of ``left``.

    Returns whether the study was interrupted.
    """
    context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    messages, numbers, stop = context.Queue(), context.Queue(), context.Event()
    for number in range(processes):
        numbers.put(number)
    places = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    pool = ProcessPoolExecutor(processes, context, start, (numbers, places, messages, stop, parts))
    jobs, futures, interrupted = dict(left), {}, False
    try:
        futures = {pool.submit(work, job): job for job in jobs.values()}
        pending = set(futures)
        while pending:
            done, pending = wait(pending, POLL, FIRST_COMPLETED)
            _pass_on(messages, jobs, report)
            for future in done:
                if not isinstance(future.exception(), BrokenProcessPool):
                    yield future.result()
                    del left[futures[future].file]
    except BrokenProcessPool:  # a process was killed before all jobs were handed out
        pass
    except KeyboardInterrupt:
        interrupted = True
        report.stopping()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)  # the running jobs stop after their stretch
    if interrupted:
        for future, job in futures.items():
            if job.file in left and not future.cancelled() and not future.exception():
                yield future.result()
    return interrupted


def _pass_on(messages: Any, jobs: dict[str, Job], report: Report) -> None:
    """Tell what the workers have said since the last look."""
    while True:
        try:
            file, now = messages.get_nowait()
        except queue.Empty:
            return
        report.progress(jobs[file], now)
