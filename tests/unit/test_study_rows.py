"""Rows of a study beyond a circuit that learns: evaluations apart, baselines, interventions, a criterion."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl import load, simulate
from neuro_rtrrl.backends.jax.network import Network
from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.programs import make_environment
from neuro_rtrrl.studies.contestant import LaneEpisodes
from neuro_rtrrl.studies.evaluation import Evaluator, held
from neuro_rtrrl.studies.jobs import Finished, jobs_of, run_job
from neuro_rtrrl.studies.load import load_study
from neuro_rtrrl.studies.scores import median_reached, reached, score
from neuro_rtrrl.studies.store import Store
from neuro_rtrrl.studies.table import as_csv, as_markdown, collect

ROOT = Path(__file__).parents[2]
HEAD = "study: rows\nformat: 1\nseeds: 1\ndecisions: 300\nwindow: 5\n"
ROW = "  plain: {circuit: bg.yaml}\n"
SENSES = "populations.sensory={neuron: normalised_input, encodes: [observation, action, reward]}"
SMALL = ("populations.cortex.size=8", "record=[]", "environment.parameters.memory_length=2")


@pytest.fixture
def study(tmp_path):
    """Return a function that writes and loads a study."""
    (tmp_path / "bg.yaml").write_text((ROOT / "circuits" / "bg.yaml").read_text())

    def write(rows: str, head: str = ""):
        (tmp_path / "rows.yaml").write_text(f"{HEAD}{head}rows:\n{rows}")
        return load_study(tmp_path / "rows.yaml")

    return write


def job_of(study, row: int = 0):
    return jobs_of(study, study.rows[row])[0]


# --- evaluation


@pytest.fixture(scope="module")
def learned():
    circuit = load(ROOT / "circuits" / "bg.yaml", [*SMALL, SENSES])
    return circuit, simulate(circuit, decisions=300, seeds=[3])


def test_evaluated_is_the_first_episode_of_each_with_nothing_learned_and_the_statistics_of_training(learned):
    """Trap 4: an oracle beside the evaluator, from recordings of a frozen run that starts as it does."""
    circuit, result = learned
    evaluator = Evaluator(circuit, 3, "float32", episodes=6, longest=300)
    returns = evaluator.returns(result.state)
    program = evaluator._program
    key = "sensory_to_cortex.w"
    for name in (key, "cortex.tau", "sensory.mean", "sensory.spread", "sensory.count"):
        for row in program.state()[name]:  # after the episodes still what training left
            np.testing.assert_array_equal(row, result.state[name][0], err_msg=name)
    record = ("sensory.observed", "sensory.r", "dorsal_striatum.r", "action")
    initials = [{name: result.state[name][0] for name in evaluator._lasting}] * 6
    again = JaxProgram(
        program.circuit, make_environment(circuit), program.seeds, "float32", record, initials=initials
    )
    chunk = again.advance(40)
    expected = []
    for index in range(6):
        end = int((chunk.terminated | chunk.truncated)[index].argmax())
        expected.append(chunk.reward[index, : end + 1].sum())
    np.testing.assert_allclose(returns, expected)
    state = {name: result.state[f"sensory.{name}"][0] for name in ("mean", "spread", "count")}
    scaled = (chunk.records["sensory.observed"] - state["mean"]) / np.sqrt(
        state["spread"] / state["count"] + 1e-8
    )
    np.testing.assert_allclose(chunk.records["sensory.r"], np.clip(scaled, -5, 5), rtol=1e-4, atol=1e-5)
    chosen = chunk.records["action"].reshape(6, -1).astype(int)
    best = chunk.records["dorsal_striatum.r"].argmax(axis=-1)
    assert (chosen != best).any(), "actions are sampled"


def test_statistics_that_went_on_in_evaluation_would_be_seen(learned):
    """Trap 4, the mistake put back: the plain frozen circuit goes on adapting."""
    circuit, result = learned
    evaluator = Evaluator(circuit, 3, "float32", episodes=2, longest=300)
    evaluator.returns(result.state)
    initials = [{name: result.state[name][0] for name in evaluator._lasting}] * 2
    adapting = replace(
        evaluator._program.circuit,
        populations={**evaluator._program.circuit.populations, **circuit.populations},
    )
    program = JaxProgram(adapting, make_environment(circuit), (1, 2), "float32", (), initials=initials)
    program.advance(40)
    assert np.any(program.state()["sensory.mean"] != result.state["sensory.mean"])


@pytest.mark.parametrize("kernel", ["auto", "xla"])
def test_a_circuits_set_up_is_compiled_once_for_all_seeds_and_beginnings(kernel, monkeypatch):
    circuit, traced = load(ROOT / "circuits" / "bg.yaml", SMALL).freeze(), []
    setup = Network.setup
    monkeypatch.setattr(Network, "setup", lambda self, values: traced.append(1) or setup(self, values))
    program = JaxProgram(circuit, make_environment(circuit), (1, 2, 3), "float32", (), kernel=kernel)
    program.begin([{}, {}, {}], 100)
    assert len(traced) == 1


def test_evaluations_differ_in_noise_and_leave_training_as_it_is(study):
    plain = run_job(job_of(study(ROW)))
    evaluated = run_job(job_of(study(ROW, "evaluation: {every: 100, episodes: 4}\n")))
    assert isinstance(plain, Finished)
    assert isinstance(evaluated, Finished)
    assert len(evaluated.record["evaluations"]) == 3
    assert len(set(evaluated.record["evaluations"])) > 1
    assert evaluated.record["scores"]["best_evaluation"] == max(evaluated.record["evaluations"])
    for name, value in plain.record["scores"].items():
        assert evaluated.record["scores"][name] == value
    assert evaluated.record["curve"] == plain.record["curve"]


def test_what_is_published_stands_beside_the_best_evaluation(study, tmp_path):
    loaded = study(
        "  plain: {circuit: bg.yaml, criterion: 0.5, published: {median_best: 0.7}}\n",
        "evaluation: {every: 100}\n",
    )
    text = as_markdown(loaded, collect(loaded, Store(tmp_path / "out")))
    assert "| area | reached | best evaluation | published |" in text
    assert "*published*: best evaluation" in text
    plain = study("  plain: {circuit: bg.yaml, published: {median_best: 0.7}}\n")
    assert "*published*: best, and" in as_markdown(plain, collect(plain, Store(tmp_path / "out")))


def test_patience_ends_a_run_and_its_scores_are_of_what_was_made(study, monkeypatch):
    values = iter([0.5, 0.2, 0.4, 0.9, 1.0])
    monkeypatch.setattr(Evaluator, "returns", lambda self, state: np.array([next(values)]))
    loaded = study(ROW, "evaluation: {every: 50, episodes: 4, patience: 2}\n")
    outcome = run_job(job_of(loaded))
    assert isinstance(outcome, Finished)
    assert outcome.record["evaluations"] == [0.5, 0.2, 0.4]
    assert (outcome.record["decisions"], outcome.record["made"]) == (300, 150)
    assert outcome.record["scores"]["final"] is not None


def test_a_held_circuit_keeps_its_choices_and_no_statistics(learned):
    circuit, _ = learned
    still = held(circuit)
    assert still.frozen
    assert "count = " not in still.populations["sensory"].model.on_observation
    assert "r = clip(" in still.populations["sensory"].model.on_observation
    assert still.populations["cortex"].model is circuit.populations["cortex"].model


# --- a criterion


def test_reached_is_the_end_of_the_first_window_whose_mean_is_enough():
    total, end = np.array([0.0, 1.0, 0.0, 1.0, 1.0, 0.0]), np.array([3, 9, 14, 20, 22, 30])
    assert reached(total, end, 2, 1.0) == (23, 5)
    assert reached(total, end, 1, 1.0) == (10, 2)
    assert reached(total, end, 2, 1.1) is None
    assert reached(total, end, 7, 0.0) is None


def test_never_is_later_than_any_decision():
    assert median_reached([100, None, 300]) == 300
    assert median_reached([100, None, None]) is None
    assert median_reached([]) is None


# --- baselines


def test_episodes_of_lanes_are_counted_by_hand():
    episodes = LaneEpisodes()
    flags = np.array([[0, 1, 0, 0, 1, 0], [0, 0, 0, 1, 0, 0]], bool)
    reward = np.arange(12.0).reshape(2, 6)
    for part in (slice(0, 3), slice(3, 6)):  # cut through the middle of episodes
        episodes.add(reward[:, part], flags[:, part])
    total, end, length = episodes.columns()
    # lane 0 ends in ticks 1 and 4, lane 1 in tick 3; decision = tick * 2 + lane
    assert end.tolist() == [2, 7, 8]
    assert total.tolist() == [0 + 1, 6 + 7 + 8 + 9, 2 + 3 + 4]
    assert length.tolist() == [2, 4, 3]
    assert episodes.made == 12
    assert score(total, end, 12, 1, length).area == pytest.approx((2 * 1 + 4 * 30 + 3 * 9) / 9)


def test_a_baseline_takes_the_place_of_the_circuit(study, monkeypatch, tmp_path):
    asked = []

    def run(environment, algorithm, seed, decisions, settings, on_chunk):
        asked.append((environment.name, algorithm, seed, decisions, settings))
        on_chunk(np.ones((2, 150)), np.arange(300).reshape(2, 150) % 10 == 9)

    monkeypatch.setattr("neuro_rtrrl.baselines.run_baseline", run)
    loaded = study(
        "  ppo: {circuit: bg.yaml, baseline: ppo_lstm, settings: {lanes: 4}, criterion: 10}\n" + ROW
    )
    job = job_of(loaded)
    assert job.key != job_of(loaded, 1).key
    assert job.key != replace(job, baseline="ppo_ctrnn").key != replace(job, settings=()).key
    outcome = run_job(job)
    assert isinstance(outcome, Finished), outcome
    assert asked == [("MemoryChain-bsuite", "ppo_lstm", 0, 300, {"lanes": 4})]
    assert outcome.record["scores"] == {
        "best": 10.0, "final": 10.0, "area": 10.0, "episodes": 30, "reached": 59, "reached_episodes": 5,
    }  # fmt: skip
    store = Store(tmp_path / "out")
    store.write(job, outcome.record)
    assert store.read(job) is not None
    results = collect(loaded, store)
    assert "| 59 (≥ 10) |" in as_markdown(loaded, results)
    assert as_csv(loaded, results).splitlines()[0].count("reached") == 1


# --- interventions


def test_a_row_may_have_interventions_of_its_circuit(study):
    loaded = study("  lesioned: {circuit: bg.yaml, interventions: [depletion]}\n" + ROW)
    lesioned, plain = job_of(loaded, 0), job_of(loaded, 1)
    assert lesioned.key != plain.key
    assert lesioned.load().neuromodulators["dopamine"].parameters["gain"] == pytest.approx(0.2)
    assert lesioned.load() == loaded.rows[0].circuit


# --- what was there keeps its name


def test_what_a_study_does_not_ask_for_is_no_part_of_its_jobs(study):
    job = job_of(study(ROW))
    assert job_of(study(ROW, "evaluation: {every: 100}\n")).key != job.key
    assert job_of(study(ROW, "criterion: 1\n")).key != job.key
    assert json.dumps([]) not in job.file
    assert replace(job, interventions=()).key == job.key


# --- wrong rows

WRONG = {
    "evaluation": ("evaluation: {evry: 5}\n", ROW, "evaluation.every", "'every' is missing", ""),
    "episodes": ("evaluation: {every: 5, episodes: 0}\n", ROW, "evaluation.episodes", "whole number from 1", ""),
    "patience": ("evaluation: {every: 5, patience: soon}\n", ROW, "evaluation.patience", "whole number from 1", ""),
    "criterion": ("criterion: high\n", ROW, "criterion", "must be a number", ""),
    "no such baseline": (
        "", "  a: {circuit: bg.yaml, baseline: ppo_lstn}\n", "rows.a.baseline", "no baseline", "ppo_lstm"
    ),
    "no such setting": (
        "", "  a: {circuit: bg.yaml, baseline: ppo_lstm, settings: {lane: 3}}\n", "settings", "lane", "lanes"
    ),
    "settings of nobody": (
        "", "  a: {circuit: bg.yaml, settings: {lanes: 3}}\n", "rows.a.settings", "of a baseline", "baseline"
    ),
    "no such intervention": (
        "", "  a: {circuit: bg.yaml, interventions: [depletoin]}\n", "rows.a.interventions.0", "no intervention",
        "depletion",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_row_is_told_with_its_place_and_the_choices(case, study, tmp_path):
    head, rows, where, message, hint = WRONG[case]
    with pytest.raises(CircuitError) as error:
        study(rows, head)
    problem = next(each for each in error.value.problems if message in each.message)
    assert where in problem.where
    assert hint in problem.hint
    assert problem.location is not None
    assert problem.location.file == str(tmp_path / "rows.yaml")
    assert problem.location.line > 5
