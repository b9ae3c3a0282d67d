"""Synapses with delays of their own: every backend delivers the same spikes at the same steps."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("brian2")

import neuro_rtrrl as nr
from neuro_rtrrl.graph.delays import delay_steps
from neuro_rtrrl.graph.initialise import initial_values

NETWORK = """
circuit: delayed
format: 1
timing: {dt: 0.1 ms, decision_interval: 1 ms}
populations:
  drive: {size: 40, neuron: poisson, rate: 200 Hz}
  cells: {size: 60, neuron: lif, tau: 10 ms, drive: 12 mV}
plasticity:
  pairs: {rule: stdp, potentiation: 0.05 mV, depression: 0.055 mV, w_maximum: 2 mV}
projections:
  dense:
    {source: drive, target: cells, weights: {uniform: [0 mV, 2 mV]}, plasticity: pairs, delay: {uniform: [0 ms, 3 ms]}}
  sparse:
    source: cells
    target: cells
    weights: {normal: [0 mV, 1 mV]}
    connectivity: {probability: 0.2, no_self: true}
    delay: {normal: [1.5 ms, 0.5 ms]}
record:
  - {variable: cells.spike, every: step}
  - {variable: cells.v}
  - {variable: dense.w, every: 100 decisions}
"""
MACHINES = {
    "native": {"kernel": "native"},
    "XLA": {"kernel": "xla"},
    "Brian2": {"backend": "brian2"},
}


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    file = tmp_path_factory.mktemp("delays") / "delayed.yaml"
    file.write_text(NETWORK)
    return nr.load(file)


@pytest.fixture(scope="module")
def runs(network):
    return {
        name: nr.simulate(network, decisions=300, seeds=1, precision="float64", **options).recordings
        for name, options in MACHINES.items()
    }


@pytest.mark.parametrize("machine", ["XLA", "Brian2"])
def test_every_backend_fires_the_same_spikes(runs, machine):
    expected, found = runs["native"], runs[machine]
    assert expected["cells_spike_time"].size > 10_000
    assert np.array_equal(expected["cells_spike_time"], found["cells_spike_time"])
    assert np.array_equal(expected["cells_spike_neuron"], found["cells_spike_neuron"])
    for name in ("cells_v", "dense_w"):
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-14)


def test_delays_are_drawn_once_and_of_the_stated_distribution(network):
    dense, sparse = (network.projections[name] for name in ("dense", "sparse"))
    drawn = delay_steps(dense, (60, 40), network.timing.dt)
    assert np.array_equal(drawn, delay_steps(dense, (60, 40), network.timing.dt))
    assert drawn.min() == 0
    assert drawn.max() == 30
    assert abs(drawn.mean() - 15) < 5 * 30 / np.sqrt(12 * drawn.size)
    drawn = delay_steps(sparse, (60, 60), network.timing.dt)
    assert abs(drawn.mean() - 15) < 5 * 5 / np.sqrt(drawn.size)
    assert abs(drawn.std() - 5) < 0.3


RELAY = """
circuit: relay
format: 1
timing: {dt: 1 ms}
models:
  neurons:
    metronome: {states: {x: {unit: "1", initial: 4}}, equations: dx/dt = 1/dt, threshold: x > 9.5, reset: x = -90}
    counter: {states: {n: "1"}, equations: dn/dt = 0/dt, readout: r = n, receivers: {n: [n]}}
  rules:
    hit: {states: {w: "1"}, on_pre: n_post += w}
plasticity:
  hits: {rule: hit}
populations:
  clock: {size: 3, neuron: metronome}
  cells: {size: 5, neuron: counter}
projections:
  relay: {source: clock, target: cells, weights: {uniform: [1, 2]}, plasticity: hits, delay: {uniform: [0 ms, 12 ms]}}
record:
  - {variable: cells.n}
"""


@pytest.mark.parametrize("machine", MACHINES)
def test_a_spike_arrives_after_the_delay_of_its_synapse(tmp_path, machine):
    """All clocks fire once, in the sixth step; each synapse adds its weight after its own steps, counted by hand."""
    file = tmp_path / "relay.yaml"
    file.write_text(RELAY)
    circuit = nr.load(file)
    result = nr.simulate(circuit, decisions=30, seeds=1, precision="float64", **MACHINES[machine])
    weights = initial_values(circuit, 0)["relay.w"]
    steps = delay_steps(circuit.projections["relay"], (5, 3), circuit.timing.dt)
    assert len(np.unique(steps)) > 6
    fired = 5
    arrived = [(weights * (fired + steps <= now)).sum(axis=1) for now in range(30)]
    np.testing.assert_allclose(result["cells.n"][0], arrived, atol=1e-12)


@pytest.mark.parametrize(
    ("delay", "message"),
    [
        ("{uniform: [0, 3]}", "delays are times"),
        ("{uniform: [-1 ms, 3 ms]}", "a time cannot be negative"),
        ("{uniform: [0 ms, 0.04 ms]}", "no delay of this distribution reaches dt"),
        ("{uniform: [0 s, 100 s]}", "1,000,000 steps of dt, where 100,000 are the most"),
        ("{gamma: [1 ms, 2 ms]}", "'gamma' is not known here"),
    ],
)
def test_a_distribution_that_gives_no_delays_is_refused_at_its_line(tmp_path, delay, message):
    file = tmp_path / "delayed.yaml"
    file.write_text(NETWORK.replace("{normal: [1.5 ms, 0.5 ms]}", delay))
    with pytest.raises(nr.CircuitError, match=message) as caught:
        nr.load(file)
    assert caught.value.problems[0].location.line == 18
