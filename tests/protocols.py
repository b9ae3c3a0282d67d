"""Circuits that follow protocols, for the tests."""

from __future__ import annotations

from neuro_rtrrl.graph import Circuit, build_circuit
from neuro_rtrrl.spec import parse_document, spec_from_document

WATCHER = """
circuit: watcher
format: 1
timing: {{dt: {dt}, decision_interval: 100 ms}}
environment:
  protocol:
{protocol}
populations:
  sensory: {{neuron: input}}
  value: {{neuron: linear, size: 1, role: critic}}
neuromodulators:
  dopamine: {{source: td_error, critic: value, discount: 0.98}}
plasticity:
  striatal: {{rule: td_lambda, trace_decay: 0.5, modulator: dopamine, optimiser: sgd, learning_rate: 0.1}}
projections:
  sensory_to_value: {{source: sensory, target: value, weights: 0, plasticity: striatal}}
record: [{{variable: dopamine}}, {{variable: observation}}, {{variable: reward}}, {{variable: action}}]
"""

ACTOR = """
  dorsal: {neuron: softmax, size: actions, role: actor}
neuromodulators:"""

CONDITIONING = """
    stimuli: [light, tone]
    duration: 1 s
    types:
      paired: {events: [{stimulus: light, at: 0.2 s, for: 0.3 s}, {reward: 2, at: 0.6 s}]}
      omitted: {events: [{stimulus: light, at: 0.2 s, for: 0.3 s, value: 0.5}, {stimulus: tone, at: 0 s, for: 1 s}]}
    interval: 0.3 s
    phases:
      - {name: first, trials: 2, types: paired}
      - {name: second, types: [omitted, paired]}
"""

CHANCE = """
    stimuli: [light, tone]
    representation: {serial_compound: 4, width: 200 ms}
    duration: 1 s
    types:
      paired: {events: [{stimulus: light, at: 0.2 s, for: 0.3 s}, {reward: 1, at: 0.6 s, probability: 0.3}]}
      moved: {events: [{stimulus: tone, at: {uniform: [0 s, 0.4 s]}, for: 0.2 s, value: 2}]}
      empty: {}
    interval: {exponential: {mean: 0.5 s, minimum: 0.2 s, maximum: 2 s}}
    phases:
      - {name: mixed, trials: 40, types: [paired, paired, moved], shuffle: true}
      - {name: drawn, types: {paired: 0.5, moved: 0.2, empty: 0.3}}
"""

PRESSING = """
    stimuli: [light]
    actions: [none, press]
    duration: 1 s
    types:
      cued:
        events:
          - {stimulus: light, at: 0.2 s, for: 0.5 s}
          - {reward: 1, when: press, from: 0.2 s, to: 0.5 s, delay: 0.3 s}
    interval: 0.2 s
    phases: [{name: only, types: cued}]
"""


def document(text: str) -> str:
    """Return a whole circuit file around a protocol; one with actions has an actor."""
    whole = WATCHER.format(dt="100 ms", protocol=text.strip("\n"))
    return whole.replace("\nneuromodulators:", ACTOR) if "actions:" in text else whole


def built(text: str) -> Circuit:
    """Return the circuit of a whole file."""
    read = parse_document(text, "my.yaml")
    return build_circuit(spec_from_document(read), read)


def circuit_of(protocol: str) -> Circuit:
    """Return a circuit that follows a protocol."""
    return built(document(protocol))
