"""Spikes of the golden chain as trains, the same for our backends and for other NIR tools.

``nir_chain_snntorch.json`` holds, for each neuron, the integration steps in which it fired: the afferents as they were
played to snnTorch 1.0.0 (nirtorch 2.6, torch 2.13.0), and what its readout answered. ``tests/extras`` makes it anew:
``python -m tests.extras.test_nir_tools``.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
CIRCUIT = HERE / "nir_chain.yaml"
STORED = HERE / "nir_chain_snntorch.json"
SEED = 3  # the first of whose spikes none arrives in the very step in which its target fires: see docs/exchange.md
STEPS = 3000
SIZES = {"afferents": 8, "hidden": 6, "readout": 3}


def simulated() -> dict[str, np.ndarray]:
    """Return population -> spike trains of our own run, bool ``(step, neuron)``."""
    import neuro_rtrrl as nr

    circuit = nr.load(CIRCUIT)
    result = nr.simulate(
        circuit, decisions=STEPS // circuit.timing.steps, seeds=1, seed=SEED, precision="float64"
    )
    trains = {}
    for name, size in SIZES.items():
        steps = np.rint(result.recordings[f"{name}_spike_time"].values / circuit.timing.dt).astype(int)
        trains[name] = np.zeros((STEPS, size), dtype=bool)
        trains[name][steps, result.recordings[f"{name}_spike_neuron"].values] = True
    return trains


def stored() -> dict[str, np.ndarray]:
    """Return the trains that snnTorch was given (``afferents``) and those that it gave (``readout``)."""
    document = json.loads(STORED.read_text(encoding="utf-8"))
    trains = {}
    for name in ("afferents", "readout"):
        trains[name] = np.zeros((STEPS, SIZES[name]), dtype=bool)
        for neuron, steps in enumerate(document[name]):
            trains[name][steps, neuron] = True
    return trains


def store(trains: dict[str, np.ndarray]) -> None:
    """Write the golden file."""
    document = {
        name: [np.flatnonzero(train).tolist() for train in trains[name].T]
        for name in ("afferents", "readout")
    }
    rows = [
        f'  "{name}": [\n    ' + ",\n    ".join(map(str, lists)) + "\n  ]" for name, lists in document.items()
    ]
    STORED.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


def later(trains: np.ndarray, steps: int) -> np.ndarray:
    """Return the trains ``steps`` later, silent before."""
    moved = np.zeros_like(trains)
    moved[steps:] = trains[: len(trains) - steps]
    return moved
