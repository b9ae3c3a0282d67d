"""The ledger of ten thousand sparsely connected neurons, a million synapses: in seconds, and in little memory."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import cost
from neuro_rtrrl.randomness import Stream, below, stream_key, uniform

NEURONS, PROBABILITY = 10_000, 0.01
LARGE = f"""
circuit: large
format: 1
timing: {{dt: 20 ms}}
environment: {{name: MemoryChain-bsuite, parameters: {{memory_length: 8}}}}
populations:
  sensory: {{neuron: input, encodes: [observation, action, reward]}}
  cortex: {{size: {NEURONS}, neuron: ctrnn, tau: {{uniform: [20 ms, 100 ms]}}, plasticity: cortical, learns: [tau]}}
  dorsal: {{size: actions, neuron: softmax, role: actor}}
  ventral: {{size: 1, neuron: linear, role: critic}}
neuromodulators:
  dopamine: {{source: td_error, critic: ventral, discount: 0.99}}
plasticity:
  cortical: {{rule: rflo_td, learning_rate: 1e-3, trace_decay: 0.9, modulator: dopamine, optimiser: adam}}
  striatal: {{rule: td_lambda, learning_rate: 1e-3, trace_decay: 0.9, modulator: dopamine, optimiser: adam}}
projections:
  afferent: {{source: sensory, target: cortex, weights: lecun_normal, plasticity: cortical}}
  recurrent: {{source: cortex, target: cortex, weights: lecun_normal, plasticity: cortical,
    connectivity: {{probability: {PROBABILITY}}}}}
  to_ventral: {{source: cortex, target: ventral, weights: lecun_normal, plasticity: striatal}}
  to_dorsal: {{source: cortex, target: dorsal, weights: lecun_normal, plasticity: striatal}}
  dorsal_feedback: {{source: dorsal.error, target: cortex.feedback, weights: lecun_normal}}
  ventral_feedback: {{source: ventral.error, target: cortex.feedback, weights: lecun_normal}}
"""
CPU_SECONDS = 5  # of a processor, start of Python included
BYTES = 2e9

CHILD = """
import re, resource, sys
from neuro_rtrrl.cli import main
try:
    main(sys.argv[1:])
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    # ru_maxrss would still hold what the process that started this one had
    most = int(re.search("VmHWM:\\s*([0-9]+) kB", open("/proc/self/status").read())[1])
    print(used.ru_utime + used.ru_stime, most * 1024, file=sys.stderr)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is told by /proc")
@pytest.mark.parametrize("options", [(), ("--profile", "loihi1")], ids=["counts", "loihi1"])
def test_a_million_synapses_are_counted_in_seconds(options, tmp_path):
    file = tmp_path / "large.yaml"
    file.write_text(LARGE)
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, "cost", str(file), "--json", *options],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, most = map(float, ran.stderr.splitlines()[-1].split())
    document = json.loads(ran.stdout)
    synapses = document["by_projection"]["recurrent"]["mac"]
    spread = (NEURONS**2 * PROBABILITY * (1 - PROBABILITY)) ** 0.5
    assert abs(synapses - NEURONS**2 * PROBABILITY) < 6 * spread
    assert document["memory_words"]["recurrent.w"] == synapses
    assert seconds < CPU_SECONDS
    assert most < BYTES


@pytest.mark.parametrize("probability", [0.0, 1e-12, 0.01, 1 / 3, np.nextafter(1, 0), 1.0])
@pytest.mark.parametrize("shape", [(7, 3), 70_000])
def test_what_is_drawn_piece_by_piece_is_what_is_drawn_at_once(shape, probability):
    key = stream_key(0, Stream.CONNECTIVITY, "recurrent")
    assert np.array_equal(below(key, shape, probability), uniform(key, shape) < probability)


def test_a_bound_that_is_a_drawn_number_itself_is_not_below_it():
    key = stream_key(1, Stream.CONNECTIVITY, "recurrent")
    numbers = uniform(key, 1000)
    for number in numbers[:20]:
        for bound in (number, np.nextafter(number, 1)):
            assert np.array_equal(below(key, 1000, float(bound)), numbers < bound)


def test_the_seed_of_the_wiring_decides_which_synapses_there_are(tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(LARGE.replace(str(NEURONS), "100"))
    circuit = load_circuit(file)
    mask = cost(circuit).lowered.masks["recurrent"]
    key = stream_key(circuit.projections["recurrent"].wiring_seed, Stream.CONNECTIVITY, "recurrent")
    assert np.array_equal(mask, uniform(key, (100, 100)) < PROBABILITY)
