"""Laws that lesions keep, whatever the part and the fraction."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import Circuit, initial_values, load_circuit, mask, synapse_count

PARTS = ("dopamine", "cortex", "dorsal_striatum", "sensory", "cortex_recurrent", "dorsal_feedback")
fractions = st.floats(0.0, 1.0)


@cache
def basal_ganglia() -> Circuit:
    return load_circuit(Path(__file__).parents[2] / "circuits" / "bg.yaml")


@settings(deadline=None)  # a busy machine is no failure
@given(st.sampled_from(PARTS))
def test_a_lesion_of_nothing_is_the_identity(part):
    circuit = basal_ganglia()
    assert circuit.lesion(part, 0.0) == circuit
    assert circuit.lesion(part, 0.0).hash == circuit.hash


@settings(deadline=None)  # a busy machine is no failure
@given(st.sampled_from(PARTS), fractions)
def test_a_lesion_leaves_the_circuit_it_was_made_from_alone(part, fraction):
    circuit = basal_ganglia()
    before = circuit.hash
    circuit.lesion(part, fraction)
    assert circuit.hash == before


@settings(deadline=None)  # a busy machine is no failure
@given(fractions)
def test_a_lesion_takes_the_stated_fraction_of_the_synapses(fraction):
    circuit = basal_ganglia().lesion("cortex_recurrent", fraction)
    assert synapse_count(circuit, "cortex_recurrent") == 1024 - round(fraction * 1024)
    assert synapse_count(circuit, "sensory_to_cortex") == 192


@settings(deadline=None)  # a busy machine is no failure
@given(fractions, fractions)
def test_a_larger_lesion_takes_all_that_a_smaller_one_takes(one, other):
    small, large = sorted((one, other))
    left = [
        mask(basal_ganglia().lesion("cortex_recurrent", each).projections["cortex_recurrent"], 32, 32)
        for each in (small, large)
    ]
    smaller, larger = (np.ones((32, 32), bool) if each is None else each for each in left)
    assert not (larger & ~smaller).any()


@settings(deadline=None)  # a busy machine is no failure
@given(fractions)
def test_a_lesioned_population_loses_the_same_neurons_in_all_its_projections(fraction):
    circuit = basal_ganglia().lesion("cortex", fraction)
    gone = []
    for name, n_post in (("cortex_recurrent", 32), ("cortex_to_dorsal", 2), ("cortex_to_ventral", 1)):
        wired = mask(circuit.projections[name], n_post, 32)
        wired = np.ones((n_post, 32), bool) if wired is None else wired
        assert (wired.any(axis=0) == wired.all(axis=0)).all()
        gone.append(~wired.any(axis=0))
    assert (gone[0] == gone[1]).all()
    assert (gone[0] == gone[2]).all()
    assert gone[0].sum() == round(fraction * 32)
    assert circuit.projections["sensory_to_cortex"].dense


@settings(deadline=None)  # a busy machine is no failure
@given(fractions, fractions)
def test_lesions_of_a_modulator_multiply(one, other):
    twice = basal_ganglia().lesion("dopamine", one).lesion("dopamine", other)
    gain = twice.neuromodulators["dopamine"].parameters["gain"]
    assert gain == pytest.approx((1 - one) * (1 - other))


@settings(deadline=None)  # a busy machine is no failure
@given(fractions, fractions)
def test_lesions_of_a_projection_add_up_to_no_more_than_all(one, other):
    lost = basal_ganglia().lesion("cortex_recurrent", one).lesion("cortex_recurrent", other)
    assert lost.projections["cortex_recurrent"].lesion == pytest.approx(1 - (1 - one) * (1 - other))
    assert 0.0 <= lost.projections["cortex_recurrent"].lesion <= 1.0


@settings(deadline=None)  # a busy machine is no failure
@given(st.sampled_from(PARTS), fractions)
def test_frozen_and_lesioned_commute(part, fraction):
    circuit = basal_ganglia()
    assert circuit.lesion(part, fraction).freeze() == circuit.freeze().lesion(part, fraction)
    assert circuit.freeze().frozen


def test_a_circuits_own_values_change_nothing():
    circuit = basal_ganglia()
    drawn = initial_values(circuit, 5)
    again = initial_values(circuit.with_weights(drawn), 6)
    assert all((drawn[name] == again[name]).all() for name in drawn)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan"), True, "half"])
def test_a_fraction_beyond_all_or_nothing_is_refused(fraction):
    with pytest.raises(CircuitError, match="between 0 and 1"):
        basal_ganglia().lesion("dopamine", fraction)


def test_a_lesion_of_an_unknown_part_names_the_known_ones():
    with pytest.raises(CircuitError) as caught:
        basal_ganglia().lesion("dopamin", 0.5)
    problem = caught.value.problems[0]
    assert set(PARTS) <= set(problem.available)
    assert problem.hint == "did you mean 'dopamine'?"
