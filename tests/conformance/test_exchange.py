"""Through NIR and back every shipped circuit comes out as it went in; what the graph says is what the circuit does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.exchange import export_nir, import_nir, network_of
from neuro_rtrrl.graph import initial_values, load_circuit
from neuro_rtrrl.lowering import lower

nir = pytest.importorskip("nir", reason="the extra 'exchange' is not installed")

CIRCUITS = sorted((Path(__file__).parents[2] / "circuits").glob("*.yaml"))
BG = CIRCUITS[0].parent / "bg.yaml"
SPIKING = """
circuit: everything_that_spikes
format: 1
timing: {dt: 0.1 ms, decision_interval: 1 ms}
populations:
  afferents: {size: 6, neuron: poisson, rate: 40 Hz}
  cells: {size: 5, neuron: lif, tau: {uniform: [10 ms, 30 ms]}}
  silent: {size: 2, neuron: lif}
projections:
  into: {source: afferents, target: cells, weights: {uniform: [0 mV, 3 mV]}, delay: 1.5 ms, gain: 0.3}
  around: {source: cells, target: cells, weights: {uniform: [-1 mV, 1 mV]}, connectivity: {probability: 0.5}}
"""
ODD = {
    "sparse": ["projections.cortex_recurrent.connectivity={probability: 0.25}"],
    "weight transport": ["projections.dorsal_feedback.feedback=symmetric"],
    "a gain": ["projections.sensory_to_cortex.gain=0.1", "projections.cortex_recurrent.gain=3"],
    "many steps": ["timing.dt=4 ms"],
}


def came_back(circuit, folder: Path, seed: int = 0):
    export_nir(circuit, folder / "there.nir", seed=seed)
    return import_nir(folder / "there.nir")


def same(one, other) -> bool:
    """Whether two circuits are equal in every field, in hash, and statement for statement when lowered."""
    written = [[(section, str(line)) for section, line in lower(each).statements()] for each in (one, other)]
    return one == other and one.hash == other.hash and written[0] == written[1]


@pytest.mark.parametrize("file", CIRCUITS, ids=lambda file: file.stem)
def test_a_shipped_circuit_comes_back_as_it_was(file, tmp_path):
    circuit = load_circuit(file)
    back = came_back(circuit, tmp_path)
    assert same(back.circuit, circuit)
    assert back.text == circuit.document
    assert not back.weights
    (tmp_path / "again.yaml").write_text(back.text)
    assert same(load_circuit(tmp_path / "again.yaml"), circuit)


@pytest.mark.parametrize("file", CIRCUITS, ids=lambda file: file.stem)
def test_all_learned_numbers_come_back_to_the_last_bit(file, tmp_path):
    circuit = load_circuit(file)
    learned = initial_values(circuit, 7)
    back = came_back(circuit.with_weights(learned), tmp_path)
    found = initial_values(back.circuit, 0)
    assert found.keys() == learned.keys()
    assert all(np.array_equal(found[key], learned[key]) for key in learned)
    assert back.weights.keys() == {
        key for key, value in initial_values(circuit, 0).items() if not np.array_equal(value, learned[key])
    }


@pytest.mark.parametrize("case", ODD)
def test_what_no_shipped_circuit_has_comes_back_too(case, tmp_path):
    circuit = load_circuit(BG, ODD[case])
    assert same(came_back(circuit, tmp_path, seed=5).circuit, circuit)


def test_delays_gains_and_recurrent_spikes_come_back_and_stand_in_the_graph(tmp_path):
    (tmp_path / "spiking.yaml").write_text(SPIKING)
    circuit = load_circuit(tmp_path / "spiking.yaml")
    assert same(came_back(circuit, tmp_path).circuit, circuit)
    graph = nir.read(tmp_path / "there.nir")
    kinds = {name: type(node).__name__ for name, node in graph.nodes.items()}
    assert kinds == {
        "afferents": "Input",
        "into_delay": "Delay",
        "into_gain": "Scale",
        "into": "Linear",
        "cells": "LIF",
        "around": "Linear",
        "cells_out": "Output",
        "silent": "LIF",
        "silent_in": "Input",
        "silent_out": "Output",
    }
    assert {("cells", "around"), ("around", "cells"), ("cells", "cells_out")} <= set(graph.edges)
    assert np.array_equal(graph.nodes["into_delay"].delay, np.full(6, 1.5e-3))


NAMESAKES = """
circuit: namesakes
format: 1
timing: {dt: 1 ms, decision_interval: 1 ms}
populations:
  a_u: {size: 3, neuron: ctrnn, tau: 20 ms}
  a: {size: 2, neuron: ctrnn, tau: 10 ms}
  a_phi: {size: 4, neuron: linear}
  a_u_phi: {size: 5, neuron: linear}
projections:
  a_out: {source: a_u, target: a, weights: 1}
  a_u_out: {source: a, target: a_phi, weights: lecun_normal}
  a_u_phi_u: {source: a_phi, target: a_u_phi, weights: lecun_normal}
