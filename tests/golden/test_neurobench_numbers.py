"""The ledger's NeuroBench keys of recorded runs equal the numbers that the package measured, stored beside this file.

``tests/extras/test_neurobench_package.py`` measures them anew where the package is installed.
"""

from __future__ import annotations

import pytest

from neuro_rtrrl.ledger import cost

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


def test_the_stored_runs_have_zeros_to_find():
    for name, numbers in measured().items():
        operations = numbers["synaptic_operations"]
        assert operations["Effective_MACs"] + operations["Effective_ACs"] < operations["Dense"], name
        assert 0 < numbers["activation_sparsity"] < 1, name
    assert measured()["spiking"]["synaptic_operations"]["Effective_MACs"] == 0
    assert measured()["sparse"]["connection_sparsity"] > 0
