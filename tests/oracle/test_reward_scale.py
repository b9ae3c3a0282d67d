"""What is learned does not depend on the unit in which rewards are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax")

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.programs import make_environment

ROOT = Path(__file__).parents[2]
PAPER = {"paper_rflo", "pressing", "schultz"}  # settings and assays that are what others published
SETTINGS = [
    *sorted((ROOT / "experiments" / "circuits").glob("*.yaml")),
    ROOT / "circuits" / "cartpole_positions.yaml",
    ROOT / "circuits" / "reacher.yaml",
]
SETTINGS = [path for path in SETTINGS if path.stem not in PAPER]
DECISIONS = 700


def run(path: Path, tmp_path: Path, scale: float, decisions: int = DECISIONS):
    """Play the circuit's own task, of short episodes, with rewards times ``scale``; return the run and its state."""
    plain = load_circuit(path)
    assert plain.environment is not None
    given = {key: min(value, 20) for key, value in plain.environment.parameters.items()}
    written = ", ".join(f"{key}: {value}" for key, value in given.items())
    (tmp_path / "scaled_reward.py").write_bytes(
        (ROOT / "experiments" / "circuits" / "scaled_reward.py").read_bytes()
    )
    (tmp_path / "circuit.yaml").write_bytes(path.read_bytes())
    seen = list(plain.environment.observe)
    task = (
        f"environment={{name: scaled, file: scaled_reward.py, observe: {seen}, parameters: "
        f"{{task: {plain.environment.name}, scale: {scale}{', ' if written else ''}{written}}}}}"
    )
    circuit = load_circuit(tmp_path / "circuit.yaml", [task, "record=[]"])
    record = ("action", "dopamine", "ventral_striatum.r", "outcome.r")
    program = JaxProgram(circuit, make_environment(circuit), (2,), "float64", record, kernel="xla")
    chunk = program.advance(decisions)
    return chunk, program.state()


@pytest.mark.slow
@pytest.mark.parametrize("path", SETTINGS, ids=[path.stem for path in SETTINGS])
def test_every_setting_learns_the_same_whatever_the_unit_of_reward(path, tmp_path):
    plain, learned = run(path, tmp_path, 1.0)
    assert plain.first[0].sum() > 2
    assert np.abs(plain.records["outcome.r"]).max() > 0, "a reward was sensed"
    for scale in (128.0, 1 / 128):  # powers of two: every rounding is the same
        other, again = run(path, tmp_path, scale)
        np.testing.assert_array_equal(other.reward, scale * plain.reward)
        for key, values in plain.records.items():
            np.testing.assert_array_equal(other.records[key], values, err_msg=key)
        for key in (key for key in learned if key.endswith(".w")):
            np.testing.assert_array_equal(again[key], learned[key], err_msg=key)


def test_a_hundredfold_reward_differs_by_rounding_alone(tmp_path):
    path = ROOT / "experiments" / "circuits" / "cartpole_rtu.yaml"
    plain, _ = run(path, tmp_path, 1.0, 300)
    for scale in (100.0, 0.01):
        other, _ = run(path, tmp_path, scale, 300)
        for key, values in plain.records.items():
            np.testing.assert_allclose(other.records[key], values, rtol=1e-9, atol=1e-9, err_msg=key)


def test_no_setting_shows_the_cortex_a_raw_reward():
    for path in SETTINGS:
        for population in load_circuit(path).populations.values():
            assert "reward" not in population.encodes or population.model.name == "scaled_input", path
