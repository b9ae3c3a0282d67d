"""What a study's tables keep: enough to show, draw and go on from, where no job's file is."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from neuro_rtrrl.studies.jobs import Finished, jobs_of
from neuro_rtrrl.studies.joules import reached_of
from neuro_rtrrl.studies.kept import CURVES, TABLE
from neuro_rtrrl.studies.load import load_study
from neuro_rtrrl.studies.page import budget, with_budget
from neuro_rtrrl.studies.runner import Report, run_jobs
from neuro_rtrrl.studies.scores import BINS
from neuro_rtrrl.studies.store import Store
from neuro_rtrrl.studies.study import default_folder, run_study
from neuro_rtrrl.studies.table import collect

ROOT = Path(__file__).parents[2]
STUDY = """\
study: small
format: 1
seeds: 2
decisions: 300
window: 5
rows:
  short: {circuit: bg.yaml, set: ["environment.parameters.memory_length=2"], published: {median_best: 0.5}}
  long: {circuit: bg.yaml, set: ["environment.parameters.memory_length=4"], criterion: 0.5}
"""
PAGE = "<!-- study: small -->\n<!-- end of study: small -->\n"


def record(job) -> dict:
    value = (job.seed + 1) / 3
    scores = {"best": value, "final": -value, "area": value / 7, "episodes": 7}
    scores |= {"reached": 1_234_567 if job.seed else None} if job.criterion is not None else {}
    return {
        **{name: getattr(job, name) for name in ("key", "row", "seed", "decisions", "circuit")},
        "scores": scores,
        "made": job.decisions,
        "wall_seconds": 1.5,
        "curve": [value] * (BINS - 1) + [None],
        "processor": "A Processor, 2 GHz",
    }


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Path:
    """A complete study as another gets it: tables, figure and page, and no job's file. Jobs take no simulator."""
    monkeypatch.setattr("neuro_rtrrl.studies.study.run_jobs", without_simulator)
    (tmp_path / "bg.yaml").write_text((ROOT / "circuits" / "bg.yaml").read_text())
    (tmp_path / "README.md").write_text(PAGE)
    path = tmp_path / "small.yaml"
    path.write_text(STUDY)
    assert run_study(load_study(path)).summary.ran == 4
    shutil.rmtree(tmp_path / "small" / "jobs")
    return path


def without_simulator(jobs, store, report, processes=None, anew=False):
    return run_jobs(jobs, store, report, 1, anew, run=lambda job, _: Finished(job, record(job)))


def texts(path: Path) -> dict[str, str]:
    folder = default_folder(load_study(path))
    found = {name: (folder / name).read_text() for name in (TABLE, CURVES, "table.md")}
    return {**found, "page": (path.parent / "README.md").read_text()}


def lines(path: Path, row: str) -> list[str]:
    text = (path.parent / "small" / TABLE).read_text()
    return [line for line in text.splitlines() if line.startswith(f"small,{row},")]


def test_a_row_that_is_run_alone_leaves_the_lines_of_all_others_to_the_byte(clone):
    before = texts(clone)
    result = run_study(load_study(clone), only=["short"], anew=True)
    assert result.summary.ran == 2
    assert texts(clone) == before
    assert (clone.parent / "small" / "curves.png").is_file()


def test_a_complete_table_is_finished_and_nothing_runs(clone):
    before = texts(clone)
    summary = run_study(load_study(clone)).summary
    assert (summary.stored, summary.ran) == (4, 0)
    assert texts(clone) == before
    assert run_study(load_study(clone), anew=True).summary.ran == 4


def test_only_what_has_no_line_runs(clone):
    table = clone.parent / "small" / TABLE
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    summary = run_study(load_study(clone)).summary
    assert (summary.stored, summary.ran) == (3, 1)
    clone.write_text(STUDY.replace("seeds: 2", "seeds: 3"))
    assert run_study(load_study(clone)).summary.ran == 2


def test_rows_of_an_earlier_setting_keep_their_lines_until_they_run(clone):
    before = {row: lines(clone, row) for row in ("short", "long")}
    clone.write_text(STUDY.replace("memory_length=4", "memory_length=8").replace("window: 5", "window: 6"))
    result = run_study(load_study(clone), only=["short"])
    assert result.summary.ran == 2
    assert lines(clone, "long") == before["long"]
    assert lines(clone, "short") != before["short"]
    assert [row.former for row in result.rows] == [False, True]
    assert "to be run again: long." in str(result)
    assert result.as_dict()["rows"]["long"]["former"]
    assert run_study(load_study(clone)).summary.ran == 2
    assert lines(clone, "long") != before["long"]


