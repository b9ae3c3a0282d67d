"""A protocol shows what its file says, and when: read by hand, and within what chance allows."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax")

from neuro_rtrrl import simulate
from neuro_rtrrl.programs import make_environment
from tests.protocols import CHANCE, CONDITIONING, PRESSING, circuit_of

ROOT = Path(__file__).parents[2]
SURE = 4.5  # deviations: a sound protocol fails one test in a hundred thousand


def seen(circuit) -> tuple[str, ...]:
    assert circuit.environment is not None
    return circuit.environment.observation


def shown(protocol: str, decisions: int, seeds: int = 1):
    """Return the recorded observation of each seed, entry → (S, decisions), and the run."""
    result = simulate(circuit_of(protocol), decisions=decisions, seeds=seeds)
    observation = result["observation"]
    return {str(name): observation.sel(entry=name).values for name in observation["entry"].values}, result


def test_fixed_times_are_those_of_the_file_decision_by_decision():
    entries, result = shown(CONDITIONING, 5 * 13)
    light, tone, reward = np.zeros(65), np.zeros(65), np.zeros(65)
    for trial, paired in enumerate([True, True, False, True, False]):
        start = 13 * trial  # 10 decisions and 3 between
        light[start + 2 : start + 5] = 1 if paired else 0.5
        tone[start : start + 10] = 0 if paired else 1
        reward[start + 6] = 2 if paired else 0
    assert np.array_equal(entries["light"][0], light)
    assert np.array_equal(entries["tone"][0], tone)
    assert np.array_equal(entries["reward"][0], reward)
    assert np.array_equal(result["reward"].values[0], reward)
    assert np.array_equal(entries["trial"][0], np.arange(65) // 13)
    assert np.array_equal(entries["phase"][0], np.arange(65) >= 26)
    assert entries["type"][0, ::13].tolist() == [0, 0, 1, 0, 1]
    assert np.allclose(entries["time"][0], np.arange(65) % 13 * 0.1)
    assert len(result.episodes) == 0


def test_a_circuit_sees_the_stimuli_and_nothing_of_the_observer():
    circuit = circuit_of(CONDITIONING)
    assert seen(circuit) == ("light", "tone")
    assert circuit.populations["sensory"].size == 2
    assert not circuit.actors
    assert seen(circuit_of(CHANCE)) == tuple(
        f"{stimulus}_{tap}" for stimulus in ("light", "tone") for tap in range(4)
    )


def test_the_serial_compound_is_one_hot_of_the_time_since_each_onset():
    entries, _ = shown(CHANCE, 3000)
    for name in ("light", "tone"):
        raw = entries[name][0]
        onsets = np.flatnonzero((raw != 0) & (np.concatenate([[0], raw[:-1]]) == 0))
        expected = np.zeros((4, len(raw)))
        for onset in onsets:  # taps last 200 ms and run on when the stimulus has ended
            for tap in range(4):
                expected[:, onset + 2 * tap : onset + 2 * tap + 2] = 0
                expected[tap, onset + 2 * tap : onset + 2 * tap + 2] = raw[onset]
        found = np.stack([entries[f"{name}_{tap}"][0] for tap in range(4)])
        assert len(onsets) > 30
        assert np.array_equal(found, expected)


def test_a_shuffled_phase_has_exact_proportions_in_every_pass_and_an_order_of_chance():
    _, result = shown(CHANCE, 1200, seeds=8)
    table = result.trials[lambda table: table["phase"] == "mixed"]
    orders = set()
    for _, trials in table.groupby("seed"):
        types = trials["type"].tolist()
        for start in range(0, 39, 3):
            assert sorted(types[start : start + 3]) == ["moved", "paired", "paired"]
            orders.add(tuple(types[start : start + 3]))
    assert len(orders) == 3


def test_what_is_drawn_is_as_frequent_as_the_file_says():
    _, result = shown(CHANCE, 40_000, seeds=4)
    table = result.trials[lambda table: table["phase"] == "drawn"]
    count = len(table)
    for kind, share in {"paired": 0.5, "moved": 0.2, "empty": 0.3}.items():
        assert within(np.sum(table["type"] == kind), count, share), kind
    paired = table[table["type"] == "paired"]
    assert within((paired["reward"] > 0).sum(), len(paired), 0.3)
    moved = np.round(table["tone"].dropna() * 10)
    assert set(moved) == {0, 1, 2, 3, 4}
    assert all(within(np.sum(moved == place), len(moved), 0.2) for place in range(5))
    assert np.allclose(paired["reward_time"].dropna(), 0.6)


def test_a_stimulus_may_have_a_strength_of_chance():
    graded = CONDITIONING.replace("value: 0.5", "value: {uniform: [0.5, 2]}")
    found, result = shown(graded, 4000, seeds=2)
    omitted = result.trials[lambda table: table["type"] == "omitted"]
    strengths = found["light"][0][
        np.isin(found["trial"][0], omitted[lambda table: table["seed"] == 0]["trial"])
    ]
    drawn = strengths[strengths > 0].reshape(-1, 3)  # shown for three decisions
    assert (drawn == drawn[:, :1]).all()
    drawn = drawn[:, 0]
    assert drawn.min() > 0.5
    assert drawn.max() < 2
    assert abs(drawn.mean() - 1.25) < SURE * 1.5 / math.sqrt(12 * len(drawn))
    assert set(np.unique(found["tone"])) == {0, 1}  # the others show what they showed


def test_exponential_intervals_have_their_mean_minimum_maximum_and_a_flat_hazard():
    _, result = shown(CHANCE, 60_000, seeds=4)
    whole = result.trials.groupby("seed").head(-1)
    gaps = (whole["decisions"] - 10).to_numpy()
    assert gaps.min() == 2
    assert gaps.max() == 20
    count, survives = len(gaps), 3 / 4  # a mean of 3 decisions beyond the minimum: geometric, p = 1/(1 + 3)
    for beyond in range(8):
        at_risk = np.sum(gaps >= 2 + beyond)
        assert within(np.sum(gaps == 2 + beyond), at_risk, 1 - survives), beyond
    assert within(np.sum(gaps == 20), count, survives**18)


def within(found: int, count: int, share: float) -> bool:
    """Whether so many of ``count`` are what chance allows of a share."""
    return abs(found - count * share) <= SURE * math.sqrt(count * share * (1 - share)) + 1


def test_uniform_intervals_cover_their_range_evenly():
    text = CONDITIONING.replace("interval: 0.3 s", "interval: {uniform: [0.1 s, 0.4 s]}")
    _, result = shown(text, 40_000)
    gaps = result.trials["decisions"].to_numpy()[:-1] - 10
    assert set(gaps) == {1, 2, 3, 4}
    assert all(within(np.sum(gaps == gap), len(gaps), 0.25) for gap in range(1, 5))


def test_a_reward_for_an_action_comes_after_the_first_one_in_the_window_and_once():
    entries, result = shown(PRESSING, 6000)
    action, reward = result["action"].values[0], entries["reward"][0]
    earned = []
    for start in range(0, 6000 - 12, 12):
        expected = np.zeros(12)
        pressed = [place for place in (2, 3, 4) if action[start + place] == 1]
        if pressed:
            expected[pressed[0] + 3] = 1
        earned.append(bool(pressed))
        assert np.array_equal(reward[start : start + 12], expected), start
    assert 0 < sum(earned) < len(earned)


@pytest.mark.parametrize("how", ["terminates", "truncates"])
def test_a_trial_may_be_an_episode_and_the_phases_go_on(how):
    text = CONDITIONING.replace("    interval: 0.3 s\n", f"    episode: {how}\n")
    result = simulate(circuit_of(text), decisions=65, seeds=1)
    table = result.trials
    assert table["type"].tolist()[:6] == ["paired", "paired", "omitted", "paired", "omitted", "paired"]
    assert (table["decisions"][:6] == 10).all()
    episodes = result.episodes.table
    assert episodes.end.tolist() == [9, 19, 29, 39, 49, 59]
    assert episodes.total.tolist() == [2, 2, 0, 2, 0, 2]
    assert episodes.truncated.tolist() == [how == "truncates"] * 6


def test_a_protocol_is_the_same_in_both_precisions():
    runs = [
        simulate(circuit_of(CHANCE), decisions=2000, seeds=2, precision=precision)["observation"]
        for precision in ("float32", "float64")
    ]
    kept = [name for name in runs[0]["entry"].values if name != "time"]
    assert np.array_equal(runs[0].sel(entry=kept).values, runs[1].sel(entry=kept).values)


def test_a_run_in_pieces_sees_other_trials_than_one_that_begins_anew():
    circuit = circuit_of(CHANCE)
    first = simulate(circuit, decisions=100, seeds=1)
    second = simulate(circuit, decisions=100, seeds=1, start_from=first)
    assert not np.array_equal(first["observation"].values, second["observation"].values)


def test_the_protocol_is_part_of_the_circuits_identity():
    assert circuit_of(CONDITIONING).hash == circuit_of(CONDITIONING).hash
    assert circuit_of(CONDITIONING).hash != circuit_of(CONDITIONING.replace("reward: 2", "reward: 3")).hash


def test_the_observation_of_any_environment_can_be_recorded_unmasked():
    from neuro_rtrrl import load

    overrides = [
        "record=[{variable: observation}, {variable: sensory.r}]",
        "populations.sensory.neuron=input",
    ]
    circuit = load(ROOT / "circuits" / "cartpole_positions.yaml", overrides)
    result = simulate(circuit, decisions=200, seeds=2)
    whole, seen = result["observation"], result["sensory.r"].values
    environment = make_environment(circuit.replace(record=()))
    assert environment is not None
    names = environment.observation
    assert len(whole["entry"]) == 4
    assert len(names) == 2
    assert np.array_equal(whole.sel(entry=list(names)).values, seen[..., :2])
    assert np.abs(whole.values).max(axis=(0, 1)).all()
