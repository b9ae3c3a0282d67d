"""Joules and seconds to a criterion."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

import neuro_rtrrl as nr
from neuro_rtrrl.cli.criterion import reached_in
from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.ledger import load_profile
from neuro_rtrrl.ledger.criterion import Reached, duration, to_criterion
from neuro_rtrrl.studies.jobs import jobs_of
from neuro_rtrrl.studies.joules import HEADS, as_csv, as_dict, as_markdown, cells_of, joules_of
from neuro_rtrrl.studies.load import load_study
from neuro_rtrrl.studies.scores import BINS
from neuro_rtrrl.studies.store import Store

BG = "circuits/bg.yaml"


@pytest.fixture(scope="module")
def report():
    return nr.cost(nr.load(BG), "spinnaker2")


def cost(report, *decisions):
    return to_criterion(report.energy, report.latency, Reached(0.9, decisions), 0.02)


def test_joules_are_decisions_times_the_energy_of_one(report):
    found = cost(report, 100, 300, 200)
    assert found.reached.median == 200
    assert found.joules["nominal"] == pytest.approx(200 * report.energy.total["nominal"])
    assert found.powered["nominal"] == pytest.approx(200 * report.energy.powered["nominal"])
    assert found.model_seconds == pytest.approx(4.0)
    assert found.lower_bound
    assert found.weakest == report.energy.weakest
    assert set(found.unpriced) == {item.event for item in report.unpriced}


def test_a_seed_that_never_gets_there_is_later_than_all_others(report):
    assert cost(report, 100, None, 200).reached.median == 200
    never = cost(report, 100, None, None)
    assert never.reached.median is None
    assert set(never.joules.values()) == {None}
    assert never.energy_text() == "never"


def test_no_price_gives_no_joules():
    report = nr.cost(nr.load(BG), "xylo")
    found = cost(report, 100)
    assert set(found.joules.values()) == {None}
    assert found.energy_text() == "no price"


def test_a_device_waits_for_the_next_decision_or_is_late(report):
    assert cost(report, 100).device_seconds["low"] == pytest.approx(100 * 0.02)
    assert cost(report, 100).device_seconds["high"] is None  # not every event has a published time
    late = nr.cost(nr.load(BG, ["plasticity.cortical.rule=rtrl_td"]), "cortex_m4")
    assert late.latency.verdict == "does not keep up"
    slow = cost(late, 100)
    assert slow.device_seconds["low"] == pytest.approx(100 * late.latency.low)
    assert slow.powered["nominal"] is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.02, "20 ms"), (20, "20 s"), (1333, "22.2 min"), (8000, "2.22 h"), (4e5, "4.63 days")],
)
def test_times_are_said_as_people_say_them(seconds, text):
    assert duration(seconds) == text


def test_the_decisions_of_a_run_are_those_of_its_episodes(tmp_path):
    circuit = nr.load(BG)
    nr.simulate(circuit, decisions=3000, seeds=2, out=tmp_path / "run")
    table = nr.load_results(tmp_path / "run").episodes.table
    easy, never = (reached_in(str(tmp_path / "run"), circuit, each) for each in (-1.0, 2.0))
    assert never.decisions == (None, None)
    # every return is as good as that, so the first hundred episodes are enough
    assert easy.decisions == tuple(int(table.end[table.seed == seed][99]) + 1 for seed in (0, 1))


# --- studies


@pytest.fixture
def study(tmp_path):
    circuits = tmp_path / "circuits"
    circuits.mkdir()
    (circuits / "bg.yaml").write_text(Path(BG).read_text())
    file = tmp_path / "small.yaml"
    file.write_text(
        "study: small\nformat: 1\ndecisions: 6000\nseeds: 3\nrows:\n"
        "  scored: {circuit: circuits/bg.yaml, criterion: 0.5}\n"
        "  curve: {circuit: circuits/bg.yaml}\n"
        "  ppo: {circuit: circuits/bg.yaml, baseline: ppo_lstm}\n"
    )
    return load_study(file)


def stored(study) -> Store:
    """Store made-up results: seed k of each row reaches 0.5 in the part k + 1 of its curve, the last one never."""
    store = Store(study.path.parent / study.name)
    for row in study.rows:
        for number, job in enumerate(jobs_of(study, row)):
            good = number + 1 if number < 2 else BINS
            curve = [0.0] * good + [0.6] * (BINS - good)
            scores = {"best": 0.6, "final": 0.6, "area": 0.5, "episodes": 300}
            if job.criterion is not None:
                scores |= {"reached": 50 * (number + 1), "reached_episodes": 5}
            store.write(
                job,
                {
                    **{name: getattr(job, name) for name in ("key", "row", "seed", "decisions", "circuit")},
                    "made": job.decisions,
                    "scores": scores,
                    "curve": curve,
                    "wall_seconds": 1.0,
                },
            )
    return store


def test_a_row_that_was_scored_by_the_criterion_is_taken_at_its_word(study):
    costs = joules_of(study, stored(study), [load_profile("spinnaker2")], 0.5)
    scored, curve, ppo = costs
    assert scored.cost.reached == Reached(0.5, (50, 100, 150))
    assert curve.cost.reached == Reached(0.5, (200, 300, None), resolution=100)
    assert ppo.cost is None
    assert "baseline" in ppo.reason


def test_a_return_that_no_job_was_scored_by_is_read_off_the_curve(study):
    costs = joules_of(study, stored(study), [load_profile("loihi1")], 0.6)
    assert costs[0].cost.reached == Reached(0.6, (200, 300, None), resolution=100)  # as high is high enough
    assert joules_of(study, stored(study), [load_profile("loihi1")], 0.7)[0].cost.reached.median is None


def test_a_table_says_of_every_joule_where_it_is_from(study):
    profiles = [load_profile(name) for name in ("spinnaker2", "xylo")]
    costs = joules_of(study, stored(study), profiles, 0.5)
    table, lines = as_markdown(study, costs), as_csv(study, costs).splitlines()
    assert "Scholze" in table
    assert "Not costed: " in table
    assert "≤ 300" in table
    assert len({line.count(",") for line in lines if '"' not in line}) == 1
    assert all(len(cells_of(each)) == len(HEADS) for each in costs)
    document = json.loads(json.dumps(as_dict(study, costs), allow_nan=False))
    assert [row["row"] for row in document["rows"]] == ["scored", "curve", "ppo"] * 2
    assert all(
        row.get("joules", {}).get("nominal") is None for row in document["rows"] if row["profile"] == "xylo"
    )


def test_a_study_of_which_nothing_is_stored_is_refused(study):
    with pytest.raises(CircuitError, match="stored"):
        joules_of(study, Store(study.path.parent / "nothing"), [load_profile("loihi1")], 0.5)


def test_the_median_is_that_of_numpy_where_all_get_there():
    decisions = tuple(int(each) for each in np.random.default_rng(0).integers(1, 10**6, 8))
    assert math.isclose(Reached(0.9, decisions).median, float(np.median(decisions)))
