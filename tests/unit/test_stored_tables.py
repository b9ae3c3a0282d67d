"""The tables that are stored with the experiments are of the program and the settings that stand beside them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from neuro_rtrrl.studies.jobs import jobs_of
from neuro_rtrrl.studies.kept import CURVES, TABLE
from neuro_rtrrl.studies.load import load_study
from neuro_rtrrl.studies.study import default_folder

STUDIES = sorted((Path(__file__).parents[2] / "experiments").glob("*.yaml"))


def keys_in(path: Path) -> dict[tuple[str, int], str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {(line["row"], int(line["seed"])): line["key"] for line in csv.DictReader(file)}


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_key_of_a_stored_table_is_that_of_its_job_today(path):
    study = load_study(path)
    folder = default_folder(study)
    today = {(row.name, job.seed): job.key for row in study.rows for job in jobs_of(study, row)}
    stale = {}
    for name in (TABLE, CURVES):
        if (folder / name).is_file():
            stale |= {place: key for place, key in keys_in(folder / name).items() if today.get(place) != key}
    rows = ", ".join(dict.fromkeys(row for row, _ in stale))
    assert not stale, (
        f"run it again: neuro-rtrrl study experiments/{path.name} ({len(stale)} seeds of {rows})"
    )


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_seed_of_every_row_has_its_line(path):
    study = load_study(path)
    today = {(row.name, seed) for row in study.rows for seed in row.seeds}
    assert set(keys_in(default_folder(study) / TABLE)) == today