def test_a_new_column_leaves_the_numbers_of_old_lines(clone):
    before = list(csv.DictReader((clone.parent / "small" / TABLE).open()))
    clone.write_text(STUDY.replace("rows:", "evaluation: {every: 100}\nrows:"))
    study = load_study(clone)
    rows = collect(study, Store(default_folder(study)))
    assert [row.former for row in rows] == [True, True]
    run_study(study, only=["short"])
    after = list(csv.DictReader((clone.parent / "small" / TABLE).open()))
    assert {**after[-1], "best_evaluation": ""} == {**before[-1], "best_evaluation": ""}


def test_the_figure_is_drawn_from_the_kept_curves_and_those_of_new_rows(clone, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "neuro_rtrrl.studies.figure._panel",
        lambda ax, result, _: drawn.append((result.row.name, result.curves)),
    )
    run_study(load_study(clone), only=["short"], anew=True)
    expected = [pytest.approx([(seed + 1) / 3] * (BINS - 1), rel=1e-4) for seed in (0, 1)]
    assert [name for name, _ in drawn] == ["short", "long"]
    for _, curves in drawn:
        assert [list(curve[:-1]) for curve in curves] == expected
        assert [curve[-1] for curve in curves] == [None, None]


def test_a_figure_that_shows_more_than_is_kept_is_left_as_it_is(clone):
    folder = clone.parent / "small"
    (folder / CURVES).unlink()
    (folder / "curves.png").write_bytes(b"as it was")
    result = run_study(load_study(clone), only=["short"], anew=True)
    assert result.undrawn == ("long",)
    assert (folder / "curves.png").read_bytes() == b"as it was"
    assert folder / "curves.png" not in result.files
    assert run_study(load_study(clone), anew=True).undrawn == ()
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_kept_is_what_the_job_said(clone):
    study = load_study(clone)
    store = Store(default_folder(study))
    for row in study.rows:
        for job in jobs_of(study, row):
            kept, made = store.read(job), record(job)
            assert kept is not None
            assert {name: kept[name] for name in ("key", "seed", "decisions", "made", "processor")} == {
                name: made[name] for name in ("key", "seed", "decisions", "made", "processor")
            }
            for name, value in made["scores"].items():
                assert kept["scores"][name] == (value if value is None else pytest.approx(value, rel=1e-5))
    long = collect(study, store)[1]
    assert reached_of(long, 0.5).decisions == (None, 1_234_567)
    assert reached_of(long, 0.6).decisions == (None, 5)  # on the curve


@pytest.mark.parametrize("spoilt", ["small,short", "<<<<<<< ours", "small,short,zero,300,7,1,1,1,,1.5,a,b"])
def test_a_line_that_is_not_whole_is_no_result(spoilt, clone):
    table = clone.parent / "small" / TABLE
    head, _, *rest = table.read_text().splitlines()
    table.write_text("\n".join([head, spoilt, *rest]) + "\n")
    study = load_study(clone)
    store = Store(default_folder(study))
    assert [job.seed for job in jobs_of(study, study.rows[0]) if store.read(job) is None] == [0]
    summary = run_jobs(
        [jobs_of(study, study.rows[0])[0]], store, Report(), 1, run=lambda job, _: Finished(job, record(job))
    )
    assert summary.ran == 1
    assert [store.read(job) is None for job in jobs_of(study, study.rows[0])] == [False, False]


def test_the_kept_curves_of_a_large_study_are_small(clone):
    size = (clone.parent / "small" / CURVES).stat().st_size
    assert size / 4 * 100 < 100_000  # of a hundred seeds


# --- the page


def test_the_time_of_all_studies_is_summed_from_their_tables(clone):
    text = budget(clone.parent)
    assert text.startswith("The 4 seeds that are stored took 0 minutes of a core")
    table = clone.parent / "small" / TABLE
    table.write_text(table.read_text().replace(",1.5,", ",1800,"))
    assert "took 120 minutes of a core" in budget(clone.parent)
    assert "in about 60 minutes on two cores (small 60)." in budget(clone.parent)
    page = clone.parent / "README.md"
    page.write_text(
        f"<!-- time of all studies -->\nold\n<!-- end of time of all studies -->\n{page.read_text()}"
    )
    run_study(load_study(clone))
    assert page.read_text().startswith(
        f"<!-- time of all studies -->\n\n{budget(clone.parent)}\n\n<!-- end of time of all studies -->\n"
    )


def test_the_page_of_the_experiments_tells_the_time_of_what_is_stored_and_maps_every_study():
    folder = ROOT / "experiments"
    text = (folder / "README.md").read_text()
    assert with_budget(text, folder) == text
    paper = text.partition("<!-- time of all studies -->")[0]
    for path in folder.glob("*.yaml"):
        assert f"[{path.stem}]({path.name})" in paper
