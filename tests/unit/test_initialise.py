"""Numbers at the start."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import initial_values, load_circuit, mask

CIRCUITS = Path(__file__).parents[2] / "circuits"
SPARSE = "projections.cortex_recurrent.connectivity={probability: 0.5}"


@pytest.fixture
def circuit():
    return load_circuit(CIRCUITS / "bg.yaml")


def test_every_weight_and_parameter_has_a_value_of_its_shape(circuit):
    values = initial_values(circuit, 0)
    assert values["sensory_to_cortex.w"].shape == (32, 6)
    assert values["dorsal_feedback.w"].shape == (32, 2)
    assert values["cortex.tau"].shape == (32,)
    assert all(value.dtype == np.float64 for value in values.values())
    assert {name.partition(".")[0] for name in values} == {*circuit.projections, *circuit.populations} - {
        "sensory"
    }


def test_the_same_seed_draws_the_same_numbers_and_another_draws_others(circuit):
    first, again, other = (initial_values(circuit, seed) for seed in (0, 0, 1))
    assert all((first[name] == again[name]).all() for name in first)
    assert (first["cortex_recurrent.w"] != other["cortex_recurrent.w"]).all()
    assert (first["cortex.tau"] != other["cortex.tau"]).all()


def test_two_projections_never_share_their_numbers(circuit):
    values = initial_values(circuit, 0)
    assert not np.intersect1d(values["cortex_recurrent.w"], values["sensory_to_cortex.w"]).size


def test_one_projections_numbers_do_not_depend_on_the_others(circuit):
    fewer = circuit.replace(
        projections={n: p for n, p in circuit.projections.items() if n != "ventral_feedback"}
    )
    name = "cortex_to_dorsal.w"
    assert (initial_values(circuit, 3)[name] == initial_values(fewer, 3)[name]).all()


def test_lecun_normal_counts_all_synapses_on_the_same_input():
    circuit = load_circuit(CIRCUITS / "bg.yaml", ["populations.cortex.size=400"])
    values = initial_values(circuit, 0)
    expected = 1.0 / np.sqrt(400 + 6)
    assert values["cortex_recurrent.w"].std() == pytest.approx(expected, rel=0.01)
    assert values["sensory_to_cortex.w"].std() == pytest.approx(expected, rel=0.05)
    drive = np.hstack([values["cortex_recurrent.w"], values["sensory_to_cortex.w"]])
    assert (drive**2).sum(axis=1).mean() == pytest.approx(1.0, rel=0.02)


def test_glorot_normal_counts_the_projections_own_fans():
    circuit = load_circuit(CIRCUITS / "bg.yaml", ["populations.cortex.size=2000"])
    weights = initial_values(circuit, 0)["cortex_to_dorsal.w"]
    assert weights.std() == pytest.approx(np.sqrt(2.0 / (2000 + 2)), rel=0.05)


def test_where_there_is_no_synapse_there_is_no_weight():
    circuit = load_circuit(CIRCUITS / "bg.yaml", [SPARSE])
    weights = initial_values(circuit, 0)["cortex_recurrent.w"]
    wired = mask(circuit.projections["cortex_recurrent"], 32, 32)
    assert ((weights != 0) == wired).all()


def test_a_lesion_leaves_the_survivors_as_they_were(circuit):
    healthy = initial_values(circuit, 0)["cortex_recurrent.w"]
    hurt = initial_values(circuit.lesion("cortex_recurrent", 0.25), 0)["cortex_recurrent.w"]
    assert (hurt == 0).sum() == 256
    assert (hurt[hurt != 0] == healthy[hurt != 0]).all()


def test_uniform_draws_keep_to_their_bounds(circuit):
    tau = initial_values(circuit, 0)["cortex.tau"]
    assert tau.min() >= 0.02
    assert tau.max() < 0.1
    assert np.unique(tau).size == 32


def test_a_projection_that_carries_anothers_weights_has_none_of_its_own():
    circuit = load_circuit(CIRCUITS / "bg.yaml", ["projections.dorsal_feedback.feedback=symmetric"])
    assert "dorsal_feedback.w" not in initial_values(circuit, 0)


def test_given_weights_replace_drawn_ones_and_keep_to_the_wiring():
    circuit = load_circuit(CIRCUITS / "bg.yaml", [SPARSE])
    given = np.full((32, 32), 2.0)
    learned = circuit.with_weights({"cortex_recurrent.w": given, "cortex.tau": np.full(32, 0.05)})
    values = initial_values(learned, 0)
    assert set(np.unique(values["cortex_recurrent.w"])) == {0.0, 2.0}
    assert (values["cortex.tau"] == 0.05).all()
    values["cortex.tau"][:] = 0
    assert (learned.initial["cortex.tau"] == 0.05).all()


def test_weights_without_a_place_or_of_another_shape_are_refused(circuit):
    with pytest.raises(CircuitError) as caught:
        circuit.with_weights(
            {
                "cortex_recurent.w": np.zeros((32, 32)),
                "cortex.tau": np.zeros(3),
                "cortex.bias": np.full(32, np.nan),
            }
        )
    messages = [problem.message for problem in caught.value.problems]
    assert "no 'cortex_recurent.w'" in messages[0]
    assert caught.value.problems[0].hint == "did you mean 'cortex_recurrent.w'?"
    assert "shape (32,), and the given values have (3,)" in messages[1]
    assert "not all finite" in messages[2]
