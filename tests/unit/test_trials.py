"""The table of a run's trials, and recordings cut into them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("jax")

from neuro_rtrrl import load_results, simulate
from neuro_rtrrl.errors import CircuitError
from tests.protocols import CHANCE, CONDITIONING, circuit_of


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "kept"
    return simulate(circuit_of(CONDITIONING), decisions=70, seeds=2, out=folder)


def test_the_table_has_a_row_for_each_trial(run):
    table = run.trials
    first = table[table["seed"] == 0]
    assert first["trial"].tolist() == [0, 1, 2, 3, 4, 5]
    assert first["phase"].tolist() == ["first", "first", *["second"] * 4]
    assert first["type"].tolist() == ["paired", "paired", "omitted", "paired", "omitted", "paired"]
    assert first["start"].tolist() == [0, 13, 26, 39, 52, 65]
    assert first["decisions"].tolist() == [13] * 5 + [5]
    assert np.allclose(first["time"], np.arange(6) * 1.3)
    assert np.allclose(first["light"], 0.2)
    assert np.array_equal(first["tone"], [np.nan, np.nan, 0, np.nan, 0, np.nan], equal_nan=True)
    assert first["reward"].tolist() == [2, 2, 0, 2, 0, 0]
    assert np.allclose(first["reward_time"][[0, 1, 3]], 0.6)


def test_the_table_of_kept_results_is_the_same(run):
    assert load_results(run.folder).trials.equals(run.trials)


def test_a_recording_is_cut_at_the_event(run):
    cut = run.aligned("reward", "light", window=("-0.2 s", "0.5 s"), type="paired")
    assert cut.dims == ("seed", "trial", "time")
    assert np.allclose(cut["time"], np.arange(-2, 6) * 0.1)
    whole = run["reward"].values
    for row, start in enumerate([0, 13, 39]):
        assert np.array_equal(cut.values[:, row], whole[:, start : start + 8])
    assert cut["number"].values.tolist() == [[0, 1, 3, 5]] * 2
    assert np.isnan(cut.values[:, 3, 5:]).all()  # the run ends there
    assert (cut.sel(time=0.4, method="nearest").values[:, :3] == 2).all()


def test_values_before_the_run_are_missing(run):
    cut = run.aligned("dopamine", "trial", window=("-0.3 s", "0 s"), phase="first")
    assert np.isnan(cut.values[:, 0, :3]).all()
    assert not np.isnan(cut.values[:, 0, 3:]).any()


def test_trials_without_the_event_are_left_out_and_seeds_may_differ():
    result = simulate(circuit_of(CHANCE), decisions=900, seeds=3)
    cut = result.aligned("observation", "tone", window=(0.0, 0.2), phase="drawn")
    table = result.trials[lambda table: (table["phase"] == "drawn") & (table["type"] == "moved")]
    counts = [int(np.sum(table["seed"] == seed)) for seed in range(3)]
    assert len(set(counts)) > 1
    assert (cut["number"].values >= 0).sum(axis=1).tolist() == counts
    tone = cut.sel(entry="tone").values
    for row, count in enumerate(counts):
        assert (tone[row, : count - 1, :2] == 2).all()
        assert np.isnan(tone[row, count:]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"to": "ligt"}, "nothing called 'ligt' happens in a trial"),
        ({"phase": "frist"}, "no trials of phase 'frist'"),
        ({"type": "pared"}, "no trials of type 'pared'"),
        ({"to": "tone", "type": "paired"}, "no such trials with 'tone'"),
        ({"window": ("1", "2 s")}, "this is no time"),
    ],
)
def test_what_is_not_there_is_told(run, options, message):
    with pytest.raises(CircuitError, match=message):
        run.aligned("dopamine", **options)


def test_a_run_without_a_protocol_or_its_observation_has_no_trials():
    circuit = circuit_of(CONDITIONING)
    with pytest.raises(CircuitError, match="was not recorded"):
        _ = simulate(circuit.replace(record=()), decisions=4, seeds=1).trials
    from pathlib import Path

    from neuro_rtrrl import load

    plain = load(Path(__file__).parents[2] / "circuits" / "bg.yaml", ["record=[{variable: observation}]"])
    with pytest.raises(CircuitError, match="followed no protocol"):
        _ = simulate(plain, decisions=4, seeds=1).trials
