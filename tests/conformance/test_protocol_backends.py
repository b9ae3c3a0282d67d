"""Protocols and the recorded observation are the same on both backends and by both kernels."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("brian2")

from neuro_rtrrl import parity, simulate
from tests.protocols import CHANCE, CONDITIONING, PRESSING, circuit_of

EPISODES = CHANCE.replace(
    "    interval: {exponential: {mean: 0.5 s, minimum: 0.2 s, maximum: 2 s}}\n", "    episode: truncates\n"
)
GRADED = CHANCE.replace("value: 2", "value: {uniform: [1, 2]}")
PROTOCOLS = {
    "fixed": CONDITIONING,
    "chance": CHANCE,
    "actions": PRESSING,
    "episodes": EPISODES,
    "graded": GRADED,
}


@pytest.mark.parametrize(
    ("name", "kernel"), [*((name, "native") for name in PROTOCOLS), ("chance", "xla"), ("episodes", "xla")]
)
def test_both_backends_see_the_same_and_learn_the_same(name, kernel):
    report = parity(circuit_of(PROTOCOLS[name]), decisions=150, kernel=kernel)
    assert report.agrees, report
    assert "observation" in report.max_difference


@pytest.mark.parametrize("every", ["decision", "3 decisions"])
def test_the_observation_is_recorded_alike_everywhere(every):
    circuit = circuit_of(CHANCE)
    often = 1 if every == "decision" else 3
    record = tuple(each.__class__(each.owner, each.variable, None, often) for each in circuit.record)
    circuit = circuit.replace(record=record)
    runs = {
        "native": simulate(circuit, decisions=70, seeds=2, kernel="native"),
        "xla": simulate(circuit, decisions=70, seeds=2, kernel="xla"),
        "brian2": simulate(circuit, decisions=70, seeds=2, backend="brian2", precision="float32"),
    }
    shown = {name: run["observation"].values for name, run in runs.items()}
    assert shown["native"].shape == (2, -(-70 // often), 15)
    assert np.array_equal(shown["native"], shown["xla"])
    assert np.array_equal(shown["native"], shown["brian2"])


def test_episodes_of_a_protocol_go_on_in_another_chunk():
    circuit = circuit_of(EPISODES)
    from neuro_rtrrl.programs import make_environment, make_program

    program = make_program(circuit, make_environment(circuit), "jax", (0,), "float32", circuit.record)
    rows = []
    for _ in range(2):
        program.run(45, lambda chunk: rows.append(chunk.records["observation"][0]) and None)
    whole = simulate(circuit, decisions=90, seeds=1)["observation"].values[0]
    assert np.array_equal(np.concatenate(rows), whole)
