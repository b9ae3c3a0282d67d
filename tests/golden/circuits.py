"""The smallest circuit that has everything: three plastic synapses, actor, critic, feedback, learned tau."""

from __future__ import annotations

from neuro_rtrrl.graph import load_circuit

THREE_SYNAPSES = """
circuit: three_synapses
format: 1
timing: {{dt: 20 ms, decision_interval: {interval}, method: euler}}
environment: {{name: MemoryChain-bsuite, parameters: {{memory_length: 8}}}}
populations:
  sensory: {{neuron: input, encodes: [reward]}}
  cortex: {{size: 1, neuron: ctrnn, tau: {{uniform: [20 ms, 100 ms]}}, plasticity: cortical, learns: [tau]}}
  dorsal: {{size: actions, neuron: softmax, role: actor}}
  ventral: {{size: 1, neuron: linear, role: critic}}
neuromodulators:
  dopamine: {{source: td_error, critic: ventral, discount: 0.99}}
plasticity:
  cortical:
    {{rule: rflo_td, learning_rate: 1e-3, trace_decay: 0.9, entropy_rate: 0.01, modulator: dopamine,
     optimiser: sgd}}
  striatal: {{rule: td_lambda, learning_rate: 1e-3, trace_decay: 0.9, modulator: dopamine, optimiser: adam}}
projections:
  afferent: {{source: sensory, target: cortex, weights: lecun_normal, plasticity: cortical}}
  recurrent: {{source: cortex, target: cortex, weights: lecun_normal, plasticity: cortical}}
  to_ventral: {{source: cortex, target: ventral, weights: lecun_normal, plasticity: striatal}}
  to_dorsal: {{source: cortex, target: dorsal, weights: lecun_normal}}
  feedback: {{source: dorsal.error, target: cortex.feedback, weights: lecun_normal}}
"""


def three_synapses(folder, interval="20 ms"):
    """Load it; ``interval`` sets how many steps of 20 ms make a decision."""
    file = folder / "three_synapses.yaml"
    file.write_text(THREE_SYNAPSES.format(interval=interval))
    return load_circuit(file)
