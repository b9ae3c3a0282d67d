"""The worked fit of the literature page: 32 neurons, 8 inputs, 1 bias, so 1,312 recurrent weights."""

from __future__ import annotations

from neuro_rtrrl.graph import load_circuit

WORKED_FIT = """
circuit: worked_fit
format: 1
timing: {dt: 20 ms}
environment: {name: MemoryChain-bsuite, parameters: {memory_length: 8}}
populations:
  sensory: {neuron: input, encodes: [observation, action, reward]}
  copies: {neuron: input, encodes: [action]}
  cortex: {size: 32, neuron: ctrnn, tau: 40 ms, plasticity: cortical, learns: [bias]}
  dorsal: {size: actions, neuron: softmax, role: actor}
  ventral: {size: 1, neuron: linear, role: critic}
neuromodulators:
  dopamine: {source: td_error, critic: ventral, discount: 0.99}
plasticity:
  cortical: {rule: rflo_td, learning_rate: 1e-3, trace_decay: 0, modulator: dopamine, optimiser: sgd}
  striatal: {rule: td_lambda, learning_rate: 1e-3, trace_decay: 0, modulator: dopamine, optimiser: sgd}
projections:
  afferent: {source: sensory, target: cortex, weights: lecun_normal, plasticity: cortical}
  copied: {source: copies, target: cortex, weights: lecun_normal, plasticity: cortical}
  recurrent: {source: cortex, target: cortex, weights: lecun_normal, plasticity: cortical}
  to_dorsal: {source: cortex, target: dorsal, weights: lecun_normal, plasticity: striatal}
  to_ventral: {source: cortex, target: ventral, weights: lecun_normal, plasticity: striatal}
  feedback: {source: dorsal.error, target: cortex.feedback, weights: lecun_normal}
"""


def worked_fit(folder, *overrides: str):
    """Load it with values changed as by ``--set``."""
    file = folder / "worked_fit.yaml"
    file.write_text(WORKED_FIT)
    return load_circuit(file, overrides)
