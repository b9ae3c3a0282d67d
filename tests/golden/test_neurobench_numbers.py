"""The ledger's NeuroBench keys of recorded runs equal the numbers that the package measured, stored beside this file.

``tests/extras/test_neurobench_package.py`` measures them anew where the package is installed.
"""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.exchange import export_nir
from neuro_rtrrl.graph import initial_values, load_circuit
from neuro_rtrrl.ledger import cost
from neuro_rtrrl.ledger.neurobench import forward_calls
from neuro_rtrrl.lowering import lower

from .forward_runs import RUNS, measured, run


@pytest.mark.parametrize("name", RUNS)
def test_forward_keys_of_a_run_are_what_neurobench_measured(name, tmp_path):
    circuit, activity = run(name, tmp_path)
    ours, theirs = cost(circuit, activity=activity).neurobench, measured()[name]
    assert ours["footprint"] == theirs["footprint"]
    assert ours["connection_sparsity"] == pytest.approx(
        theirs["connection_sparsity"], abs=5e-5
    )  # they round it
    assert ours["activation_sparsity"] == pytest.approx(theirs["activation_sparsity"], abs=1e-12)
    for key, number in theirs["synaptic_operations"].items():
        assert ours["synaptic_operations"][key] == pytest.approx(number, rel=1e-9), key


@pytest.mark.parametrize("name", RUNS)
def test_the_weights_that_neurobench_measured_are_those_that_are_exported(name, tmp_path):
    nir = pytest.importorskip("nir", reason="the extra 'exchange' is not installed")
    (tmp_path / "circuit.yaml").write_text(RUNS[name])
    circuit = load_circuit(tmp_path / "circuit.yaml")
    nodes = nir.read(export_nir(circuit, tmp_path / "network.nir").nir).nodes
    drawn = initial_values(circuit, 0)
    assert set(forward_calls(lower(circuit))) == {
        key.removesuffix(".w") for key in drawn if key.endswith(".w")
    }
    for projection in forward_calls(lower(circuit)):
        np.testing.assert_array_equal(nodes[projection].weight, drawn[f"{projection}.w"])


def test_the_stored_runs_have_zeros_to_find():
    for name, numbers in measured().items():
        operations = numbers["synaptic_operations"]
        assert operations["Effective_MACs"] + operations["Effective_ACs"] < operations["Dense"], name
        assert 0 < numbers["activation_sparsity"] < 1, name
    assert measured()["spiking"]["synaptic_operations"]["Effective_MACs"] == 0
    assert measured()["sparse"]["connection_sparsity"] > 0
