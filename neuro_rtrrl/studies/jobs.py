"""A job: one seed of one row. It is named by all that its result depends on, so that it never has to run twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuro_rtrrl import __version__
from neuro_rtrrl.errors import NeuroRtrrlError, Problem, RunError
from neuro_rtrrl.graph import Circuit, build_circuit
from neuro_rtrrl.lowering import WordLengths
from neuro_rtrrl.spec import parse_document, spec_from_document
from neuro_rtrrl.studies.load import Row, Study

if TYPE_CHECKING:
    from neuro_rtrrl.simulation import RunFailed

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
    folder : str
        The circuit's folder, where files that it names are looked for.
    interventions : tuple of str
        Applied to the circuit.
    baseline : str or None
        Who learns instead of the circuit, with ``settings``.
    criterion : float or None
    evaluation : (int, int, int or None) or None
        After every so many decisions so many episodes; the patience.
    words : WordLengths or None
        Of a run in fixed point.
    """

    row: str
    seed: int
    decisions: int
    window: int
    precision: str
    circuit: str
    document: str
    folder: str = ""
    interventions: tuple[str, ...] = ()
    baseline: str | None = None
    settings: tuple[tuple[str, float], ...] = ()
    criterion: float | None = None
    evaluation: tuple[int, int, int | None] | None = None
    words: WordLengths | None = None

    @property
    def key(self) -> str:
        """Twelve digits that name what the job computes; its row's name and the circuit's wording are no part of it."""
        content = (self.circuit, self.seed, self.decisions, self.window, self.precision)
        # what most studies have not leaves their keys as they have always been
        more = {"criterion": self.criterion, "evaluation": self.evaluation, "baseline": self.baseline}
        further = [(name, value) for name, value in more.items() if value is not None]
        further += [("settings", self.settings)] if self.settings else []
        further += [("words", self.words.as_dict())] if self.words is not None else []
        text = json.dumps((*content, __version__, REVISION, *further))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]

    @property
    def part(self) -> str:
        """The name of the file that holds its checkpoint while it runs."""
        return f"seed{self.seed}-{self.key}.part"

    @property
    def file(self) -> str:
        """The name of the file that holds its result; rows that compute the same share it."""
        return f"seed{self.seed}-{self.key}.json"

    def load(self) -> Circuit:
        """Return the circuit, which records nothing.

        Raises
        ------
        RunError
            If a file that it names has changed since the study began.
        """
        document = parse_document(self.document, str(Path(self.folder) / self.row))
        circuit = build_circuit(spec_from_document(document), document).replace(record=())
        for name in self.interventions:
            circuit = circuit.intervene(name)
        if self.folder and circuit.hash != self.circuit:
            message = f"a file that the circuit of '{self.row}' names has changed since the study began"
            raise RunError(
                Problem(message, hint="start the study again: what is finished and still holds is kept")
            )
        return circuit


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
    """A job that was interrupted; it goes on from its checkpoint, where there is one."""

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
            folder=_folder(row.circuit),
            interventions=row.interventions,
            baseline=row.baseline,
            settings=row.settings,
            criterion=row.criterion,
            evaluation=None if row.baseline else _evaluation(settings),
            words=row.words,
        )
        for seed in row.seeds
    )


def _folder(circuit: Circuit) -> str:
    own = circuit.environment.own if circuit.environment else None
    return own.folder if own else ""


def _evaluation(settings: Any) -> tuple[int, int, int | None] | None:
    wanted = settings.evaluation
    return None if wanted is None else (wanted.every, wanted.episodes, wanted.patience)


def run_job(
    job: Job, progress: Callable[[Any], None] | None = None, part: Path | None = None
) -> Finished | Failed | Stopped:
    """Run a job to its end.

    Parameters
    ----------
    job : Job
    progress : callable, optional
        Called with :class:`~neuro_rtrrl.progress.Progress` after each stretch. A KeyboardInterrupt that it raises
        stops the job, as Ctrl-C does.
    part : Path, optional
        File of its checkpoint: renewed every few minutes and where it is stopped, gone on from where it is there. A
        baseline has none and begins anew.
    """
    from neuro_rtrrl.simulation import RunFailed  # loads the simulator

    try:
        record = _contest(job, progress) if job.baseline else _learn(job, progress, part)
        return Stopped(job) if record is None else Finished(job, record)
    except KeyboardInterrupt:
        return Stopped(job)
    except RunFailed as error:
        problems = _without_weights(error, job)
    except NeuroRtrrlError as error:
        problems = error.problems
    except Exception as error:  # a defect in one job must not take the others with it
        message = f"something went wrong inside neuro-rtrrl: {type(error).__name__}: {str(error)[:300]}"
        problems = (Problem(message, hint="this is a defect: please report it"),)
    if part is not None:
        part.unlink(missing_ok=True)  # or it would fail there again
    return Failed(job, tuple(problems))


