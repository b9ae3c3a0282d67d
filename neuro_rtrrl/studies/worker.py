"""A process that runs jobs on a core of its own, and ends when its study does.

Everything here happens in the child: it learns its core and its parent's wishes when it starts, before JAX is loaded,
which counts cores once and makes a thread for each.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from neuro_rtrrl.studies.jobs import Failed, Finished, Job, Stopped, run_job

__all__ = ["start", "work"]

OFTEN = 0.5  # seconds at least between two reports of a worker

_messages: Any = None
_stop: Any = None
_parts: Path | None = None


def start(numbers: Any, cores: list[int], messages: Any, stop: Any, parts: Path) -> None:
    """Prepare this process.

    Parameters
    ----------
    numbers : queue of int
        Hands each worker its number.
    cores : list of int
        Cores to spread the workers over; empty where the system cannot say.
    messages : queue
        Takes ``(file of the job, Progress)``.
    stop : event
        Set when the study is to end.
    parts : Path
        Folder of the jobs' checkpoints.
    """
    global _messages, _stop, _parts
    _messages, _stop, _parts = messages, stop, parts
    messages.cancel_join_thread()  # what nobody reads any more keeps no process alive
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # of libraries: nothing that a user could mend
    # Ctrl-C in a terminal reaches every process: the parent alone decides, and says so by the event
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if cores and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):
            os.sched_setaffinity(0, {cores[numbers.get() % len(cores)]})
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # or the first would take the accelerator
    threading.Thread(target=_end_with_parent, daemon=True).start()


def work(job: Job) -> Finished | Failed | Stopped:
    """Run a job, telling how it goes; stops after the current stretch, with a checkpoint, when the study is to end."""
    if _stop.is_set():
        return Stopped(job)

    told = 0.0

    def tell(progress: Any) -> None:
        nonlocal told
        if _stop.is_set():
            raise KeyboardInterrupt
        if time.monotonic() > told + OFTEN:
            told = time.monotonic()
            _messages.put((job.file, progress))

    outcome = run_job(job, tell, _parts / job.part if _parts is not None else None)
    _forget()
    return outcome


def _forget() -> None:
    """Free what the job has compiled: JAX keeps it, ten megabytes a job, and the next one compiles its own."""
    jax = sys.modules.get("jax")  # only a job that ran on it has loaded it
    if jax is not None:
        jax.clear_caches()
    gc.collect()


def _end_with_parent() -> None:
    """Wait for the parent to end; a study that was killed leaves no process behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
