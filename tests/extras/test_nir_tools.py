"""The exported network runs in another NIR tool, snnTorch, with the spikes that we have, step by step.

Needs snntorch, nirtorch and torch; without them these tests are skipped. What snnTorch gave is kept as a golden file,
which ``tests/golden/test_nir_chain.py`` holds against our own run without any of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.exchange import export_nir
from neuro_rtrrl.graph import load_circuit
from tests.golden import nir_chain

pytestmark = [pytest.mark.extra, pytest.mark.filterwarnings("ignore")]
nir = pytest.importorskip("nir", reason="the extra 'exchange' is not installed: no nir")
torch = pytest.importorskip("torch", reason="snnTorch is not installed: no torch")
tool = pytest.importorskip("snntorch.import_nir", reason="snnTorch is not installed")


def answer(file: Path, trains: np.ndarray) -> np.ndarray:
    """Return what the network in ``file`` fires in snnTorch, bool ``(step, neuron)``."""
    network = tool.import_from_nir(nir.read(file))
    fired, state = [], None
    with torch.no_grad():
        for row in trains:
            given = torch.tensor(row[None], dtype=torch.float32)
            spikes, state = network(given) if state is None else network(given, state)
            fired.append(spikes.numpy()[0] > 0)
    return np.array(fired)


def answered(folder: Path, afferents: np.ndarray) -> np.ndarray:
    """Return what snnTorch makes of the golden chain, which is exported anew."""
    exported = export_nir(load_circuit(nir_chain.CIRCUIT), folder / "chain.nir", seed=nir_chain.SEED)
    return answer(exported.nir, nir_chain.later(afferents, 1))


def test_snntorch_fires_as_the_golden_file_says(tmp_path):
    golden = nir_chain.stored()
    assert np.array_equal(answered(tmp_path, golden["afferents"]), golden["readout"])


def test_snntorch_fires_otherwise_with_other_weights(tmp_path):
    golden = nir_chain.stored()
    other = export_nir(load_circuit(nir_chain.CIRCUIT), tmp_path / "other.nir", seed=nir_chain.SEED + 1)
    assert not np.array_equal(answer(other.nir, nir_chain.later(golden["afferents"], 1)), golden["readout"])


if __name__ == "__main__":
    import tempfile

    spikes = nir_chain.simulated()["afferents"]
    with tempfile.TemporaryDirectory() as made:
        nir_chain.store({"afferents": spikes, "readout": answered(Path(made), spikes)})