def _without_weights(error: RunFailed, job: Job) -> tuple[Problem, ...]:
    """Return what happened, and that its weights are kept nowhere: a study keeps scores."""
    sound = error.result.next_decision
    last = f"after {sound:,} decisions" if sound else "at the start"
    more = (
        f"a study keeps no weights, the last sound ones were {last}: 'neuro-rtrrl simulate' with this row's "
        f"settings, --seed {job.seed} --seeds 1 and --out DIR keeps them"
    )
    return tuple(replace(each, hint=f"{each.hint}; {more}" if each.hint else more) for each in error.causes)


def _learn(job: Job, progress: Callable[[Any], None] | None, part: Path | None) -> dict[str, Any] | None:
    """Let the circuit learn; return what is stored, None where it was interrupted."""
    from neuro_rtrrl.checkpoint import Checkpoint
    from neuro_rtrrl.simulation import simulate
    from neuro_rtrrl.studies.evaluation import Evaluator

    circuit, evaluator, pause = job.load(), None, None
    if job.evaluation is not None:
        every, episodes, patience = job.evaluation
        evaluator = Evaluator(circuit, job.seed, job.precision, episodes, every, patience)
        pause = every, evaluator.look
    beside = evaluator.arrays if evaluator is not None else None
    restore = evaluator.go_on if evaluator is not None else None
    result = simulate(
        circuit,
        decisions=job.decisions,
        seeds=[job.seed],
        precision=None if job.words is not None else job.precision,
        progress=progress,
        pause=pause,
        words=job.words,
        checkpoint=Checkpoint(part, job.key, beside, restore) if part is not None else None,
    )
    if result.interrupted:
        return None
    table, known = result.episodes.table, result.provenance
    record = _record(job, (table.total, table.end, None), result.decisions, result.wall_seconds, known)
    record["kernel"] = known.get("kernel")
    if evaluator is not None:
        record["evaluations"] = [round(value, 6) for value in evaluator.means]
        record["scores"]["best_evaluation"] = evaluator.best
    return record


def _contest(job: Job, progress: Callable[[Any], None] | None) -> dict[str, Any]:
    """Let the row's baseline learn; return what is stored."""
    from neuro_rtrrl.results import collect_provenance
    from neuro_rtrrl.studies.contestant import run_contestant

    circuit = job.load()
    assert job.baseline is not None
    episodes, seconds = run_contestant(
        circuit, job.baseline, job.seed, job.decisions, dict(job.settings), progress
    )
    known = collect_provenance((job.seed,), circuit.hash, "jax", job.precision)
    record = _record(job, episodes.columns(), max(job.decisions, episodes.made), seconds, known)
    return {**record, "baseline": job.baseline, "settings": dict(job.settings)}


def _record(job: Job, episodes: tuple, made: int, seconds: float, known: Any) -> dict[str, Any]:
    """Return what is stored of a job from its episodes: their returns, last decisions and lengths."""
    from neuro_rtrrl.studies.scores import learning_curve, reached, score

    total, end, length = episodes
    scores = score(total, end, made, job.window, length).as_dict()
    if job.criterion is not None:
        when = reached(total, end, job.window, job.criterion)
        scores |= {
            "reached": when[0] if when else None,
            "reached_episodes": when[1] if when else None,
        }
    return {
        "key": job.key,
        "row": job.row,
        "seed": job.seed,
        "decisions": job.decisions,
        "made": made,
        "window": job.window,
        "precision": job.precision,
        "circuit": job.circuit,
        "version": __version__,
        "git_commit": known.get("git_commit"),
        "versions": known.get("versions"),
        "processor": known.get("machine", {}).get("processor"),
        "scores": scores,
        "wall_seconds": round(float(seconds), 3),
        "curve": [
            value if value is None else round(value, 6)
            for value in learning_curve(total, end, max(job.decisions, made))
        ],
    }
