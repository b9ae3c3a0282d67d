"""Weights that follow from where neurons stand."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import initial_values, load_circuit

CIRCUIT = """
circuit: rings
format: 1
timing: {dt: 1 ms}
populations:
  ring: {size: 8, neuron: srm0}
  plane: {size: 2, neuron: filtered_rate}
projections:
  around: {source: ring, target: ring, weights: {ring_lateral: {excitation: 3 mV, inhibition: -8 mV, sharpness: 4}}}
  out: {source: ring, target: plane, weights: {ring: {scale: 0.5}}}
"""
GRID = """
circuit: grid
format: 1
timing: {dt: 1 ms}
environment: {name: Reacher-misc, observe: [0, 1]}
populations:
  sensory: {neuron: input}
  places: {size: 6, neuron: place_cells, width: 0.5}
  motor: {size: actions, neuron: population_vector, role: actor}
plasticity: {fields: {rule: place_field}}
projections:
  to_places: {source: sensory, target: places, weights: WEIGHTS, plasticity: fields}
"""


def built(tmp_path, text):
    path = tmp_path / "circuit.yaml"
    path.write_text(text, encoding="utf-8")
    return load_circuit(path)


def test_a_grid_has_its_ends_and_the_last_dimension_runs_fastest(tmp_path):
    circuit = built(tmp_path, GRID.replace("WEIGHTS", "{grid: {low: [-1, 0], high: [1, 3], shape: [3, 2]}}"))
    expected = [[-1, 0], [-1, 3], [0, 0], [0, 3], [1, 0], [1, 3]]
    np.testing.assert_allclose(initial_values(circuit, 0)["to_places.w"], expected, atol=1e-15)
    assert "grid of 3 x 2" in repr(circuit)


def test_a_ring_reads_out_the_direction_that_is_most_active(tmp_path):
    weights = initial_values(built(tmp_path, CIRCUIT), 0)["out.w"]
    np.testing.assert_allclose(weights[:, 0], [0.5, 0], atol=1e-15)
    np.testing.assert_allclose(weights[:, 2], [0, 0.5], atol=1e-15)
    np.testing.assert_allclose(weights.sum(axis=1), 0, atol=1e-15)


def test_within_a_ring_near_neurons_excite_and_far_ones_inhibit(tmp_path):
    weights = initial_values(built(tmp_path, CIRCUIT), 0)["around.w"]
    assert np.all(np.diff(weights[0, 1:5]) < 0)
    assert weights[0, 4] == pytest.approx(-1e-3, rel=0.1)
    np.testing.assert_allclose(np.diag(weights), -1e-3)
    np.testing.assert_allclose(weights.sum(axis=1), 3e-3 - 8e-3)
    np.testing.assert_allclose(weights, weights.T, atol=1e-18)
    np.testing.assert_allclose(weights[1], np.roll(weights[0], 1), atol=1e-18)


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ("{grid: {low: [0, 0], high: [1, 1], shape: [3, 3]}}", "has 9 places of 2 dimensions"),
        ("{grid: {low: [0], high: [1], shape: [6]}}", "has 6 places of 1 dimension"),
        ("{grid: {low: [0, 0], high: [1], shape: [3, 2]}}", "a number for each dimension"),
        ("{grid: {low: [0, 0], high: [1, 1], shape: [3, 2.5]}}", "a whole number from 1"),
        ("{grid: {low: [0, 0], high: [1, 1], sides: [3, 2]}}", "'sides' is not known"),
        ("{grid: {low: [0, 0], high: [1 mV, 1], shape: [3, 2]}}", "'high' is a pure number"),
        ("{ring: {}}", "two dimensions"),
        ("{ring_lateral: {excitation: 1, inhibition: 1}}", "connected to itself"),
        ("{ring_lateral: {excitation: 1}}", "'inhibition' of a ring_lateral is missing"),
        ("{ring: 3}", "the keys of a ring"),
    ],
)
def test_a_layout_that_does_not_fit_is_refused_where_it_stands(tmp_path, weights, says):
    with pytest.raises(CircuitError) as caught:
        built(tmp_path, GRID.replace("WEIGHTS", weights))
    problem = next(each for each in caught.value.problems if says in each.message)
    assert problem.location is not None
    assert problem.location.line == 12
