"""One synapse with dopamine-modulated plasticity, three regular spike trains: the experiment that NEST ran as well.

NEST takes all of a synapse's delay for that of the dendrite: a postsynaptic spike reaches the synapse one step late. So
does dopamine, here and there.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

STORED = Path(__file__).with_name("nest_stdp_dopamine.json")
LASTS = 8000  # ms
TRAINS = {"before": (10, 37), "after": (25, 41), "midbrain": (100, 330)}  # ms: first spike, period
STEP = 0.1

CIRCUIT = """
circuit: one_synapse
format: 1
timing: {dt: 0.1 ms, decision_interval: 1 ms}
models:
  neurons:
    clock:
      parameters: {first: second, period: second}
      states: {left: {unit: second, initial: first}, v: volt}
      equations: |
        dleft/dt = -1
        dv/dt = -v/dt
      threshold: left < 0.5*dt
      reset: left += period
populations:
  before: {size: 1, neuron: clock, first: 10.1 ms, period: 37 ms}
  after: {size: 1, neuron: clock, first: 25.2 ms, period: 41 ms}
  midbrain: {size: 1, neuron: clock, first: 100.1 ms, period: 330 ms}
neuromodulators:
  dopamine: {source: concentration, population: midbrain, tau: 200 ms, amount: 1}
plasticity:
  linked:
    rule: stdp_dopamine
    method: exponential_euler
    modulator: dopamine
    tau_plus: 20 ms
    tau_minus: 30 ms
    potentiation: 1 mV
    depression: 0.8 mV
    tau_eligibility: 1 s
    rate: 5 Hz
    baseline: 0.4
    w_maximum: 200 mV
projections:
  synapse: {source: before, target: after.v, weights: 50 mV, plasticity: linked}
record: [{variable: before.spike}, {variable: synapse.w, every: step}]
"""


def stored() -> dict:
    """Return what NEST measured."""
    return json.loads(STORED.read_text(encoding="utf-8"))


def measure() -> dict:
    """Run NEST: the weight at each presynaptic spike, in its own unit of weights, as ours in mV.

    Its dopamine is 1/tau_n higher after a spike and its weights change by ms, so that ``rate`` is 1/(200 ms) and
    ``baseline`` 200 times its ``b``.
    """
    import nest

    nest.ResetKernel()
    nest.resolution = STEP
    relays = nest.Create("parrot_neuron", 3)
    relays[1].tau_minus = 30.0
    for relay, (first, period) in zip(relays, TRAINS.values(), strict=True):
        times = np.arange(first, LASTS - 1, period, dtype=float)
        generator = nest.Create("spike_generator", params={"spike_times": times})
        nest.Connect(generator, relay, syn_spec={"delay": STEP})
    volume, recorder = nest.Create("volume_transmitter"), nest.Create("weight_recorder")
    nest.Connect(relays[2], volume, syn_spec={"delay": STEP})
    numbers = {"A_plus": 1.0, "A_minus": 0.8, "tau_plus": 20.0, "tau_c": 1000.0, "tau_n": 200.0, "b": 0.002}
    bounds = {"Wmin": 0.0, "Wmax": 200.0}
    instruments = {"volume_transmitter": volume, "weight_recorder": recorder}
    nest.CopyModel("stdp_dopamine_synapse", "linked", {**numbers, **bounds, **instruments})
    # receptor 1 of a parrot is one whose spikes it does not repeat
    synapse = {"synapse_model": "linked", "weight": 50.0, "delay": STEP, "receptor_type": 1}
    nest.Connect(relays[0], relays[1], syn_spec=synapse)
    nest.Simulate(float(LASTS))
    events = recorder.events
    return {
        "nest": nest.__version__,
        "times": [round(float(time), 1) for time in events["times"]],
        "weights": [float(weight) for weight in events["weights"]],
    }
