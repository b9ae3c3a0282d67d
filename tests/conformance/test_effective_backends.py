"""Effective counts are the circuit's and not the machine's: every backend and kernel leaves the same zeros."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import cost
from neuro_rtrrl.ledger.activity import ActivityRecorder, recordings_of
from neuro_rtrrl.programs import make_environment, make_program

CIRCUITS = Path(__file__).parents[2] / "circuits"
MACHINES = {
    "native": {"backend": "jax", "kernel": "native"},
    "xla": {"backend": "jax", "kernel": "xla"},
    "brian2": {"backend": "brian2", "codegen": "numpy"},
}


def counted(name, machine):
    """Return the effective counts of decisions 10 to 20 in float64."""
    circuit = load_circuit(CIRCUITS / f"{name}.yaml")
    program = make_program(
        circuit,
        make_environment(circuit),
        seeds=(1,),
        precision="float64",
        record=recordings_of(circuit),
        **MACHINES[machine],
    )
    recorder = ActivityRecorder(circuit, (1,), "float64")

    def state():
        return {key: np.array(value) for key, value in program.state().items()}

    before = [state()]

    def take(chunk):
        recorder.add(before[0], chunk)
        before[0] = state()

    program.run(20, take, chunk=10)
    assert recorder.activity.start == recorder.activity.decisions == 10
    return cost(circuit, activity=recorder.activity).as_dict()["effective"]


def flat(document, path=""):
    if not isinstance(document, dict):
        return {path: document}
    return {
        key: value for name, part in document.items() for key, value in flat(part, f"{path}/{name}").items()
    }


@pytest.mark.brian
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["bg", "stdp"])
def test_backends_leave_the_same_work_to_be_done(name):
    found = {machine: flat(counted(name, machine)) for machine in MACHINES}
    for machine in ("xla", "brian2"):
        assert found[machine] == pytest.approx(found["native"], nan_ok=True), machine
