"""What can be wrong about who tells a modulator what is new."""

from __future__ import annotations

import pytest

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import load_circuit

DOPAMINE = "neuromodulators.dopamine={source: %s, critic: ventral_striatum, discount: 0.9%s}"
HIPPOCAMPUS = (
    "populations.hippocampus={neuron: linear, size: 1}",
    "projections.sensory_to_hippocampus={source: sensory, target: hippocampus, weights: 1}",
)
CASES = {
    "read by none": (
        ("td_error_scaled", ", novelty: hippocampus"),
        (),
        ("'td_error_scaled' does not read what is new", "source: td_error_novelty"),
    ),
    "told by none": (
        ("td_error_novelty", ""),
        (),
        ("no population tells it", "novelty: NAME"),
    ),
    "a population that is not there": (
        ("td_error_novelty", ", novelty: hippocampos"),
        (),
        ("there is no population 'hippocampos'", "did you mean 'hippocampus'?"),
    ),
    "several neurons": (
        ("td_error_novelty", ", novelty: hippocampus"),
        ("populations.hippocampus.size=3",),
        ("'hippocampus' has 3 neurons", "write 'size: 1'"),
    ),
    "a neuron that the environment clamps": (
        ("td_error_novelty", ", novelty: alone"),
        ("populations.alone={neuron: input, encodes: [reward]}",),
        ("'alone' is made of 'input' neurons", "use 'neuron: linear'"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_said_where_and_what_to_write(case):
    dopamine, overrides, words = CASES[case]
    with pytest.raises(CircuitError) as caught:
        load_circuit("circuits/bg.yaml", [DOPAMINE % dopamine, *HIPPOCAMPUS, *overrides])
    assert [word for word in words if word not in str(caught.value)] == [], str(caught.value)


def test_a_circuit_that_is_right_shows_both_that_dopamine_hears():
    circuit = load_circuit(
        "circuits/bg.yaml", [DOPAMINE % ("td_error_novelty", ", novelty: hippocampus"), *HIPPOCAMPUS]
    )
    assert "td_error_novelty of ventral_striatum and hippocampus" in str(circuit)
    kinds = {(before, kind) for before, _, kind in circuit.to_networkx().in_edges("dopamine", data="kind")}
    assert kinds == {("ventral_striatum", "value"), ("hippocampus", "novelty")}
