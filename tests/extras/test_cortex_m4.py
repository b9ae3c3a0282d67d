"""The exported tick as a program of a Cortex-M4, in an emulator: the same actions, the same state, word for word.

Needs Debian's gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.cortex_m4 import CIRCUIT, WORDS, build, inputs_as_c, missing_tools, replay
from benchmarks.exported import Tick, record
from neuro_rtrrl.calibration import calibrate
from neuro_rtrrl.deploy import write_sources
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger.word_lengths import word_lengths

pytestmark = [
    pytest.mark.extra,
    pytest.mark.skipif(bool(missing_tools()), reason=f"not installed: {', '.join(missing_tools())}"),
]


@pytest.mark.parametrize("words", [WORDS, "loihi1"])
def test_a_cortex_m4_does_tick_by_tick_what_the_emulation_does(words: str, tmp_path: Path):
    circuit = load_circuit(CIRCUIT, ["record=[]"])
    point = calibrate(circuit, word_lengths(words) if words == "loihi1" else word_lengths(None, words), 1_000)
    recorded = record(circuit, point, 300)
    sources = write_sources(circuit, 0, point)
    text, hashes = inputs_as_c(Tick(sources, tmp_path / "host"), recorded)
    played = replay(build(sources, text, tmp_path / "board"), slots=1)
    np.testing.assert_array_equal(played.actions, recorded.action)
    np.testing.assert_array_equal(played.hashes, hashes)
    assert len(set(hashes.tolist())) == len(hashes), "a state that never changes would hash the same"
    assert 50_000 < played.instructions.max() < 200_000
