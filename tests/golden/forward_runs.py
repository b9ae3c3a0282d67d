"""Frozen runs whose forward part NeuroBench has measured: with rates, sparse, with several steps, with spikes."""

from __future__ import annotations

import json
from pathlib import Path

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.simulation import simulate

MEASURED = Path(__file__).with_name("neurobench_measured.json")

RATES = """
circuit: forward_rates
format: 1
timing: {{dt: {dt}, decision_interval: 20 ms}}
environment: {{name: MemoryChain-bsuite, parameters: {{memory_length: 8}}}}
models:
  neurons:
    rectified:
      summary: Leaky rate neuron with a threshold at zero.
      parameters: {{tau: {{unit: second, minimum: 0}}}}
      states: {{h: "1"}}
      inputs: [u]
      receivers: {{u: [u]}}
      equations: dh/dt = (maximum(u, 0) - h)/tau
      readout: r = h
populations:
  sensory: {{neuron: input, encodes: [observation, action, reward]}}
  cortex: {{size: 16, neuron: rectified, tau: {{uniform: [{dt}, {tau}]}}}}
  dorsal: {{size: actions, neuron: softmax, role: actor}}
  ventral: {{size: 1, neuron: linear, role: critic}}
neuromodulators:
  dopamine: {{source: td_error, critic: ventral, discount: 0.99}}
projections:
  afferent: {{source: sensory, target: cortex, weights: lecun_normal}}
  recurrent:
    {{source: cortex, target: cortex, weights: lecun_normal, connectivity: {{probability: {probability}}}}}
  to_dorsal: {{source: cortex, target: dorsal, weights: glorot_normal}}
  to_ventral: {{source: cortex, target: ventral, weights: glorot_normal}}
"""
SPIKES = """
circuit: forward_spikes
format: 1
timing: {dt: 1 ms, decision_interval: 5 ms}
populations:
  afferents: {size: 12, neuron: poisson, rate: 60 Hz}
  neurons: {size: 6, neuron: lif, tau: 20 ms, v_rest: -70 mV, v_threshold: -54 mV, v_reset: -60 mV, drive: 12 mV}
projections:
  onto:
    {source: afferents, target: neurons, weights: {uniform: [0 mV, 2 mV]}, delay: 3 ms,
     connectivity: {probability: 0.5}}
"""
RUNS = {
    "dense": RATES.format(dt="20 ms", tau="40 ms", probability=1.0),
    "sparse": RATES.format(dt="20 ms", tau="60 ms", probability=0.25),
    "five steps a decision": RATES.format(dt="4 ms", tau="40 ms", probability=0.5),
    "spiking": SPIKES,
}
DECISIONS = 80


def run(name, folder):
    """Return the frozen circuit and the activity of one of the runs."""
    file = folder / "circuit.yaml"
    file.write_text(RUNS[name])
    circuit = load_circuit(file).freeze()
    result = simulate(circuit, decisions=DECISIONS, seeds=1, precision="float64", ledger=True)
    return circuit, result.activity


def measured():
    """Return what NeuroBench measured: run -> key -> number."""
    return json.loads(MEASURED.read_text(encoding="utf-8"))
