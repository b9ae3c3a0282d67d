"""Neural circuit policies: who reaches whom, how often, and that it is part of the circuit and not of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuro_rtrrl.graph import initial_values, load_circuit, mask, synapse_count
from neuro_rtrrl.graph.ncp import Layers, OversizedError, from_motor, from_sensory, layers_of, recurrent
from neuro_rtrrl.lowering import hoist, lower
from neuro_rtrrl.randomness import key
from neuro_rtrrl.spec.wiring import NeuralCircuitPolicy

CIRCUITS = Path(__file__).parents[2] / "circuits"


def load(wiring="ncp", *overrides):
    return load_circuit(CIRCUITS / "bg.yaml", [f"populations.cortex.wiring={wiring}", *overrides])


def wired(circuit, name):
    projection = circuit.projections[name]
    ends = (projection.target, projection.source)
    return mask(projection, *(circuit.populations[end.population].size for end in ends))


@st.composite
def any_layers(draw):
    inter, command, motor = (draw(st.integers(1, 20)) for _ in range(3))
    return Layers(
        inter, command, motor,
        sensory_fanout=draw(st.integers(1, inter)),
        inter_fanout=draw(st.integers(1, command)),
        recurrent_command_synapses=draw(st.integers(1, command**2)),
        motor_fanin=draw(st.integers(1, command)),
    )  # fmt: skip


@given(any_layers(), st.integers(0, 2**31), st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_layers_reach_the_next_one_as_often_as_they_should(layers, seed, n_sensory):
    size = layers.inter + layers.command + layers.motor
    within, sources = recurrent(layers, key(seed), size), np.ones(n_sensory, bool)
    inter, command, motor = layers.inter_neurons, layers.command_neurons, layers.motor_neurons
    sensory = from_sensory(layers, key(seed), size, sources)

    blocks = [within[command, inter], within[motor, command], within[command, command]]
    assert sum(block.sum() for block in blocks) == within.sum()
    assert sensory[inter].sum() == sensory.sum()
    assert within[command, command].sum() == layers.recurrent_command_synapses
    assert (sensory[inter].sum(axis=0) >= layers.sensory_fanout).all()
    assert (within[command, inter].sum(axis=0) >= layers.inter_fanout).all()
    assert (within[motor, command].sum(axis=1) >= layers.motor_fanin).all()
    for reached in (
        sensory[inter].any(axis=1),
        within[command, inter].any(axis=1),
        within[motor, command].any(axis=0),
    ):
        assert reached.all(), "nobody is left out"
    # whoever has more synapses than asked for gave one to a neuron that was left out
    assert sensory.sum() <= layers.sensory_fanout * n_sensory + layers.inter * max(
        1, layers.sensory_fanout * n_sensory // layers.inter
    )
    assert from_motor(layers, size).nonzero()[0].tolist() == list(range(size)[motor])


@given(st.integers(3, 600), st.tuples(*[st.integers(1, 40)] * 3))
@settings(max_examples=60, deadline=None)
def test_layers_make_up_the_population_in_proportion(size, shares):
    inter, command, motor = shares
    found = layers_of(NeuralCircuitPolicy(inter=inter, command=command, motor=motor), size)
    counts = np.array([found.inter, found.command, found.motor])
    assert counts.sum() == size
    assert (counts >= 1).all()
    exact = np.array(shares) / sum(shares) * size
    assert (abs(counts - exact) < 1 + 2 * (exact.min() < 1)).all()
    same = layers_of(NeuralCircuitPolicy(inter=inter, command=command, motor=motor), sum(shares))
    assert (same.inter, same.command, same.motor) == shares


def test_the_circuit_is_wired_as_one_policy():
    circuit = load(
        "{ncp: {inter: 16, command: 10, motor: 6, sensory_fanout: 4, inter_fanout: 3, motor_fanin: 2}}"
    )
    within, sensory = wired(circuit, "cortex_recurrent"), wired(circuit, "sensory_to_cortex")
    assert (sensory.sum(axis=0) >= 4).all()
    assert not sensory[16:].any()
    assert (within[16:26, :16].sum(axis=0) >= 3).all()
    assert within[16:26, 16:26].sum() == 10
    assert not within[:16].any()
    assert not within[26:, :16].any()
    assert not within[:, 26:].any(), "motor neurons end in the striatum"
    for readout in ("cortex_to_dorsal", "cortex_to_ventral"):
        assert not wired(circuit, readout)[:, :26].any()
        assert wired(circuit, readout)[:, 26:].all()
    assert circuit.projections["dorsal_feedback"].dense, "what is fed back for learning reaches every neuron"
    paths = np.linalg.matrix_power(within.astype(int), 2)[26:, :16] @ sensory[:16]
    assert (paths.sum(axis=0) > 0).all(), "what is seen reaches the motor neurons"


def test_wiring_follows_the_seed_of_the_wiring_and_the_projections_name():
    circuit, again = load(), load()
    projection = circuit.projections["cortex_recurrent"]
    assert (wired(circuit, "cortex_recurrent") == wired(again, "cortex_recurrent")).all()
    other = mask(projection.__class__(**{**vars(projection), "wiring_seed": 1}), 32, 32)
    assert (other != wired(circuit, "cortex_recurrent")).any()
    absent = ~wired(circuit, "cortex_recurrent")
    for seed in (0, 1):
        assert not initial_values(circuit, seed)["cortex_recurrent.w"][absent].any()


def test_the_ledger_counts_the_synapses_that_there_are():
    circuit = load()
    lowered = hoist(lower(circuit))
    for name in ("sensory_to_cortex", "cortex_recurrent", "cortex_to_dorsal"):
        assert lowered.spaces[name].elements == wired(circuit, name).sum() == synapse_count(circuit, name)
    assert synapse_count(circuit, "cortex_recurrent") < 200


def test_connectivity_thins_a_policy_out_and_a_lesion_takes_from_it():
    circuit, thin = (
        load(),
        load("ncp", "projections.cortex_recurrent.connectivity={probability: 0.5, no_self: true}"),
    )
    whole, thinned = wired(circuit, "cortex_recurrent"), wired(thin, "cortex_recurrent")
    assert not (thinned & ~whole).any()
    assert not np.diag(thinned).any()
    assert 0 < thinned.sum() < whole.sum()
    hurt = wired(circuit.lesion("cortex_recurrent", 0.5), "cortex_recurrent")
    assert not (hurt & ~whole).any()
    assert hurt.sum() == whole.sum() - round(0.5 * whole.sum())


@pytest.mark.parametrize("size", [2, 7, 32])
def test_no_self_takes_out_the_diagonal_and_nothing_else(size):
    circuit = load_circuit(
        CIRCUITS / "bg.yaml",
        [
            "projections.cortex_recurrent.connectivity={no_self: true}",
            f"populations.cortex.size={size}",
            "record=[]",
        ],
    )
    absent = ~wired(circuit, "cortex_recurrent")
    assert np.argwhere(absent).tolist() == [[neuron, neuron] for neuron in range(size)]


def test_a_circuit_without_a_policy_keeps_its_hash_and_one_with_it_gets_another():
    plain = load_circuit(CIRCUITS / "bg.yaml")
    assert "layers" not in repr(plain.hash)
    hashes = {plain.hash, load().hash, load("{ncp: {inter: 8}}").hash}
    assert len(hashes) == 3
    assert load("{ncp: {}}").hash == load("ncp").hash


@pytest.mark.parametrize(("key_", "most"), [("sensory_fanout", 16), ("recurrent_command_synapses", 81)])
def test_more_than_there_is_room_for_is_refused(key_, most):
    with pytest.raises(OversizedError) as caught:
        layers_of(NeuralCircuitPolicy(**{key_: 1000}), 30)
    assert caught.value.key == key_
