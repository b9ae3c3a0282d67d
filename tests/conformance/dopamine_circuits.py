"""Small circuits in which every continuous modulator, receptor and rule of dopamine occurs."""

#: dopamine neurons that fire, dopamine as their concentration and as their filtered firing, two kinds of receptors
RELEASED = """
circuit: released
format: 1
timing: {dt: 0.5 ms, decision_interval: 2 ms}
populations:
  afferents: {size: 6, neuron: poisson, rate: 150 Hz}
  direct: {size: 4, neuron: lif, drive: 10 mV}
  indirect: {size: 3, neuron: lif, drive: 14 mV}
  escaping: {size: 3, neuron: srm0, kept: 0, drive: 14 mV}
  midbrain: {size: 5, neuron: poisson, rate: 40 Hz}
  pallidum: {size: 2, neuron: threshold_linear, slope: 0.5}
  selector: {size: 2, neuron: threshold_linear_modulated, modulator: tonic, strength: -1}
  readout: {size: 2, neuron: linear, bias: 0.3}
neuromodulators:
  dopamine: {source: concentration, population: midbrain, tau: 50 ms, amount: 0.1, baseline: 0.2}
  tonic: {source: volume_transmission, population: midbrain, tau: 20 ms, baseline: 200 Hz, scale: 400 Hz}
plasticity:
  d1: {rule: stdp_dopamine, modulator: dopamine, potentiation: 1 mV, depression: 0.9 mV, w_maximum: 2 mV,
       tau_eligibility: 100 ms, rate: 20 Hz, baseline: 0.2}
  d2: {rule: td_ltp, modulator: tonic, strength: -1, learning_rate: 0.01 mV, w_maximum: 2 mV, expected_rate: 5 Hz}
  renewed: {rule: td_ltp_renewed, modulator: tonic, learning_rate: 0.01 mV, w_maximum: 2 mV}
  hebb: {rule: hebbian, learning_rate: 1 Hz, oja: 1, decay: 0.1 Hz}
projections:
  to_direct: {source: afferents, target: direct, weights: 1 mV, plasticity: d1, delay: 1 ms}
  to_indirect: {source: afferents, target: indirect, weights: 1.5 mV, plasticity: d2, connectivity: {probability: 0.7}}
  to_escaping: {source: afferents, target: escaping, weights: 1 mV, plasticity: renewed}
  to_selector: {source: pallidum, target: selector, weights: 0.4, plasticity: hebb}
  to_pallidum: {source: selector, target: pallidum, weights: 0.3}
  to_readout: {source: selector, target: readout, weights: 1}
  back: {source: readout, target: pallidum, weights: 0.5}
"""

#: a closed loop whose dopamine is the error of continuous time, beside a reward signal and a late phasic one
LOOP = """
circuit: continuous_loop
format: 1
timing: {dt: 5 ms, decision_interval: 20 ms}
environment: {name: MemoryChain-bsuite, parameters: {memory_length: 6}}
populations:
  sensory: {neuron: input, encodes: [observation, action, reward]}
  sources: {size: 4, neuron: poisson, rate: 60 Hz}
  cells: {size: 3, neuron: lif, drive: 14 mV}
  value: {size: 1, neuron: value_filter, role: critic, scale: 10 ms, tau_rise: 20 ms, tau_decay: 80 ms}
  actor: {size: actions, neuron: softmax, role: actor}
neuromodulators:
  dopamine: {source: td_error_continuous, critic: value, tau_discount: 1 s, tau_rise: 10 ms, tau_decay: 30 ms}
  phasic: {source: td_error_phasic, critic: value, discount: 0.9, delay: 60 ms}
  plain: {source: reward_only, expected: 0.1}
  level: {source: concentration, tau: 100 ms, reward_amount: 2}
plasticity:
  striatal: {rule: td_ltp, modulator: dopamine, learning_rate: 1 mV, w_maximum: 3 mV}
  corticostriatal: {rule: td_lambda, trace_decay: 0.9, modulator: phasic, strength: 0.5, optimiser: sgd,
                    learning_rate: 0.1}
  cells_too: {rule: stdp_dopamine, modulator: level, potentiation: 0.1 mV, depression: 0.1 mV, w_maximum: 3 mV}
projections:
  to_cells: {source: sources, target: cells, weights: 1 mV, plasticity: striatal}
  among: {source: cells, target: cells, weights: 1 mV, plasticity: cells_too}
  to_value: {source: cells, target: value, weights: 1}
  to_actor: {source: sensory, target: actor, weights: 0.1, plasticity: corticostriatal}
"""

#: without spikes: a tonic level that rewards raise, sensed by neurons, and Hebbian synapses, beside a late error
RATES = """
circuit: rates
format: 1
timing: {dt: 10 ms, decision_interval: 20 ms}
environment: {name: MemoryChain-bsuite, parameters: {memory_length: 4}}
populations:
  sensory: {neuron: input, encodes: [observation, reward]}
  cells: {size: 4, neuron: threshold_linear_modulated, modulator: level, threshold: -0.5, slope: 0.5}
  value: {size: 1, neuron: linear, role: critic}
  actor: {size: actions, neuron: softmax, role: actor}
neuromodulators:
  phasic: {source: td_error_phasic, critic: value, discount: 0.9, delay: 40 ms}
  level: {source: concentration, population: cells, tau: 100 ms, amount: 0.02, baseline: 0.1, reward_amount: 0.5}
plasticity:
  hebb: {rule: hebbian, learning_rate: 0.5 Hz, decay: 0.3 Hz}
  striatal: {rule: td_lambda, trace_decay: 0.9, modulator: phasic, strength: -0.5, optimiser: sgd, learning_rate: 0.1}
projections:
  senses: {source: sensory, target: cells, weights: lecun_normal, plasticity: hebb}
  to_value: {source: cells, target: value, weights: glorot_normal, plasticity: striatal}
  to_actor: {source: cells, target: actor, weights: glorot_normal, plasticity: striatal}
"""

DOPAMINE = {"released": RELEASED, "closed loop": LOOP, "rates": RATES}
