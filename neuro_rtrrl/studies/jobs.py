"""A job: one seed of one row. It is named by all that its result depends on, so that it never has to run twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from neuro_rtrrl import __version__
from neuro_rtrrl.errors import NeuroRtrrlError, Problem
from neuro_rtrrl.graph import Circuit, build_circuit
from neuro_rtrrl.spec import parse_document, spec_from_document
from neuro_rtrrl.studies.load import Row, Study

__all__ = ["REVISION", "Failed", "Finished", "Job", "Stopped", "jobs_of", "run_job"]

REVISION = 1
"""Part of every job's key. Raise it when a change makes the same circuit learn differently: stored results are then
those of another program, and run anew."""


@dataclass(frozen=True)
class Job:
    """One seed of one row, in plain data that another process can read.

    Attributes
    ----------
    row : str
    seed : int
    decisions, window : int
    precision : str
    circuit : str
        Hash of the circuit, overrides included.
    document : str
        The circuit's text, overrides included: an edit of its file does not change a study that is running.
    """

    row: str
    seed: int
    decisions: int
    window: int
    precision: str
    circuit: str
    document: str

    @property
    def key(self) -> str:
        """Twelve digits that name what the job computes; its row's name and the circuit's wording are no part of it."""
        content = (self.circuit, self.seed, self.decisions, self.window, self.precision)
        text = json.dumps((*content, __version__, REVISION))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]

    @property
    def file(self) -> str:
        """The name of the file that holds its result; rows that compute the same share it."""
        return f"seed{self.seed}-{self.key}.json"

    def load(self) -> Circuit:
        """Return the circuit, which records nothing."""
        document = parse_document(self.document, self.row)
        return build_circuit(spec_from_document(document), document).replace(record=())


@dataclass(frozen=True)
class Finished:
    """A job that ran to its end; ``record`` is what is stored of it."""

    job: Job
    record: dict[str, Any]


@dataclass(frozen=True)
class Failed:
    """A job that could not be run, or whose numbers blew up."""

    job: Job
    problems: tuple[Problem, ...]

    def named(self) -> list[Problem]:
        """Return the problems with the job's name in front of each message."""
        job = f"{self.job.row}, seed {self.job.seed}"
        return [replace(problem, message=f"{job}: {problem.message}") for problem in self.problems]


@dataclass(frozen=True)
class Stopped:
    """A job that was interrupted; nothing of it is kept."""

    job: Job


def jobs_of(study: Study, row: Row) -> tuple[Job, ...]:
    """Return the jobs of a row, a seed each."""
    settings = study.settings
    return tuple(
        Job(
            row=row.name,
            seed=seed,
            decisions=row.decisions,
            window=settings.window,
            precision=settings.precision,
            circuit=row.circuit.hash,
            document=row.circuit.document,
        )
        for seed in row.seeds
    )


def run_job(job: Job, progress: Callable[[Any], None] | None = None) -> Finished | Failed | Stopped:
    """Run a job to its end.

    Parameters
    ----------
    job : Job
    progress : callable, optional
        Called with :class:`~neuro_rtrrl.progress.Progress` after each stretch. A KeyboardInterrupt that it raises
        stops the job, as Ctrl-C does.
    """
    from neuro_rtrrl.simulation import simulate

    try:
        result = simulate(
            job.load(), decisions=job.decisions, seeds=[job.seed], precision=job.precision, progress=progress
        )
    except KeyboardInterrupt:
        return Stopped(job)
    except NeuroRtrrlError as error:
        return Failed(job, error.problems)
    except Exception as error:  # a defect in one job must not take the others with it
        message = f"something went wrong inside neuro-rtrrl: {type(error).__name__}: {str(error)[:300]}"
        return Failed(job, (Problem(message, hint="this is a defect: please report it"),))
    return Stopped(job) if result.interrupted else Finished(job, _record(job, result))


def _record(job: Job, result: Any) -> dict[str, Any]:
    from neuro_rtrrl.studies.scores import learning_curve, score

    table, known = result.episodes.table, result.provenance
    return {
        "key": job.key,
        "row": job.row,
        "seed": job.seed,
        "decisions": job.decisions,
        "window": job.window,
        "precision": job.precision,
        "circuit": job.circuit,
        "version": __version__,
        "kernel": known.get("kernel"),
        "git_commit": known.get("git_commit"),
        "versions": known.get("versions"),
        "processor": known.get("machine", {}).get("processor"),
        "scores": score(table.total, table.end, job.decisions, job.window).as_dict(),
        "wall_seconds": round(float(result.wall_seconds), 3),
        "curve": [
            value if value is None else round(value, 6)
            for value in learning_curve(table.total, table.end, job.decisions)
        ],
    }
