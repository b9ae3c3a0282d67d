"""Projections from group to group: the larger population is as many groups as the smaller one has neurons."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import initial_values, load_circuit, mask, synapse_count

CIRCUIT = """
circuit: groups
format: 1
timing: {dt: 1 ms}
populations:
  many: {size: 6, neuron: srm0}
  few: {size: FEW, neuron: spike_count}
  one: {size: 1, neuron: srm0}
projections:
  tally: {source: many, target: few, weights: 1, connectivity: {groups: true}}
"""


def built(tmp_path, few, *overrides):
    path = tmp_path / "circuit.yaml"
    path.write_text(CIRCUIT.replace("FEW", str(few)), encoding="utf-8")
    return load_circuit(path, overrides)


def test_neurons_reach_their_own_group_alone(tmp_path):
    circuit = built(tmp_path, 3)
    expected = [[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]]
    np.testing.assert_array_equal(initial_values(circuit, 0)["tally.w"], expected)
    assert synapse_count(circuit, "tally") == 6
    assert "group by group" in repr(circuit)


def test_of_equal_sizes_each_has_its_own(tmp_path):
    np.testing.assert_array_equal(initial_values(built(tmp_path, 6), 0)["tally.w"], np.eye(6))


def test_one_neuron_reaches_a_whole_group(tmp_path):
    back = "projections.tally={source: one, target: few, weights: 1, connectivity: {groups: true}}"
    np.testing.assert_array_equal(initial_values(built(tmp_path, 3, back), 0)["tally.w"], np.ones((3, 1)))


def test_groups_are_thinned_out_by_a_probability(tmp_path):
    thin = built(tmp_path, 2, "projections.tally.connectivity.probability=0.5")
    whole = built(tmp_path, 2)
    found, every = (mask(each.projections["tally"], 2, 6) for each in (thin, whole))
    assert found is not None
    assert every is not None
    assert 0 < found.sum() < every.sum() == 6
    assert not (found & ~every).any()


def test_sizes_that_do_not_divide_are_refused_where_they_stand(tmp_path):
    with pytest.raises(CircuitError, match="no whole groups: 'many' has 6 neurons, 'few' 4") as caught:
        built(tmp_path, 4)
    assert ":10:" in str(caught.value)


def test_without_groups_a_circuit_keeps_its_hash(tmp_path):
    plain = built(tmp_path, 3, "projections.tally.connectivity=all")
    assert built(tmp_path, 3, "projections.tally.connectivity={groups: false}").hash == plain.hash
    assert built(tmp_path, 3).hash != plain.hash
