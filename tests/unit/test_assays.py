"""Assays: measures by hand, gates that pass and fail, and what is written beside the file."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax")

from neuro_rtrrl.assays import find_assays, load_assay, verify
from neuro_rtrrl.assays.expectations import evaluate, parse_expression
from neuro_rtrrl.assays.measures import measured
from neuro_rtrrl.assays.runner import gates_of
from neuro_rtrrl.assays.spec import Measure
from neuro_rtrrl.assays.table import made_of, read_table
from neuro_rtrrl.cli import main
from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.simulation import simulate
from tests.protocols import CONDITIONING, circuit_of, document

ROOT = Path(__file__).parents[2]
ASSAY = """
assay: reward_seen
format: 1
title: The reward is where the protocol has it
circuit: watcher.yaml
seeds: 2
protocol:
  stimuli: [light, tone]
  duration: 1 s
  types:
    paired: {events: [{stimulus: light, at: 0.2 s, for: 0.3 s}, {reward: 2, at: 0.6 s}]}
  interval: 0.3 s
  phases: [{name: only, trials: 8, types: paired}]
measures:
  reward: {of: reward, to: light, window: [0 s, 0.5 s], statistic: peak}
  when: {of: reward, to: light, window: [0 s, 0.5 s], statistic: latency}
  dopamine: {of: dopamine, to: reward, window: [0 s, 0 s], trials: first 2}
expect:
  it_comes: reward == 2 and abs(when - 0.4) < 1e-9
  dopamine_answers: dopamine > 1
controls:
  no_dopamine: {set: [neuromodulators.dopamine.gain=0], fails: [dopamine_answers]}
figure:
  - {title: each trial, heatmap: dopamine, to: light, window: [-0.1 s, 0.6 s]}
  - {average: dopamine, to: light, window: [0 s, 0.6 s], lines: {first: {trials: 0}, last: {trials: last 1}}}
  - {title: measures, bars: [reward, dopamine]}
