"""A job that was killed goes on from its checkpoint, and scores what it would have scored."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl import checkpoint, simulate
from neuro_rtrrl.checkpoint import Checkpoint
from neuro_rtrrl.studies.jobs import Failed, Finished, Job, Stopped, jobs_of, run_job
from neuro_rtrrl.studies.load import load_study
from neuro_rtrrl.studies.runner import Report, run_jobs
from neuro_rtrrl.studies.store import Store
from neuro_rtrrl.studies.study import default_folder

ROOT = Path(__file__).parents[2]
SMALL = '"populations.cortex.size=8", "environment.parameters.memory_length=2"'
MAZE = '"environment={name: MetaMaze-misc}"'
RTRL = '"plasticity.cortical.rule=rtrl_td"'
ROWS = {
    "native": f"{{circuit: {ROOT}/circuits/bg.yaml, set: [{SMALL}]}}",
    "normalised": f"{{circuit: {ROOT}/circuits/cartpole_positions.yaml}}",
    "novelty": f"{{circuit: {ROOT}/experiments/circuits/gymnax_rtu.yaml, set: [{MAZE}]}}",
    "words": f"{{circuit: {ROOT}/circuits/bg.yaml, set: [{SMALL}], words: {{profile: loihi1}}}}",
    "exact": f"{{circuit: {ROOT}/circuits/bg.yaml, set: [{SMALL}, {RTRL}]}}",
}
EVALUATED = "evaluation: {every: 500, episodes: 3}\n"


def job_of(folder: Path, row: str, decisions: int = 1200, head: str = "") -> Job:
    path = folder / "kept.yaml"
    path.write_text(
        f"study: kept\nformat: 1\nseeds: 1\ndecisions: {decisions}\nwindow: 5\n{head}rows:\n  a: {row}\n"
    )
    study = load_study(path)
    return jobs_of(study, study.rows[0])[0]


class Stop:
    """Stops a job after so many stretches, as Ctrl-C does."""

    def __init__(self, after: int) -> None:
        self.left, self.done = after, []

    def __call__(self, now) -> None:
        self.done.append(now.done)
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def scores_of(outcome) -> dict:
    assert isinstance(outcome, Finished), outcome
    varying = ("wall_seconds",)
    return {name: value for name, value in outcome.record.items() if name not in varying}


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch):
    monkeypatch.setattr("neuro_rtrrl.backends.jax.program.MOST_TICKS", 170)


@pytest.mark.parametrize(
    ("row", "head"), [*((row, "") for row in ROWS), ("native", EVALUATED), ("novelty", EVALUATED)]
)
def test_a_stopped_job_goes_on_to_the_scores_of_one_that_never_stopped(row, head, tmp_path):
    job, part = job_of(tmp_path, ROWS[row], head=head), tmp_path / "a.part"
    whole = scores_of(run_job(job))
    for after in (2,) if row == "words" else (2, 1, 3):
        assert isinstance(run_job(job, Stop(after), part), Stopped)
    going = Stop(10_000)
    assert scores_of(run_job(job, going, part)) == whole
    assert going.done[0] > 170, "it goes on"
    assert going.done[-1] == 1200


def test_episodes_cut_by_a_checkpoint_are_whole(tmp_path):
    """The lengths, ends and returns, of which scores are only means."""
    job = job_of(tmp_path, ROWS["normalised"])
    tables = []
    for stops in ((), (1, 2)):
        for after in stops:
            with_stop(job, tmp_path / "a.part", after)
        result = with_stop(job, tmp_path / "a.part", 0)
        tables.append(result.episodes.table)
    for whole, cut in zip(*tables, strict=True):
        np.testing.assert_array_equal(whole, cut)


def with_stop(job: Job, part: Path, after: int):
    kept = Checkpoint(part, job.key)
    return simulate(
        job.load(), decisions=1200, seeds=[0], progress=Stop(after) if after else None, checkpoint=kept
    )


@pytest.mark.slow
def test_a_job_killed_outright_goes_on_to_the_scores_of_one_that_never_stopped(tmp_path, monkeypatch):
    monkeypatch.undo()
    job = job_of(tmp_path, ROWS["native"], 1_000_000)
    store = Store(default_folder(load_study(tmp_path / "kept.yaml")))
    begin = (
        "import neuro_rtrrl.checkpoint as each; each.EVERY = 0.0; from neuro_rtrrl.cli import main; main()"
    )
    command = [sys.executable, "-c", begin, "study", str(tmp_path / "kept.yaml"), "--jobs", "1"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as study:
        ended = time.monotonic() + 120
        while not store.part(job).is_file() and time.monotonic() < ended and study.poll() is None:
            time.sleep(0.01)
        study.send_signal(signal.SIGKILL)
    assert store.part(job).is_file()
    assert store.read(job) is None
    going = Stop(10_000)
    outcome = run_job(job, going, store.part(job))
    assert going.done[0] > 10_000, "it goes on"
    assert scores_of(outcome) == scores_of(run_job(job))


def test_a_checkpoint_is_made_every_few_minutes_and_no_more(tmp_path, monkeypatch):
    job, part, seen = job_of(tmp_path, ROWS["native"]), tmp_path / "a.part", []
    look = lambda now: seen.append(part.is_file())  # noqa: E731
    run_job(job, look, part)
    assert not any(seen)
    assert checkpoint.EVERY == 120
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    run_job(job, look, part)
    assert all(seen[-5:])
    assert len(list(np.load(part))) > 5


@pytest.mark.parametrize("spoilt", [b"", b"PK half a file", b"[]"])
def test_what_is_no_checkpoint_of_this_job_is_none(spoilt, tmp_path):
    job, part = job_of(tmp_path, ROWS["native"]), tmp_path / "a.part"
    whole = scores_of(run_job(job))
    part.write_bytes(spoilt)
    assert scores_of(run_job(job, part=part)) == whole
    other = replace(job, seed=1)
    assert isinstance(run_job(other, Stop(2), part), Stopped)
    assert Checkpoint(part, other.key).found
    assert not Checkpoint(part, job.key).found
    assert scores_of(run_job(job, part=part)) == whole


def test_a_checkpoint_of_another_kernel_is_none(tmp_path, monkeypatch):
    job, part = job_of(tmp_path, ROWS["native"]), tmp_path / "a.part"
    assert isinstance(run_job(job, Stop(2), part), Stopped)
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setattr("neuro_rtrrl.backends.jax.program.FEWEST_SYNAPSES", 1 << 30)
    going = Stop(10_000)
    assert isinstance(run_job(job, going, part), Finished)
    assert going.done[0] <= 170


def test_nothing_is_left_of_a_job_that_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    job, store = job_of(tmp_path, ROWS["native"]), Store(tmp_path / "out")
    assert run_jobs([job], store, Report(), 1).ran == 1
    assert [path.name for path in (tmp_path / "out" / "jobs").iterdir()] == [job.file]
    store.part(job).write_bytes(b"of before")
    (tmp_path / "out" / "jobs" / job.file).unlink()
    seen = []

    def run(job, _):
        seen.append(store.part(job).exists())
        return Stopped(job)

    run_jobs([job], store, Report(), 1, anew=True, run=run)
    assert seen == [False]


def test_a_job_that_diverges_begins_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    wild = [
        f'"plasticity.corticostriatal.{each}"'
        for each in ("optimiser=sgd", "learning_rate=1e5", "trace_decay=1")
    ]
    job, part = job_of(tmp_path, ROWS["native"].replace("]}", f", {', '.join(wild)}]}}")), tmp_path / "a.part"
    outcome = run_job(job, part=part)
    assert isinstance(outcome, Failed)
    assert not part.exists()
