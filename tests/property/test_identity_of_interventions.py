"""An intervention of size 0 changes nothing, whatever it is and whenever it acts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neuro_rtrrl.graph import Circuit, initial_values, load_circuit
from neuro_rtrrl.lowering import lower


@cache
def basal_ganglia() -> Circuit:
    return load_circuit(Path(__file__).parents[2] / "circuits" / "bg.yaml")


@st.composite
def times(draw) -> dict[str, str]:
    start = draw(st.integers(0, 1000))
    length = draw(st.integers(1, 1000))
    found = {"start": f"{start * 20} ms"}
    if draw(st.booleans()):
        found["stop"] = f"{(start + length) * 20} ms"
        if draw(st.booleans()):
            found["every"] = f"{(length + draw(st.integers(0, 100))) * 20} ms"
    return found


NEURONS = st.none() | st.lists(st.integers(0, 31), min_size=1, max_size=5)
GROUPS = st.sampled_from([None, "cortical", "corticostriatal"])
PARTS = ("dopamine", "cortex", "sensory", "cortex_recurrent", "cortex_to_dorsal")
POSITIVE = st.floats(1e-3, 1e3)


@st.composite
def nothing(draw):
    """Return a function that intervenes by 0."""
    when, neurons, group = draw(times()), draw(NEURONS), draw(GROUPS)
    part, half, hill = draw(st.sampled_from(PARTS)), draw(POSITIVE), draw(st.floats(0.1, 10.0))
    input_ = draw(st.sampled_from(["cortex", "cortex.u", "cortex.bias"]))
    return draw(
        st.sampled_from(
            [
                lambda c: c.lesion(part, 0.0, **when),
                lambda c: c.stimulate(input_, 0.0, neurons, **when),
                lambda c: c.noise(input_, 0.0, neurons, **when),
                lambda c: c.antagonist("dopamine", 0.0, half, hill, group, **when),
                lambda c: c.agonist("dopamine", 0.0, half, 0.5, hill, group, **when),
                lambda c: c.agonist("dopamine", half, 1.0, 0.0, hill, group, **when),
            ]
        )
    )


@given(st.lists(nothing(), min_size=1, max_size=4))
@settings(deadline=None, max_examples=60)
def test_an_intervention_of_size_0_is_the_identity(acts):
    circuit = basal_ganglia()
    changed = circuit
    for act in acts:
        changed = act(changed)
    assert changed == circuit
    assert changed.hash == circuit.hash


@given(nothing())
@settings(deadline=None, max_examples=10)
def test_the_lowered_form_and_the_first_numbers_are_the_same_too(act):
    circuit = basal_ganglia()
    changed = act(circuit)
    assert list(lower(changed).statements()) == list(lower(circuit).statements())
    before, after = initial_values(circuit, 3), initial_values(changed, 3)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_what_is_in_force_is_part_of_the_hash():
    circuit = basal_ganglia()
    hashes = {
        circuit.hash,
        circuit.silence("cortex", start="1 s").hash,
        circuit.silence("cortex", start="2 s").hash,
        circuit.silence("cortex", "0-3", start="1 s").hash,
        circuit.freeze("cortical", start="1 s").hash,
        circuit.antagonist("dopamine", 1.0, 0.5).hash,
        circuit.antagonist("dopamine", 2.0, 0.5).hash,
    }
    assert len(hashes) == 7


def test_a_circuit_without_interventions_keeps_the_hash_it_had():
    assert basal_ganglia().hash == "460157da0f3a"