"""


@pytest.fixture
def assay(tmp_path) -> Path:
    folder = tmp_path / "experiments" / "Nobody_1900"
    folder.mkdir(parents=True)
    (folder / "watcher.yaml").write_text(document(CONDITIONING), encoding="utf-8")
    (folder / "reward_seen.yaml").write_text(ASSAY.strip(), encoding="utf-8")
    return folder / "reward_seen.yaml"


def test_measures_are_what_one_reads_from_the_recording():
    result = simulate(circuit_of(CONDITIONING), decisions=13 * 6, seeds=2)
    dopamine = result["dopamine"].values
    starts = np.array([0, 13, 39, 65])  # the paired trials; the reward comes in decision 6

    def found(**keys):
        given = {"of": "dopamine", "to": "trial", "window": ["0.5 s", "0.7 s"], "type": "paired", **keys}
        return measured(result, Measure.model_validate(given))

    window = np.stack([dopamine[:, start + 5 : start + 8] for start in starts], axis=1)
    assert np.allclose(found(), window.mean(axis=(1, 2)))
    assert np.allclose(found(statistic="peak"), window.max(axis=2).mean(axis=1))
    assert np.allclose(found(statistic="minimum"), window.min(axis=2).mean(axis=1))
    assert np.allclose(found(statistic="area"), 0.1 * window.sum(axis=2).mean(axis=1))
    assert np.allclose(found(statistic="latency"), 0.6)
    assert np.allclose(found(trials="last 2"), window[:, 2:].mean(axis=(1, 2)))
    assert np.allclose(found(trials="1-2"), window[:, 1:3].mean(axis=(1, 2)))
    means = window.mean(axis=2)
    assert np.allclose(found(statistic="slope"), [np.polyfit(range(4), row, 1)[0] for row in means])
    bound = (means[:, 1] + means[:, 2]).mean() / 2
    assert found(statistic="first", below=bound).tolist() == [2, 2]
    assert found(statistic="first", above=100).tolist() == [np.inf, np.inf]


def test_expectations_are_trees_and_never_code():
    values = {"a": np.array([1.0, 3.0]), "b": np.array([2.0, 2.0])}
    assert evaluate(parse_expression("a > b and not b < 0"), values).tolist() == [False, True]
    assert evaluate(parse_expression("abs(a - b) <= 1"), values).tolist() == [True, True]
    assert evaluate(parse_expression("a/(b - 2) < 5"), values).tolist() == [False, False]


def test_gates_pass_where_they_should_and_the_files_are_beside_the_assay(assay):
    verdict = verify(load_assay(assay))
    assert verdict.passed
    assert [(gate.variant, gate.expectation, sum(gate.held)) for gate in verdict.gates] == [
        ("intact", "it_comes", 2),
        ("intact", "dopamine_answers", 2),
        ("no_dopamine", "dopamine_answers", 0),
    ]
    said, rows = (assay.parent / "reward_seen.csv").read_text().splitlines()[:2], []
    assert [line.split()[:2] for line in said] == [["#", "circuits"], ["#", "measures"]]
    with (assay.parent / "reward_seen.csv").open() as stream:
        rows = list(csv.reader(stream))[2:]
    assert rows[0] == ["variant", "measure", "seed 0", "seed 1"]
    assert rows[1] == ["intact", "reward", "2", "2"]
    assert len(rows) == 7
    kept = read_table(assay.parent / "reward_seen.csv")
    assert kept.measures["no_dopamine"].keys() == {"reward", "when", "dopamine"}
    assert kept.made_of == made_of(load_assay(assay))
    assert (assay.parent / "reward_seen.png").stat().st_size > 10_000


CHANGES = {
    "the circuit": ("watcher.yaml", "discount: 0.98", "discount: 0.9", "circuits"),
    "a control": ("reward_seen.yaml", "gain=0]", "gain=0.1]", "circuits"),
    "the protocol": ("reward_seen.yaml", "at: 0.6 s", "at: 0.7 s", "circuits"),
    "a measure": ("reward_seen.yaml", "statistic: peak", "statistic: mean", "measures"),
    "the number of trials": ("reward_seen.yaml", "trials: 8", "trials: 9", "circuits"),
    "an expectation": ("reward_seen.yaml", "dopamine > 1", "dopamine > 1.1", None),
    "the figure": ("reward_seen.yaml", "title: measures", "title: numbers", None),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_table_that_was_made_of_something_else_is_known_as_such(assay, case):
    file, old, new, what = CHANGES[case]
    before, text = made_of(load_assay(assay)), (assay.parent / file).read_text()
    assert old in text
    (assay.parent / file).write_text(text.replace(old, new, 1))
    after = made_of(load_assay(assay))
    changed = {name for name in after if after[name] != before[name]}
    assert (what in changed) if what else not changed


def test_an_expectation_that_holds_without_its_mechanism_fails_the_assay(assay):
    text = assay.read_text().replace("fails: [dopamine_answers]", "fails: [it_comes]")
    assay.write_text(text)
    verdict = verify(load_assay(assay))
    assert not verdict.passed
    assert [gate.passed for gate in verdict.gates] == [True, True, False]


def test_a_majority_of_seeds_is_enough_where_the_file_says_so(assay):
    text = assay.read_text().replace("reward == 2", "dopamine > SPLIT")
    values = verify(load_assay(assay)).measures["intact"]["dopamine"]
    assert values[0] == values[1]  # this circuit begins with weights of 0: no seed differs
    assay.write_text(
        text.replace("SPLIT", f"{values[0] + 1:.3f}").replace("seeds: 2", "seeds: 2\nmajority: 1")
    )
    assert not verify(load_assay(assay)).passed


def test_the_command_lists_runs_and_exits_with_1_where_a_gate_fails(assay, monkeypatch, capsys):
    monkeypatch.chdir(assay.parents[2])
    assert find_assays() == (Path("experiments/Nobody_1900/reward_seen.yaml"),)
    assert exit_code("verify", "--list", "--json") == 0
    assert json.loads(capsys.readouterr().out)["assays"][0]["assay"] == "reward_seen"
    assert exit_code("verify", "Nobody_1900", "--json") == 0
    out = json.loads(capsys.readouterr().out)
    assert out["passed"]
    assert out["assays"][0]["measures"]["intact"]["reward"] == [2, 2]
    assay.write_text(assay.read_text().replace("reward == 2", "reward == 3"))
    assert exit_code("verify", "reward_seen") == 1
    assert "FAIL" in capsys.readouterr().out
    assert exit_code("verify", "Nobody_1901") == 2
    assert "there is no assay 'Nobody_1901'" in capsys.readouterr().err


def test_fewer_seeds_are_a_try_that_leaves_the_kept_table_alone(assay, monkeypatch, capsys):
    monkeypatch.chdir(assay.parents[2])
    assert exit_code("verify", "reward_seen", "--seeds", "1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["assays"][0]["seeds"] == [0]
    assert {each.name for each in assay.parent.iterdir()} == {"watcher.yaml", "reward_seen.yaml"}
    assert exit_code("verify", "reward_seen", "--seeds", "3", "--out", "tried") == 0
    assert "3 of 3 seeds" in capsys.readouterr().out
    assert len(read_table("tried/reward_seen.csv").measures["intact"]["reward"]) == 3


def test_a_majority_goes_with_the_number_of_seeds(assay):
    text = assay.read_text()
    assay.write_text(text.replace("seeds: 2", "seeds: 5\nmajority: 4"))
    found = load_assay(assay)
    assert [found.of_seeds(count).majority for count in (1, 2, 4, 5, 10)] == [1, 2, 4, 4, 8]


def test_what_is_no_assay_is_called_what_it_is(assay, monkeypatch, capsys):
    monkeypatch.chdir(assay.parents[2])
    circuit = str(assay.parent / "watcher.yaml")
    assert exit_code("verify", circuit) == 2
    told = capsys.readouterr().err
    assert "this is a circuit, not an assay" in told
    assert told.count("hint:") == 1
    assert f"{circuit}:2:1" in told
    Path("notes.md").write_text("# assay: none\n")
    assert exit_code("verify", "notes.md") == 2
    assert "notes.md is no assay file" in capsys.readouterr().err


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


GAIN = "neuromodulators.dopamine.gain"
WRONG = {
    "an unknown measure": ("dopamine > 1", "§dopamin > 1", "there is no measure 'dopamin'"),
    "no comparison": ("dopamine > 1", "§dopamine + 1", "an expectation is true or false"),
    "no expression": ("dopamine > 1", "§dopamine >", "is not an expression"),
    "code": ("dopamine > 1", "§__import__('os')", ""),
    "an unknown phase": ("trials: first 2}", "phase: §onyl}", "there is no phase 'onyl'"),
    "an unknown event": ("to: reward, window", "to: §rewrad, window", "there is no event 'rewrad'"),
    "an unknown expectation": ("fails: [dopamine_answers]", "fails: [§answers]", "there is no expectation 'answers'"),
    "an unknown variable": ("of: reward,", "of: §rewrad,", "there is nothing called 'rewrad' to record"),
    "an unknown circuit": ("circuit: watcher.yaml", "circuit: §watchr.yaml", "there is no such circuit file"),
    "a wrong override": (f"[{GAIN}=0]", "[§neuromodulators.dopamin.gain=0]", "there is no 'dopamin' here"),
    "an impossible override": (f"[{GAIN}=0]", f"[§{GAIN}=-1]", ""),
    "a wrong protocol": ("at: 0.6 s", "at: §0.65 s", "whole multiple of the decision interval"),
    "an unknown key": ("statistic: peak", "§statistics: peak", "the key 'statistics' is not known here"),
    "an unknown statistic": ("statistic: peak", "statistic: §max", "'statistic' must be one of the values below"),
    "a window without units": ("window: [0 s, 0 s]", "window: [§0, 0 s]", "a time with its unit is due here"),
    "trials that are none": ("trials: first 2", "trials: §some", "this does not say which trials"),
    "a run that does not end": (", trials: 8,", ",", "how long is a run?"),
    "a panel that is none": ("bars: [reward, dopamine]", "bar: [reward]", ""),
    "a measure of a panel": ("bars: [reward, dopamine]", "bars: [reward, §dopamin]", "there is no measure 'dopamin'"),
    "more than all seeds": ("seeds: 2", "seeds: 2\nmajority: §3", "there are 2 seeds"),
    "an unknown run": ("trials: first 2}", "run: §other}", "there is no run 'other'"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_assay_is_told_in_its_place(assay, case):
    old, new, message = WRONG[case]
    text = ASSAY.strip()
    assert old in text
    text = text.replace(old, new, 1)
    assay.write_text(text.replace("§", ""), encoding="utf-8")
    with pytest.raises(CircuitError) as caught:
        load_assay(assay)
    problem = caught.value.problems[0]
    assert message in problem.message
    if "§" in text:
        before = text[: text.index("§")]
        place = before.count("\n") + 1, len(before) - before.rfind("\n")
        assert problem.location is not None
        assert (problem.location.line, problem.location.column) == place
        assert Path(problem.location.file) == assay


CAUSES = {
    "a control": (
        "controls:\n",
        "controls:\n  all_light: {set: [environment.protocol.phases.0.trials=4, §CHANGE], fails: [it_comes]}\n",
        ("control 'all_light': environment.protocol.types.paired.events.1", "'light' is shown already"),
        "controls.all_light.set.1",
    ),
    "a run": (
        "measures:\n",
        "runs:\n  plain: {}\n  lit: {set: [§CHANGE]}\nmeasures:\n",
        ("run 'lit': environment.protocol.types.paired.events.1", "'light' is shown already"),
        "runs.lit.set.0",
    ),
    "neither": ("stimulus: tone", "stimulus: §light", ("'light' is shown already",), "events.1"),
}


@pytest.mark.parametrize("case", CAUSES)
def test_what_a_control_or_a_run_makes_wrong_is_told_with_its_name_at_its_place(assay, case):
    old, new, messages, where = CAUSES[case]
    text = ASSAY.strip().replace("{reward: 2", "{stimulus: tone, at: 0.3 s, for: 0.1 s}, {reward: 2")
    assay.write_text(text)
    load_assay(assay)
    text = text.replace(
        old, new.replace("CHANGE", "environment.protocol.types.paired.events.1.stimulus=light"), 1
    )
    assay.write_text(text.replace("§", ""))
    with pytest.raises(CircuitError) as caught:
        load_assay(assay)
    (problem,) = caught.value.problems
    assert all(message in problem.message for message in messages), problem
    assert where in problem.where
    before = text[: text.index("§")]
    assert problem.location is not None
    assert problem.location.line == before.count("\n") + 1
    assert (case == "neither") == (not problem.message.startswith(("control", "run")))


@pytest.mark.parametrize("path", find_assays(ROOT / "experiments"), ids=lambda path: path.stem)
def test_every_assay_of_this_repository_is_sound_and_its_table_passes_its_gates(path):
    assay = load_assay(path)
    assert assay.spec.controls, "an expectation that cannot fail shows nothing"
    assert path.with_suffix(".png").exists()
    table = read_table(path.with_suffix(".csv"))
    assert table.made_of == made_of(assay), (
        f"circuit, program or measures have changed: neuro-rtrrl verify {path}"
    )
    kept = table.measures
    assert all(len(values) == len(assay.seeds) for found in kept.values() for values in found.values())
    assert kept.keys() == {"intact", *assay.spec.controls}
    if assay.program is None:  # a program names its measures itself
        assert all(found.keys() == assay.spec.measures.keys() for found in kept.values())
    gates = gates_of(assay, kept)
    assert all(gate.passed for gate in gates)
    assert {gate.variant for gate in gates} == kept.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Schultz_1997/cue_shift", "Schultz_1997/omission_dip"])
def test_the_table_of_an_assay_is_what_its_run_gives(name, tmp_path):
    assay = load_assay(ROOT / "experiments" / f"{name}.yaml")
    verdict = verify(assay, tmp_path)
    assert verdict.passed
    for variant, kept in read_table(ROOT / "experiments" / f"{name}.csv").measures.items():
        for measure, values in kept.items():
            found = verdict.measures[variant][measure]
            assert np.allclose(found, values, rtol=1e-3, atol=1e-3), (variant, measure)
