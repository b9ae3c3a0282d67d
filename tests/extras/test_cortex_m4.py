"""The exported tick as a program of a Cortex-M4, in an emulator: the same actions, the same state, word for word.

Needs Debian's gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.cortex_m4 import CIRCUIT, WORDS, Replayed, build, inputs_as_c, missing_tools, replay
from benchmarks.exported import Recorded, Tick, record
from neuro_rtrrl.calibration import calibrate
from neuro_rtrrl.deploy import write_sources
from neuro_rtrrl.graph import Circuit, load_circuit
from neuro_rtrrl.ledger.word_lengths import word_lengths
from neuro_rtrrl.lowering import FixedPoint

pytestmark = [
    pytest.mark.extra,
    pytest.mark.skipif(bool(missing_tools()), reason=f"not installed: {', '.join(missing_tools())}"),
]


@pytest.mark.parametrize("words", [WORDS, "loihi1"])
def test_a_cortex_m4_does_tick_by_tick_what_the_emulation_does(words: str, tmp_path: Path):
    circuit = load_circuit(CIRCUIT, ["record=[]"])
    point = calibrate(circuit, word_lengths(words) if words == "loihi1" else word_lengths(None, words), 1_000)
    _, played = both(circuit, point, 300, 0, tmp_path)
    assert 50_000 < played.instructions.max() < 200_000


def test_in_float32_a_cortex_m4_chooses_the_actions_that_this_machine_does(tmp_path: Path):
    circuit = load_circuit(CIRCUIT, ["record=[]"])
    recorded = record(circuit, calibrate(circuit, word_lengths(None, WORDS), 1_000), 300)
    sources = write_sources(circuit, 0)
    text, _ = inputs_as_c(Tick(sources, tmp_path / "host"), recorded)
    here = Tick(sources, tmp_path / "again")
    actions = [here() for _ in recorded.inputs(here)]
    played = replay(build(sources, text, tmp_path / "board"), slots=1)
    np.testing.assert_array_equal(played.actions, actions)
    assert len(np.unique(actions)) > 1


@pytest.mark.slow
def test_a_cortex_m4_learns_memory_chain_with_the_same_actions_tick_by_tick(tmp_path: Path):
    decisions = 120_000
    circuit = load_circuit(CIRCUIT, ["record=[]"])
    recorded, _ = both(circuit, calibrate(circuit, word_lengths(None, WORDS)), decisions, 1, tmp_path)
    last = slice(decisions * 9 // 10, decisions)
    assert recorded.reward[last].sum() / recorded.first[last].sum() >= 0.9


def both(
    circuit: Circuit, point: FixedPoint, decisions: int, seed: int, folder: Path
) -> tuple[Recorded, Replayed]:
    """Run the emulation, then the program on what it was given; return both, whose ticks are the same."""
    recorded = record(circuit, point, decisions, seed=seed)
    sources = write_sources(circuit, seed, point)
    text, hashes = inputs_as_c(Tick(sources, folder / "host"), recorded)
    played = replay(build(sources, text, folder / "board"), slots=1)
    np.testing.assert_array_equal(played.actions, recorded.action)
    np.testing.assert_array_equal(played.hashes, hashes)
    assert (np.diff(hashes) != 0).all(), "a state that never changes would hash the same"
    return recorded, played