"""


def test_names_that_meet_are_told_apart(tmp_path):
    (tmp_path / "namesakes.yaml").write_text(NAMESAKES)
    circuit = load_circuit(tmp_path / "namesakes.yaml")
    assert same(came_back(circuit, tmp_path).circuit, circuit)
    network = network_of(circuit)
    kinds = sorted(node.kind for node in network.nodes.values())
    assert kinds == ["Affine"] * 3 + ["Input"] * 2 + ["LI"] * 2 + ["Output"] * 2 + ["Scale"]
    assert not network.beside.keys() & {"a_phi.bias", "a_out.w", "a_u_out.w", "a_u_phi_u.w"}


BACK = "projections.back={source: ventral_striatum, target: cortex, weights: 0.1}"


def test_what_a_readout_sends_back_is_a_loop_where_every_step_is_a_decision():
    network = network_of(load_circuit(BG, [BACK]))
    assert {("ventral_striatum", "back"), ("back", "cortex_u")} <= set(network.edges)
    assert ("ventral_striatum", "ventral_striatum_out") in network.edges
    assert "back" not in {cut.part for cut in network.cuts}


def test_what_a_readout_sends_back_and_holds_for_many_steps_is_named_as_missing():
    network = network_of(load_circuit(BG, [BACK, "timing.dt=4 ms"]))
    cuts = {cut.part: cut for cut in network.cuts}
    assert "once a decision" in cuts["back"].missing
    assert cuts["back"].nodes == ("back_pre", "back_post")
    assert not {"dorsal_feedback", "ventral_feedback"} & cuts.keys()


def test_weights_that_another_tool_changed_are_taken(tmp_path):
    circuit = load_circuit(BG)
    export_nir(circuit, tmp_path / "bg.nir")
    graph = nir.read(tmp_path / "bg.nir")
    graph.nodes["cortex_to_dorsal"].weight *= 2
    graph.nodes["cortex_to_dorsal"].bias += 0.5
    nir.write(tmp_path / "bg.nir", graph)
    back = import_nir(tmp_path / "bg.nir")
    assert back.weights.keys() == {"cortex_to_dorsal.w", "dorsal_striatum.bias"}
    assert np.array_equal(
        back.weights["cortex_to_dorsal.w"], 2 * initial_values(circuit, 0)["cortex_to_dorsal.w"]
    )
    assert back.circuit.hash == circuit.hash


def test_the_graph_has_every_forward_weight_and_no_feedback():
    network = network_of(load_circuit(BG))
    held = {key for node in network.nodes.values() for key in node.holds.values()}
    forward = {"sensory_to_cortex.w", "cortex_recurrent.w", "cortex_to_dorsal.w", "cortex_to_ventral.w"}
    assert held == forward | {"cortex.tau", "cortex.bias", "dorsal_striatum.bias", "ventral_striatum.bias"}
    assert network.beside.keys() == {"dorsal_feedback.w", "ventral_feedback.w", "cortex.tau_minimum"}


def walk(graph, fed: dict[str, np.ndarray], membranes: dict[str, np.ndarray], functions, dt: float):
    """One Euler step of a NIR graph by its documentation: tau dv/dt = v_leak - v + r I. Returns what each node sends.

    ``functions`` maps an Input behind a cut to the Output before it and the function between.
    """
    sent = {**fed, **membranes}

    def received(name):
        return sum(value(source) for source, target in graph.edges if target == name)

    def value(name):
        node = graph.nodes[name]
        if name in sent:
            return sent[name]
        if name in functions:
            before, function = functions[name]
            return function(received(before))
        if type(node).__name__ == "Output":
            return received(name)
        return node.weight @ received(name) + getattr(node, "bias", 0.0)

    moved = {}
    for name, v in membranes.items():
        node = graph.nodes[name]
        moved[name] = v + dt / node.tau * (node.v_leak - v + node.r * received(name))
    return moved, value


def test_the_graph_with_a_tanh_in_its_cut_does_what_the_circuit_does(tmp_path):
    import neuro_rtrrl as nr

    circuit = load_circuit(BG, ["timing.dt=4 ms"]).freeze()
    keys = ("sensory.r", "cortex.r", "ventral_striatum.r", "dorsal_striatum.r")
    from neuro_rtrrl.graph.circuit import Recording

    run = nr.simulate(
        circuit.replace(record=tuple(map(Recording.of, keys))),
        decisions=8, seeds=1, seed=2, precision="float64",
    )  # fmt: skip
    export_nir(load_circuit(BG, ["timing.dt=4 ms"]), tmp_path / "bg.nir", seed=2)
    graph = nir.read(tmp_path / "bg.nir")
    membranes = {"cortex": np.zeros(32)}
    functions = {"cortex_phi": ("cortex_u", np.tanh)}
    for tick in range(8):
        sensed = {"sensory": run["sensory.r"].values[0, tick]}
        for _ in range(circuit.timing.steps):
            membranes, _ = walk(graph, sensed, membranes, functions, circuit.timing.dt)
        _, value = walk(graph, sensed, membranes, functions, circuit.timing.dt)
        logits = value("dorsal_striatum_u")
        policy = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        assert membranes["cortex"] == pytest.approx(run["cortex.r"].values[0, tick], rel=1e-12, abs=1e-14)
        assert value("ventral_striatum") == pytest.approx(
            run["ventral_striatum.r"].values[0, tick], rel=1e-12
        )
        assert policy == pytest.approx(run["dorsal_striatum.r"].values[0, tick], rel=1e-12)
    assert np.abs(membranes["cortex"]).max() > 0.1
