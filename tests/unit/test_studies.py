"""A study: what runs, what is never run again, what it scores and how a wrong file is told."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.cli import main
from neuro_rtrrl.errors import CircuitError, Problem, RunError
from neuro_rtrrl.studies.jobs import Failed, Finished, Job, Stopped, jobs_of
from neuro_rtrrl.studies.load import load_study
from neuro_rtrrl.studies.page import with_table
from neuro_rtrrl.studies.runner import Report, run_jobs
from neuro_rtrrl.studies.scores import BINS, learning_curve, score
from neuro_rtrrl.studies.store import Store
from neuro_rtrrl.studies.study import default_folder
from neuro_rtrrl.studies.table import as_dict, as_markdown, collect
from tests.docs.reference import keys_under

ROOT = Path(__file__).parents[2]
HEAD = "study: small\nformat: 1\nseeds: 2\ndecisions: 300\nwindow: 5\nrows:\n"
ROWS = """\
  short: {circuit: bg.yaml, set: ["environment.parameters.memory_length=2"], published: {median_best: 0.5}}
  long:  {circuit: bg.yaml, set: ["environment.parameters.memory_length=4"]}
"""


@pytest.fixture
def file(tmp_path) -> Path:
    """A study of two rows with two seeds each."""
    (tmp_path / "bg.yaml").write_text((ROOT / "circuits" / "bg.yaml").read_text())
    path = tmp_path / "small.yaml"
    path.write_text(HEAD + ROWS)
    return path


class Silent(Report):
    def begin(self, stored, total):
        self.outcomes = []

    def ended(self, outcome):
        self.outcomes.append(outcome)


def record(job: Job, best: float = 0.5) -> dict:
    scores = {"best": best, "final": best, "area": 0.1, "episodes": 7}
    return {
        "key": job.key,
        "seed": job.seed,
        "decisions": job.decisions,
        "scores": scores,
        "wall_seconds": 1.5,
        "circuit": job.circuit,
        "curve": [best] * (BINS - 1) + [None],
        "processor": "A Processor",
    }


class Counted:
    """Runs a job without a simulator and keeps which ones it was asked for."""

    def __init__(self, *special) -> None:
        self.calls: list[Job] = []
        self.special = dict(special)

    def __call__(self, job: Job, progress):
        self.calls.append(job)
        return self.special.get(len(self.calls), lambda job: Finished(job, record(job)))(job)


def all_jobs(study) -> list[Job]:
    return [job for row in study.rows for job in jobs_of(study, row)]


# --- what runs, and what is never run again


def test_what_has_finished_is_not_run_again(file, tmp_path):
    study, store, run = load_study(file), Store(tmp_path / "out"), Counted()
    first = run_jobs(all_jobs(study), store, Silent(), 1, run=run)
    assert (first.stored, first.ran, len(run.calls)) == (0, 4, 4)
    second = run_jobs(all_jobs(load_study(file)), store, Silent(), 1, run=run)
    assert (second.stored, second.ran, len(run.calls)) == (4, 0, 4)
    run_jobs(all_jobs(study), store, Silent(), 1, anew=True, run=run)
    assert len(run.calls) == 8


def test_a_study_that_was_stopped_goes_on_with_the_job_that_was_running(file, tmp_path):
    jobs, store = all_jobs(load_study(file)), Store(tmp_path / "out")
    stopped = run_jobs(jobs, store, Silent(), 1, run=Counted((3, Stopped)))
    assert stopped.stopped
    assert stopped.ran == 2
    again = Counted()
    run_jobs(jobs, store, Silent(), 1, run=again)
    assert again.calls == jobs[2:]


@pytest.mark.parametrize("left", ["", '{"key": "', "[]", "null", '{"key": "KEY", "scores": {}}'])
def test_half_a_file_is_no_result(left, file, tmp_path):
    job, store = all_jobs(load_study(file))[0], Store(tmp_path / "out")
    store.write(job, record(job))
    assert store.read(job) == record(job)
    (tmp_path / "out" / "jobs" / job.file).write_text(left.replace("KEY", job.key))
    assert store.read(job) is None


def test_a_file_takes_its_name_only_when_it_is_whole(file, tmp_path):
    job, store = all_jobs(load_study(file))[0], Store(tmp_path / "out")

    def killed():
        with store.writing(f"jobs/{job.file}") as target:
            target.write_text(json.dumps(record(job)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    assert store.read(job) is None
    assert not list((tmp_path / "out" / "jobs").iterdir())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("decisions: 300", "decisions: 301"),
        ("window: 5", "window: 6"),
        ("memory_length=2", "memory_length=3"),
        ("format: 1", "format: 1\nprecision: float64"),
    ],
)
def test_what_changes_a_result_changes_its_job(old, new, file):
    before = all_jobs(load_study(file))[0].key
    file.write_text(file.read_text().replace(old, new))
    assert all_jobs(load_study(file))[0].key != before


def test_words_and_more_seeds_leave_a_job_as_it_is(file):
    before = all_jobs(load_study(file))[0].key
    text = file.read_text().replace("seeds: 2", "seeds: 9\ntitle: Another").replace("short:", "renamed:")
    file.write_text(text)
    assert all_jobs(load_study(file))[0].key == before


def test_rows_that_compute_the_same_share_their_jobs(file, tmp_path):
    file.write_text(file.read_text().replace("memory_length=4", "memory_length=2"))
    study, store, run = load_study(file), Store(tmp_path / "out"), Counted()
    assert run_jobs(all_jobs(study), store, Silent(), 1, run=run).ran == len(run.calls) == 2
    assert [len(row.finished) for row in collect(study, store)] == [2, 2]


def test_a_job_computes_its_rows_circuit_whatever_happens_to_the_file(file):
    study = load_study(file)
    (file.parent / "bg.yaml").unlink()
    for row in study.rows:
        assert jobs_of(study, row)[0].load() == row.circuit
        assert row.circuit.record == ()


def test_a_job_that_fails_does_not_end_the_others(file, tmp_path):
    run = Counted((2, lambda job: Failed(job, (Problem("blown up"),))))
    summary = run_jobs(all_jobs(load_study(file)), Store(tmp_path / "out"), Silent(), 1, run=run)
    assert len(run.calls) == 4
    assert summary.ran == 3
    assert [(failed.job.row, failed.job.seed) for failed in summary.failed] == [("short", 1)]


# --- scores, counted by hand


def test_scores_are_those_counted_by_hand():
    # 20 decisions; episodes end in decisions 1, 5, 7, 17, 19: lengths 2, 4, 2, 10, 2
    total, end = np.array([1.0, 0.0, 4.0, 2.0, 3.0]), np.array([1, 5, 7, 17, 19])
    scores = score(total, end, decisions=20, window=2)
    assert scores.best == pytest.approx(3.0)  # (1+0)/2, (4+2)/2; the fifth has no partner
    assert scores.final == pytest.approx(3.0)  # decisions 18 and 19
    assert scores.area == pytest.approx((2 * 1 + 4 * 0 + 2 * 4 + 10 * 2 + 2 * 3) / 20)
    assert scores.episodes == 5


def test_a_run_shorter_than_a_window_is_one_window_and_one_without_episodes_has_no_score():
    assert score(np.array([1.0, 2.0]), np.array([3, 9]), 100, window=10).best == pytest.approx(1.5)
    assert score(np.array([1.0, 2.0]), np.array([3, 9]), 100, 10).as_dict()["final"] is None
    nothing = score(np.zeros(0), np.zeros(0), 100, 10).as_dict()
    assert nothing == {"best": None, "final": None, "area": None, "episodes": 0}


def test_a_window_is_not_moved_to_where_it_looks_best():
    total = np.array([0.0, 1.0, 1.0, 0.0])
    assert score(total, np.arange(4), 4, window=2).best == pytest.approx(0.5)


def test_the_curve_has_the_mean_of_each_part_and_nothing_where_no_episode_ends():
    curve = learning_curve(np.array([1.0, 3.0, 5.0]), np.array([0, 9, 599]), decisions=600)
    assert curve[0] == pytest.approx(2.0)
    assert curve[-1] == pytest.approx(5.0)
    assert curve[1:-1] == [None] * (BINS - 2)


# --- wrong files


WRONG = {
    "unknown circuit": (
        ROWS.replace('bg.yaml, set: ["environment.parameters.memory_length=2', 'bq.yaml, set: ["a=2'),
        (7, 20),
        "rows.short.circuit",
        "there is no such circuit file",
        ("bg.yaml", "small.yaml"),
        "bg.yaml",
    ),
    "unknown key": (
        ROWS.replace("set:", "sett:", 1),
        (7, 29),
        "rows.short.sett",
        "the key 'sett' is not known here",
        (
            *("circuit", "set", "interventions", "baseline", "settings", "words", "criterion"),
            *("seeds", "decisions", "budget", "published", "target", "note"),
        ),
        "set",
    ),
    "path of an override": (
        ROWS.replace("environment.parameters", "enviroment.parameters", 1),
        (7, 35),
        "rows.short.set.0",
        "there is no 'enviroment' here",
        None,
        "environment",
    ),
    "value of an override": (
        ROWS.replace("memory_length=2", "memory_length=two", 1),
        (7, 35),
        "environment.parameters.memory_length",
        "number",
        None,
        "",
    ),
    "key of published": (
        ROWS.replace("median_best", "best"),
        (7, 90),
        "rows.short.published.best",
        "the key 'best' is not known here",
        ("median_best", "median_final", "source", "note"),
        "",
    ),
    "key of a target": (
        ROWS.replace("published: {median_best: 0.5}", "target: {bets: 0.5}"),
        (7, 87),
        "rows.short.target.bets",
        "the key 'bets' is not known here",
        ("best", "final", "seeds"),
        "best",
    ),
    "value of a target": (
        ROWS.replace("published: {median_best: 0.5}", "target: {final: high}"),
        (7, 94),
        "rows.short.target.final",
        "must be a number",
        None,
        "",
    ),
    "an empty target": (
        ROWS.replace("published: {median_best: 0.5}", "target: {seeds: 1}"),
        (7, 86),
        "rows.short.target",
        "names the return",
        None,
        "best: 1.0",
    ),
    "a target of more seeds than there are": (
        ROWS.replace("published: {median_best: 0.5}", "target: {best: 1, seeds: 3}"),
        (7, 103),
        "rows.short.target.seeds",
        "more seeds than the row has, 2",
        None,
        "",
    ),
    "too many seeds": (
        ROWS.replace("circuit: bg.yaml, set", "seeds: 4_000_000_000, circuit: bg.yaml, set", 1),
        (7, 18),
        "rows.short.seeds",
        "at most 1,000 seeds",
        None,
        "",
    ),
    "a count": (
        ROWS.replace("circuit: bg.yaml, set", "seeds: 0, circuit: bg.yaml, set", 1),
        (7, 18),
        "rows.short.seeds",
        "a whole number from 1",
        None,
        "",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_told_with_its_place(case, file):
    rows, place, where, message, available, hint = WRONG[case]
    file.write_text(HEAD + rows)
    with pytest.raises(CircuitError) as error:
        load_study(file)
    (problem,) = error.value.problems
    assert str(problem.location) == f"{file}:{place[0]}:{place[1]}"
    assert problem.where == where
    assert message in problem.message
    assert available is None or problem.available == available
    assert hint in problem.hint


def test_every_problem_of_a_study_is_told_at_once(file):
    file.write_text("study: small\nformt: 1\nseeds: many\nrows: {}\n")
    with pytest.raises(CircuitError) as error:
        load_study(file)
    messages = " ".join(problem.message for problem in error.value.problems)
    for expected in (
        "'format' is missing",
        "'formt' is not known",
        "whole number",
        "'decisions' is missing",
        "empty",
    ):
        assert expected in messages


def test_a_circuit_given_for_a_study_is_recognised(file):
    with pytest.raises(CircuitError, match="not a study file") as error:
        load_study(file.parent / "bg.yaml")
    assert len(error.value.problems) == 1


def test_a_circuit_that_several_rows_share_is_told_wrong_once(file):
    circuit = file.parent / "bg.yaml"
    circuit.write_text(circuit.read_text().replace("neuron: softmax", "neuron: softmix"))
    with pytest.raises(CircuitError) as error:
        load_study(file)
    assert len({str(problem) for problem in error.value.problems}) == len(error.value.problems)
    assert {str(problem.location).partition(":")[0] for problem in error.value.problems} == {str(circuit)}


def test_a_circuit_without_episodes_is_refused(file):
    (file.parent / "bg.yaml").write_text((ROOT / "circuits" / "stdp.yaml").read_text())
    file.write_text(HEAD + "  open: {circuit: bg.yaml}\n")
    with pytest.raises(CircuitError, match="no environment"):
        load_study(file)


def test_a_bare_name_is_that_of_a_study_here_or_among_the_experiments(file, monkeypatch, capsys):
    monkeypatch.chdir(file.parent)
    (file.parent / "small").mkdir()  # its results
    assert load_study("small").path == Path("small.yaml")
    experiments = file.parent / "experiments"
    experiments.mkdir()
    for path in (file, file.parent / "bg.yaml"):
        path.rename(experiments / path.name)
    assert load_study("small").path == Path("experiments/small.yaml")
    assert load_study("small.yaml").path == Path("experiments/small.yaml")
    assert command("study", "smal") == 2
    said = capsys.readouterr().err
    assert "no study of this name in experiments/" in said
    assert "small" in said.partition("hint:")[2]


def test_an_unknown_row_is_answered_with_those_there_are(file):
    with pytest.raises(CircuitError) as error:
        load_study(file).only(["shirt"])
    (problem,) = error.value.problems
    assert problem.available == ("short", "long")
    assert "short" in problem.hint


def test_the_studies_of_the_repository_are_sound():
    files = sorted((ROOT / "experiments").glob("*.yaml"))
    assert files
    for path in files:
        study = load_study(path)
        assert study.name == path.stem
        assert default_folder(study) == path.parent / path.stem


# --- tables


def test_the_table_lists_every_seed_and_stands_beside_what_is_published(file, tmp_path):
    study, store = load_study(file), Store(tmp_path / "out")
    for job, best in zip(all_jobs(study)[:3], (0.25, 0.75, 1.0), strict=True):
        store.write(job, record(job, best))
    text = as_markdown(study, collect(study, store))
    short, long = (line for line in text.splitlines() if line.startswith(("| short", "| long")))
    assert "| 0.50 | 0.50 | 0.10 | 0.50 | 300 |" in short
    assert "0.25 / 0.25; 0.75 / 0.75" in short
    assert "1 of 2 seeds done" in long
    assert text.rstrip().endswith("one seed a core (A Processor).")


def with_targets(file, tmp_path, short: str, long: str = "{best: 0.5}"):
    """Return a study whose seeds have best = final = 0.25, 0.75 (short) and 1.0 and nothing yet (long)."""
    text = file.read_text().replace("published: {median_best: 0.5}", f"target: {short}")
    file.write_text(text.replace('=4"]', f'=4"], target: {long}'))
    study, store = load_study(file), Store(tmp_path / "out")
    for job, best in zip(all_jobs(study)[:3], (0.25, 0.75, 1.0), strict=True):
        store.write(job, record(job, best))
    return study, collect(study, store)


@pytest.mark.parametrize(
    ("target", "shown", "reached"),
    [
        ("{best: 0.5, final: 0.6}", "best ≥ 0.5: reached; final ≥ 0.6: not reached", [True, False]),
        ("{best: 0.7, seeds: 1}", "best ≥ 0.7 in 1 of 2: reached", [True]),
        ("{final: 0.7, seeds: 2}", "final ≥ 0.7 in 2 of 2: not reached", [False]),
        ("{best: 0.500001}", "best ≥ 0.500001: reached", [True]),
    ],
)
def test_the_table_says_of_every_target_whether_it_is_reached(target, shown, reached, file, tmp_path):
    study, results = with_targets(file, tmp_path, target)
    text = as_markdown(study, results)
    assert f"| – | {shown} | 300 |" in text
    assert "| published | target | steps |" in text
    assert [
        each["reached"] for each in as_dict(study, results)["rows"]["short"]["target"].values()
    ] == reached


def test_a_target_is_open_while_seeds_are_missing_unless_enough_have_reached_it(file, tmp_path):
    study, results = with_targets(file, tmp_path, "{best: 1}", "{best: 0.5}")
    assert "best ≥ 0.5: open" in as_markdown(study, results)
    assert as_dict(study, results)["rows"]["long"]["target"]["best"]["reached"] is None
    file.write_text(
        file.read_text().replace("long:  {", "long: {").replace("{best: 0.5}", "{best: 0.5, seeds: 1}")
    )
    study = load_study(file)
    assert "best ≥ 0.5 in 1 of 2: reached" in as_markdown(study, collect(study, Store(tmp_path / "out")))


def test_a_target_is_held_against_the_best_evaluation_where_there_is_one(file, tmp_path):
    file.write_text(file.read_text() + "evaluation: {every: 100, episodes: 4}\n")
    text = file.read_text().replace("published: {median_best: 0.5}", "target: {best: 0.5, final: 0.5}")
    file.write_text(text)
    study, store = load_study(file), Store(tmp_path / "out")
    for job in all_jobs(study)[:2]:
        stored = record(job, 0.75)
        stored["scores"]["best_evaluation"] = 0.25
        store.write(job, stored)
    shown = as_markdown(study, collect(study, store))
    assert "best evaluation ≥ 0.5: not reached; final ≥ 0.5: reached" in shown


def test_a_target_is_no_part_of_a_job(file):
    before = all_jobs(load_study(file))[0].key
    file.write_text(file.read_text().replace("published:", "target: {best: 1}, published:"))
    assert all_jobs(load_study(file))[0].key == before


def test_a_page_keeps_everything_but_what_is_between_the_markers():
    page = "before\n<!-- study: a -->\nold\n<!-- end of study: a -->\nafter\n"
    new = with_table(page, "a", "new\n")
    assert new == "before\n<!-- study: a -->\n\nnew\n\n<!-- end of study: a -->\nafter\n"
    assert with_table(new, "a", "new\n") == new
    assert with_table(page, "b", "new\n") is None


# --- whole


def command(*arguments) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(each) for each in arguments])
    return int(ended.value.code or 0)


def test_a_study_runs_from_the_file_to_the_figure_and_then_never_again(file, capsys):
    (file.parent / "README.md").write_text("<!-- study: small -->\n<!-- end of study: small -->\n")
    assert command("study", file, "--jobs", "1", "--only", "short") == 0
    folder = file.parent / "small"
    lines = list(csv.DictReader((folder / "table.csv").open()))
    assert [(line["row"], line["seed"]) for line in lines] == [("short", "0"), ("short", "1")]
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    page = (file.parent / "README.md").read_text()
    assert "| short |" in page
    assert "(small/curves.png)" in page
    stamps = {path: path.stat().st_mtime_ns for path in (folder / "jobs").iterdir()}
    capsys.readouterr()
    assert command("study", file, "--jobs", "1", "--resume", "--json", "--only", "short") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["stored_before"], document["ran"], document["failed"]) == (2, 0, [])
    assert len(document["rows"]["short"]["best"]) == 2
    described = keys_under((ROOT / "docs" / "studies.md").read_text(), "## `--json`")
    assert set(document) == set(described)
    page = (ROOT / "docs" / "json.md").read_text()
    assert set(document) == set(keys_under(page, "## study"))
    assert set(document["rows"]["short"]) == set(keys_under(page, "### rows")) - {
        "best_evaluation",
        "reached",
    }
    assert {path: path.stat().st_mtime_ns for path in (folder / "jobs").iterdir()} == stamps
    # an oracle beside our own score: what the run itself says of its last tenth
    from neuro_rtrrl import load, simulate

    circuit = load(file.parent / "bg.yaml", ["environment.parameters.memory_length=2"])
    result = simulate(circuit, decisions=300, seeds=2)
    assert document["rows"]["short"]["final"] == pytest.approx(result.final_return.tolist())


def test_a_failed_job_is_told_at_the_end_with_exit_code_1(file, capsys, monkeypatch):
    def simulate(circuit, seeds, **_):
        raise RunError(Problem("the run diverged", hint="a smaller learning_rate"))

    monkeypatch.setattr("neuro_rtrrl.simulation.simulate", simulate)
    assert command("study", file, "--jobs", "1", "--only", "long") == 1
    said = capsys.readouterr().err
    assert "[2/2] long seed 1: failed: the run diverged" in said
    assert said.rstrip().endswith("long, seed 1: the run diverged\n  hint: a smaller learning_rate")
    assert command("study", file, "--jobs", "1", "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["failed"][0]["message"] == "short, seed 0: the run diverged"
    assert document["files"] == []


def test_a_job_that_diverges_says_where_and_the_others_go_on(file, tmp_path):
    wild = ["optimiser=sgd", "learning_rate=1e5", "trace_decay=1"]
    overrides = [f"plasticity.corticostriatal.{each}" for each in wild]
    file.write_text(f"{HEAD}  wild: {{seeds: 1, circuit: bg.yaml, set: {json.dumps(overrides)}}}\n{ROWS}")
    jobs = all_jobs(load_study(file))[:2]
    report = Silent()
    summary = run_jobs(jobs, Store(tmp_path / "out"), report, 1)
    (failed,) = summary.failed
    assert summary.ran == 1
    (problem,) = failed.named()
    assert problem.message.startswith("wild, seed 0: the run diverged: ")
    assert "first seen in decision " in problem.message
    assert problem.hint.startswith("a smaller learning_rate or dt may help; a study keeps no weights")
    assert "the last sound ones were at the start" in problem.hint
    assert "--seed 0" in problem.hint


def deadly(job: Job):
    """Stand for a job whose process is killed: seed 1 takes its process with it."""
    if job.seed == 1:
        os._exit(1)
    return Finished(job, record(job))


def test_a_job_whose_process_is_killed_fails_and_the_others_finish(file, tmp_path, monkeypatch):
    monkeypatch.setattr("neuro_rtrrl.studies.runner.work", deadly)
    report, store = Silent(), Store(tmp_path / "out")
    summary = run_jobs(all_jobs(load_study(file)), store, report, 2)
    assert {(failed.job.row, failed.job.seed) for failed in summary.failed} == {("short", 1), ("long", 1)}
    assert (summary.ran, summary.stopped, len(report.outcomes)) == (2, False, 4)
    assert "killed" in summary.failed[0].problems[0].message


def children(parent: int) -> set[int]:
    """Return the processes below one, where the system tells."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.add(int(path.parent.name))
    return found


def lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks the system for a process's children")
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL], ids=lambda s: s.name)
def test_a_study_that_is_ended_keeps_what_had_finished_and_leaves_no_process(signum, file):
    file.write_text(
        file.read_text()
        .replace("seeds: 2", "seeds: 1")
        .replace("long:  {", "long: {decisions: 4_000_000_000, ")
    )
    begin = [
        sys.executable,
        "-c",
        "from neuro_rtrrl.cli import main; main()",
        "study",
        str(file),
        "--jobs",
        "2",
    ]
    with subprocess.Popen(begin, stderr=subprocess.PIPE, text=True) as study:
        assert study.stderr is not None
        said = study.stderr.readline()
        assert said.startswith("[1/2] short seed 0:")
        below = children(study.pid)
        assert len(below) >= 2
        study.send_signal(signum)
        said = study.stderr.read()
        code = study.wait()
    assert code == (-signal.SIGKILL if signum == signal.SIGKILL else 130), said
    assert "Traceback" not in said
    ended = time.monotonic() + 20
    while any(map(lives, below)):
        assert time.monotonic() < ended, "a process was left behind"
        time.sleep(0.1)
    store = Store(default_folder(load_study(file)))
    short, long = all_jobs(load_study(file))
    assert store.read(short) is not None
    assert store.read(long) is None
