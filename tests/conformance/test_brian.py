"""Brian2 keeps the semantics that JAX keeps: every variable of every tick, in a closed loop with learning on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("brian2")
pytest.importorskip("jax")

import brian2

from neuro_rtrrl.backends.brian.program import BrianProgram
from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.environments import make
from neuro_rtrrl.errors import RunError
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.graph.circuit import Recording
from neuro_rtrrl.lowering import lower
from neuro_rtrrl.models import models
from tests.conformance.dopamine_circuits import DOPAMINE

pytestmark = pytest.mark.brian

CIRCUITS = Path(__file__).parents[2] / "circuits"
TOLERANCE = 1e-9

#: a circuit of the user's own: lateral inhibition within a population, a readout that is no state, a synapse that
#: hands a quantity from its weight change to its trace
OWN_MODELS = """
circuit: own_models
format: 1
timing: {dt: 10 ms, decision_interval: 20 ms, method: euler}
environment: {name: MemoryChain-bsuite, parameters: {memory_length: 2}}
models:
  neurons:
    inhibited:
      parameters: {tau: {unit: second}, strength: {default: 0.1}}
      states: {a: {initial: 0.1}}
      inputs: [u]
      equations: |
        mean_a = sum_population(a)/4
        drive = clip(u - strength*mean_a, -1, 1)
        da/dt = (maximum(tanh(drive), 0) - a)/tau
      readout: r = sqrt(abs(a)) + minimum(a, 0.5)
      receivers: {u: [u]}
  rules:
    gated_hebbian:
      parameters: {decay: {}}
      states: {w: {role: weight, resets: false}, e: {role: eligibility_trace}}
      transmits: w*r_pre*int(w > -2)
      on_decision: |
        coincidence = r_pre*r_post
        w += optimise(modulator*e*coincidence)
        e = decay*e + coincidence
populations:
  sensory: {neuron: input, encodes: [observation, reward]}
  cells: {size: 4, neuron: inhibited, tau: 50 ms}
  chooser: {size: actions, neuron: softmax, role: actor}
  judge: {size: 1, neuron: linear, role: critic}
neuromodulators:
  dopamine: {source: td_error, critic: judge, discount: 0.9}
plasticity:
  hebb: {rule: gated_hebbian, decay: 0.5, learning_rate: 0.01, modulator: dopamine, optimiser: sgd}
projections:
  in: {source: sensory, target: cells, weights: lecun_normal, plasticity: hebb}
  around: {source: cells, target: cells, weights: lecun_normal, plasticity: hebb}
  out: {source: cells, target: chooser, weights: glorot_normal, plasticity: hebb}
  value: {source: cells, target: judge, weights: glorot_normal, plasticity: hebb}
"""

#: spikes that nobody learns from, and a silent projection
PLAIN_SPIKES = """
circuit: plain_spikes
format: 1
timing: {dt: 0.5 ms, decision_interval: 1 ms, method: euler}
populations:
  noise: {size: 5, neuron: poisson, rate: 200 Hz}
  near: {size: 4, neuron: lif, drive: 20 mV}
  far: {size: 3, neuron: lif}
projections:
  a: {source: noise, target: near, weights: 3 mV, delay: 1 ms, connectivity: {probability: 0.5}}
  b: {source: near, target: far, weights: {uniform: [5 mV, 15 mV]}}
  c: {source: far, target: near, weights: -2 mV, delay: 0.5 ms}
"""

#: every spiking neuron, and what smooths and counts spikes; METHOD and OTHER are methods of integration
SPIKING_NEURONS = """
circuit: spiking_neurons
format: 1
timing: {dt: 0.5 ms, decision_interval: 5 ms, method: METHOD}
populations:
  noise: {size: 20, neuron: poisson, rate: 60 Hz}
  leaky: {size: 6, neuron: lif_current, drive: {uniform: [12 mV, 25 mV]}, refractory: 2 ms}
  alpha: {size: 5, neuron: lif_alpha, drive: 10 mV, refractory: 1 ms}
  conducting: {size: 4, neuron: lif_conductance, drive: 15 mV, method: OTHER}
  simple: {size: 3, neuron: izhikevich, drive: 8 mV, method: euler}
  published: {size: 3, neuron: izhikevich_2003, drive: 8 mV, method: euler}
  escaping: {size: 8, neuron: srm0, kept: 0.5}
  counted: {size: 2, neuron: spike_count}
  filtered: {size: 2, neuron: filtered_rate}
projections:
  to_leaky: {source: noise, target: leaky, weights: {uniform: [0 mV, 6 mV]}, delay: 1 ms}
  to_alpha: {source: noise, target: alpha, weights: 5 mV}
  to_conducting: {source: noise, target: conducting.excitatory, weights: {uniform: [0, 0.2]}}
  inhibition: {source: leaky, target: conducting.inhibitory, weights: 0.5, delay: 0.5 ms}
  to_simple: {source: noise, target: simple, weights: 3 mV}
  to_published: {source: noise, target: published.current, weights: 3 mV}
  to_escaping: {source: noise, target: escaping, weights: 10 mV}
  around: {source: escaping, target: escaping, weights: {ring_lateral: {excitation: 2 mV, inhibition: -4 mV}}}
  counting: {source: leaky, target: counted, weights: 1}
  filtering: {source: escaping, target: filtered, weights: {ring: {scale: 0.1}}}
"""
METHODS = {"euler": "euler", "exponential_euler": "exponential_euler", "exact": "exponential_euler"}

#: places of two dimensions, neurons with preferred directions, an actor that does as they say
PLACES = """
circuit: places
format: 1
timing: {dt: 1 ms, decision_interval: 20 ms, method: exact}
environment: {name: Reacher-misc, observe: [0, 1], parameters: {max_steps_in_episode: 20}}
populations:
  sensory: {neuron: input}
  places: {size: 12, neuron: place_cells, width: 0.5}
  directions: {size: 8, neuron: srm0, kept: 0, drive: 12 mV}
  smoothed: {size: 2, neuron: filtered_rate, tau: 50 ms, tau_rise: 20 ms}
  motor: {size: actions, neuron: population_vector, role: actor}
plasticity:
  fields: {rule: place_field}
projections:
  to_places:
    source: sensory
    target: places
    weights: {grid: {low: [-1, -1], high: [1, 1], shape: [4, 3]}}
    plasticity: fields
  to_directions: {source: places, target: directions, weights: {uniform: [0 mV, 2 mV]}}
  around:
    {source: directions, target: directions, weights: {ring_lateral: {excitation: 4 mV, inhibition: -8 mV}}}
  to_smoothed: {source: directions, target: smoothed, weights: {ring: {scale: 0.01}}}
  to_motor: {source: smoothed, target: motor, weights: {uniform: [0, 1]}}
"""

#: the most spikes win
VOTES = """
circuit: votes
format: 1
timing: {dt: 1 ms, decision_interval: 10 ms}
environment: {name: MemoryChain-bsuite, parameters: {memory_length: 2}}
populations:
  voters: {size: 6, neuron: poisson, rate: 100 Hz}
  counted: {size: 2, neuron: spike_count}
  chooser: {size: actions, neuron: winner, role: actor}
projections:
  to_counted: {source: voters, target: counted, weights: {uniform: [0, 1]}}
  to_chooser: {source: counted, target: chooser, weights: {uniform: [0, 1]}}
"""

#: rules that read what no synapse sees: one machine computes it, and tests/oracle/test_rtrl.py judges that one
JAX_ONLY = {name for name, rule in models("plasticity").items() if rule.nonlocal_names}

SHORT_CHAIN = ("environment.parameters={memory_length: 8}",)


def _learned(rule, *feedback):
    numbers = (
        "learning_rate: 1e-3, trace_decay: 0.9, entropy_rate: 1e-2, weight_decay: 0.01, modulator: dopamine"
    )
    group = f"plasticity.{rule}={{rule: {rule}, {numbers}, optimiser: adam}}"
    settings = [
        f"projections.{each}.{key}" for each in feedback for key in (f"plasticity={rule}", "feedback=learned")
    ]
    return (group, *settings)


FORWARD = (
    "plasticity.corticostriatal.learning_rate=1e-3",
    "plasticity.corticostriatal.trace_decay=0.9",
    "plasticity.corticostriatal.entropy_rate=1e-2",
    "plasticity.corticostriatal.weight_decay=0.01",
)
LEARNED_FEEDBACK = (*FORWARD, *_learned("kolen_pollack", "dorsal_feedback", "ventral_feedback"))
LEARNED_FEEDBACK_COMPLEX = (
    *FORWARD,
    *_learned("kolen_pollack_re", "dorsal_feedback_re", "ventral_feedback_re"),
    *_learned("kolen_pollack_im", "dorsal_feedback_im", "ventral_feedback_im"),
)

SHORT_REACH = ("environment.parameters.max_steps_in_episode=20",)
#: a square by its row and its column, each chosen by an actor of its own
TWO_CHOICES = (
    "environment={name: MineSweeper-popgym, parameters: {actions: row_and_column}}",
    "populations.dorsal_column={size: actions, neuron: softmax_smoothed, role: actor}",
    "projections.cortex_to_column={source: cortex, target: dorsal_column, weights: glorot_normal, "
    "plasticity: corticostriatal}",
    "projections.column_feedback={source: dorsal_column.error, target: cortex.feedback, weights: glorot_normal, "
    "feedback: random}",
)
#: a cortex that fires often enough for every episode to have spikes
LIVELY = (
    "projections.sensory_to_cortex.weights={normal: [0, 2]}",
    "populations.cortex.bias={uniform: [0.5, 2]}",
    "timing.decision_interval=4 ms",
    *SHORT_CHAIN,
)
PLAIN_LIF = (
    "populations.cortex={neuron: lif_recurrent, size: 6, bias: {uniform: [0.5, 2]}, plasticity: afferent, "
    "learns: [bias]}",
    "plasticity.afferent.rule=e_prop_lif_input",
    "plasticity.recurrent.rule=e_prop_lif",
)
CLOSED = {
    "memory chain": ("bg", (), {}),
    "memory chain, 20 steps": ("bg", ("timing.dt=1 ms",), {}),
    "cart pole": ("cartpole_positions", (), {}),
    "cart pole, 20 steps": ("cartpole_positions", ("timing.dt=1 ms",), {}),
    "normalised, 4 steps": (
        "bg",
        (
            "populations.sensory.neuron=normalised_input",
            "neuromodulators.dopamine.source=td_error_normalised",
            "timing.dt=5 ms",
        ),
        {},
    ),
    "annealed": (
        "bg",
        (
            "plasticity.cortical.optimiser=adam_annealed",
            "plasticity.cortical.half_life=20",
            "plasticity.corticostriatal.optimiser=adam_annealed",
            "plasticity.corticostriatal.half_life=40",
        ),
        {},
    ),
    "falling rates": (
        "bg",
        (
            "plasticity.cortical.learning_rate_fall=0.01",
            "plasticity.cortical.entropy_fall=0.02",
            "plasticity.cortical.entropy_floor=0.2",
            "plasticity.corticostriatal.optimiser=sgd",
            "plasticity.corticostriatal.learning_rate_fall=0.03",
            "plasticity.corticostriatal.learning_rate_floor=0.1",
        ),
        {},
    ),
    "bounded step, sparse": (
        "bg",
        (
            "plasticity.cortical.optimiser=obgd",
            "plasticity.cortical.learning_rate=0.5",
            "plasticity.corticostriatal.optimiser=obgd",
            "plasticity.corticostriatal.learning_rate=1",
            "projections.cortex_recurrent.connectivity={probability: 0.4}",
        ),
        {},
    ),
    "dutch traces": (
        "bg",
        (
            "plasticity.cortical.rule=rflo_td_dutch",
            "plasticity.corticostriatal.rule=td_lambda_dutch_actor",
            "plasticity.critical={rule: td_lambda_dutch, trace_decay: 0.9, learning_rate: 0.05, "
            "learning_rate_fall: 0.01, optimiser: sgd, modulator: dopamine}",
            "projections.cortex_to_ventral.plasticity=critical",
            "projections.cortex_to_ventral.connectivity={probability: 0.7}",
            "populations.ventral_striatum.plasticity=critical",
        ),
        {},
    ),
    "replacing traces": (
        "bg",
        ("plasticity.cortical.rule=rflo_td_replacing", "plasticity.corticostriatal.rule=td_lambda_replacing"),
        {},
    ),
    "average reward": (
        "bg",
        (
            "neuromodulators.dopamine={source: td_error_average, critic: ventral_striatum, average_rate: 0.01}",
        ),
        {},
    ),
    "novelty": (
        "bg",
        (
            "neuromodulators.dopamine={source: td_error_novelty, critic: ventral_striatum, discount: 0.9, "
            "novelty: hippocampus}",
            "populations.hippocampus={neuron: linear, size: 1}",
            "plasticity.novelty={rule: habituation, learning_rate: 0.1}",
            "projections.sensory_to_hippocampus={source: sensory, target: hippocampus, weights: 1, "
            "plasticity: novelty}",
        ),
        {},
    ),
    "learned feedback": ("bg", LEARNED_FEEDBACK, {}),
    "learned feedback, complex": ("lru", (*SHORT_CHAIN, *LEARNED_FEEDBACK_COMPLEX), {}),
    "one step, 4 of them": ("bg", ("plasticity.cortical.rule=one_step_td", "timing.dt=5 ms"), {}),
    "local error": (
        "bg",
        ("plasticity.cortical.rule=local_mse", "populations.cortex.learns=[bias]"),
        {},
    ),
    "by degrees": ("reacher", SHORT_REACH, {}),
    "by degrees, 4 steps": ("reacher", (*SHORT_REACH, "timing.dt=5 ms"), {}),
    "two choices at a time": ("bg", TWO_CHOICES, {}),
    "frozen": ("bg", (), {"freeze": True}),
    "sgd": ("bg", ("plasticity.cortical.optimiser=sgd", "plasticity.corticostriatal.optimiser=sgd"), {}),
    "sparse": (
        "bg",
        (
            "projections.cortex_recurrent.connectivity={probability: 0.4}",
            "projections.cortex_to_dorsal.connectivity={probability: 0.6}",
            "projections.dorsal_feedback.connectivity={probability: 0.6}",
        ),
        {},
    ),
    "ncp": ("bg", ("populations.cortex.wiring=ncp",), {}),
    "symmetric": (
        "bg",
        (
            "projections.dorsal_feedback.feedback=symmetric",
            "projections.ventral_feedback.feedback=symmetric",
            "projections.cortex_to_dorsal.connectivity={probability: 0.6}",
        ),
        {},
    ),
    "lru": ("lru", SHORT_CHAIN, {}),
    "lru, 20 steps, sparse": (
        "lru",
        (
            *SHORT_CHAIN,
            "timing.dt=1 ms",
            "projections.sensory_to_cortex_im.connectivity={probability: 0.6}",
            "projections.cortex_to_dorsal_re.connectivity={probability: 0.6}",
        ),
        {},
    ),
    "rtu": (
        "lru",
        (
            *SHORT_CHAIN,
            "populations.cortex={size: 6, neuron: rtu, nu: {uniform: [-6, -2]}, theta: {uniform: [-4, 0]}, "
            "plasticity: cortical_re}",
        ),
        {},
    ),
    "mingru": ("mingru", SHORT_CHAIN, {}),
    "exponential euler, 4 steps": (
        "bg",
        (
            "timing.method=exponential_euler",
            "timing.dt=5 ms",
            "populations.cortex.tau={uniform: [2 ms, 60 ms]}",
            "populations.cortex.tau_minimum=1 ms",
        ),
        {},
    ),
    "exact, 4 steps": (
        "bg",
        (
            "timing.method=exact",
            "timing.dt=5 ms",
            "populations.cortex.tau=30 ms",
            "populations.cortex.learns=[bias]",
        ),
        {},
    ),
    "exponential euler, lru": (
        "lru",
        (*SHORT_CHAIN, "timing.method=exponential_euler", "timing.dt=5 ms"),
        {},
    ),
    "exponential euler, mingru": ("mingru", (*SHORT_CHAIN, "timing.method=exponential_euler"), {}),
    "spiking": ("lif_bg", LIVELY, {}),
    "spiking, frozen": ("lif_bg", LIVELY, {"freeze": True}),
    "spiking, sparse, delayed": (
        "lif_bg",
        (
            *LIVELY,
            "projections.cortex_recurrent.delay=3 ms",
            "projections.cortex_recurrent.connectivity={probability: 0.6, no_self: true}",
            "populations.cortex.tau={uniform: [10 ms, 30 ms]}",
            "populations.cortex.beta={uniform: [0, 2]}",
        ),
        {},
    ),
    "spiking without adaptation": ("lif_bg", (*LIVELY, *PLAIN_LIF), {}),
}


def circuit_of(name, overrides=(), freeze=False):
    common = ("populations.cortex.size=6", "record=[]", "interventions={}")
    circuit = load_circuit(CIRCUITS / f"{name}.yaml", (*common, *overrides))
    return circuit.replace(frozen=True) if freeze else circuit


def written(tmp_path, text):
    path = tmp_path / "circuit.yaml"
    path.write_text(text, encoding="utf-8")
    return load_circuit(path)


def environment_of(circuit):
    chosen = circuit.environment
    return make(chosen.name, chosen.parameters, chosen.observe) if chosen else None


def everything(circuit):
    """Every variable that changes, beside the spikes and what a rule forgets within a tick."""
    found, lowered = [], lower(circuit)
    for key, variable in lowered.variables.items():
        forgotten = variable.role == "derived" and variable.space.kind == "projection"
        if (
            variable.value is None
            and variable.role not in ("spike", "noise", "environment")
            and not forgotten
        ):
            found.append(key)
    return tuple(found)


def recorded(program, decisions, **options):
    chunks = []
    program.run(decisions, chunks.append, **options)
    series = {name: np.concatenate([getattr(c, name) for c in chunks], 1) for name in FLAGS}
    for key in (each.key for each in program.record):
        series[key] = np.concatenate([c.records[key] for c in chunks], 1)
    return series


FLAGS = ("reward", "first", "terminated", "truncated")


def assert_equal_runs(circuit, decisions, seeds=(3,), record=None, codegen="numpy", tolerance=TOLERANCE):
    record = everything(circuit) if record is None else record
    environment = environment_of(circuit)
    ours = BrianProgram(circuit, environment, seeds, "float64", record, codegen=codegen)
    brian = recorded(ours, decisions)
    jax = recorded(JaxProgram(circuit, environment, seeds, "float64", record), decisions)
    masks = lower(circuit).masks
    for key, theirs in jax.items():
        expected, found = np.asarray(theirs, float), np.asarray(brian[key], float)
        mask = masks.get(key.rpartition(".")[0].split(".")[0])
        if mask is not None and expected.shape[-2:] == mask.shape:
            expected = np.where(mask, expected, 0.0)  # what a synapse that is not there would hold
        assert found.shape == expected.shape, key
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance, err_msg=key)
    return brian


# --- the loop --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CLOSED)
def test_every_variable_of_every_decision_equals_that_of_jax(case):
    name, overrides, options = CLOSED[case]
    circuit = circuit_of(name, overrides, **options)
    series = assert_equal_runs(circuit, 60)
    assert series["first"].sum() > 1, "no episode ended, so the reset was not compared"
    weights = next(
        series[key][0] for key in series if key.startswith("cortex_to_dorsal") and key.endswith(".w")
    )
    assert np.array_equal(weights[0], weights[-1]) == bool(options), "learning is on unless frozen"


def test_a_users_own_neuron_and_rule_equal_those_on_jax(tmp_path):
    circuit = written(tmp_path, OWN_MODELS)
    series = assert_equal_runs(circuit, 40, seeds=(0, 4))
    assert np.abs(np.diff(series["around.w"][0], axis=0)).max() > 0


@pytest.mark.slow
def test_compiled_code_equals_jax_too():
    assert_equal_runs(circuit_of("bg"), 30, codegen="cython")


def test_short_numbers_stay_close_to_long_ones():
    circuit = circuit_of("bg")
    environment = environment_of(circuit)
    keys = ("cortex.h", "cortex_recurrent.w", "dopamine")
    runs = [
        recorded(kind(circuit, environment, (3,), "float32", keys, **options), 9)
        for kind, options in ((BrianProgram, {"codegen": "numpy"}), (JaxProgram, {}))
    ]
    for key in keys:
        assert runs[0][key].dtype == np.float32
        np.testing.assert_allclose(runs[0][key], runs[1][key], atol=1e-5, err_msg=key)


# --- spikes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["v_rest", "v_reset"])
def test_a_potential_of_nought_is_one_like_any_other(name):
    circuit = load_circuit(CIRCUITS / "stdp.yaml", [f"populations.neurons.{name}=0 mV"])
    assert_equal_runs(circuit, 20, record=("neurons.spike", *everything(circuit)))


def test_stdp_agrees_spike_for_spike():
    circuit = load_circuit(CIRCUITS / "stdp.yaml")
    record = ("afferents.spike", "neurons.spike", *everything(circuit))
    series = assert_equal_runs(circuit, 100, record=record)
    assert series["neurons.spike"].shape == (1, 100, 10, 100)
    assert series["neurons.spike"].any()


@pytest.mark.parametrize("case", ["spiking", "spiking without adaptation"])
def test_a_spiking_cortex_that_learns_agrees_spike_for_spike(case):
    circuit = circuit_of(*CLOSED[case][:2])
    series = assert_equal_runs(circuit, 60, record=("cortex.spike", "cortex_recurrent.w", "action"))
    assert series["cortex.spike"].mean() > 0.01
    assert np.abs(np.diff(series["cortex_recurrent.w"][0], axis=0)).max() > 0


def test_sparse_delayed_spikes_agree(tmp_path):
    circuit = written(tmp_path, PLAIN_SPIKES)
    record = ("noise.spike", "near.spike", "far.spike", *everything(circuit))
    series = assert_equal_runs(circuit, 100, seeds=(1, 2), record=record)
    assert all(series[f"{name}.spike"].any() for name in ("noise", "near", "far"))


@pytest.mark.parametrize("method", METHODS)
def test_every_spiking_neuron_agrees_spike_for_spike_under_every_method(tmp_path, method):
    circuit = written(tmp_path, SPIKING_NEURONS.replace("METHOD", method).replace("OTHER", METHODS[method]))
    spikes = tuple(f"{p.name}.spike" for p in circuit.populations.values() if p.model.spikes)
    series = assert_equal_runs(circuit, 40, record=(*spikes, *everything(circuit)))
    assert all(series[key].any() for key in spikes)
    counted = (
        series["leaky.spike"].sum() - series["leaky.spike"][:, -1, -1].sum()
    )  # the last comes a decision later
    assert series["counted.r"][0, :, 0].sum() == counted


@pytest.mark.parametrize("text", [PLACES, VOTES], ids=["places", "votes"])
def test_a_loop_through_spikes_agrees(tmp_path, text):
    circuit = written(tmp_path, text)
    series = assert_equal_runs(circuit, 60)
    assert series["first"].sum() > 1
    for key in ("motor.r", "counted.r"):
        assert key not in series or np.unique(series[key]).size > 5


# --- every model -------------------------------------------------------------------------------------------------


def compared_circuits(tmp_path):
    """Name every circuit that is compared here, or in test_dopamine.py."""
    circuits = {name: circuit_of(*case[:2]) for name, case in CLOSED.items()}
    circuits["stdp"] = load_circuit(CIRCUITS / "stdp.yaml")
    spiking = SPIKING_NEURONS.replace("METHOD", "euler").replace("OTHER", "euler")
    texts = {"plain spikes": PLAIN_SPIKES, "neurons": spiking, "places": PLACES, "votes": VOTES, **DOPAMINE}
    return circuits | {name: written(tmp_path, text) for name, text in texts.items()}


def models_of(circuit):
    """Return the models of a circuit, as pairs of kind and name."""
    groups = circuit.plasticity.values()
    return {
        *(("neurons", p.model.name) for p in circuit.populations.values()),
        *(("plasticity", p.rule.name) for p in circuit.projections.values()),
        *(("optimisers", group.optimiser.name) for group in groups if group.optimiser),
        *(("modulators", m.model.name) for m in circuit.neuromodulators.values()),
    }


def registered():
    """Return all registered models that run on Brian2."""
    kinds = ("neurons", "plasticity", "optimisers", "modulators")
    return {(kind, name) for kind in kinds for name in models(kind)} - {
        ("plasticity", name) for name in JAX_ONLY
    }


def test_every_registered_model_is_compared_in_some_case(tmp_path):
    found = [models_of(circuit) for circuit in compared_circuits(tmp_path).values()]
    assert not registered() - set().union(*found)


@pytest.mark.slow
def test_every_registered_model_agrees_over_a_thousand_decisions(tmp_path):
    """Circuits that together have every model, each chosen as the one with most new models for its steps."""
    circuits, missing, chosen = compared_circuits(tmp_path), registered(), []
    while missing:
        new = {name: len(missing & models_of(each)) for name, each in circuits.items()}
        best = max(circuits, key=lambda name: new[name] / circuits[name].timing.steps)
        assert new[best], missing
        chosen.append(best)
        missing -= models_of(circuits[best])
    assert not registered() - set().union(*(models_of(circuits[name]) for name in chosen))
    for name in chosen:
        circuit = circuits[name]
        rates = [key for key in everything(circuit) if key.endswith((".r", ".w", ".e"))]
        assert_equal_runs(circuit, 1000, record=(*rates, *circuit.neuromodulators))


# --- one run, however it is cut ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small():
    circuit = circuit_of("bg")
    return circuit, environment_of(circuit)


def program_of(small, **options):
    options = {"seeds": (3,), "record": ("cortex_recurrent.w", "dopamine"), "codegen": "numpy", **options}
    return BrianProgram(*small, **options)


def test_neither_chunks_nor_runs_nor_other_seeds_change_a_run(small):
    whole = recorded(program_of(small), 40)
    cut = program_of(small, seeds=(5, 3))
    parts = [recorded(cut, 15, chunk=4), recorded(cut, 25)]
    for key, values in whole.items():
        assert np.array_equal(values[0], np.concatenate([p[key] for p in parts], 1)[1]), key


def test_a_run_ends_when_it_is_told_to(small):
    program = program_of(small)
    assert program.run(50, lambda chunk: chunk.start >= 20, chunk=10) == 30
    chunks = []
    assert program.run(5, chunks.append) == 5
    assert (chunks[0].start, chunks[0].count) == (30, 5)


def test_ctrl_c_ends_a_run_at_a_whole_decision_and_loses_nothing(small):
    program, chunks = program_of(small), []

    def deliver(chunk):
        chunks.append(chunk)
        os.kill(os.getpid(), signal.SIGINT)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            program.run(10_000, deliver, chunk=10)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, handler)
    assert sum(chunk.count for chunk in chunks) == program.position < 10_000
    assert program.run(3, chunks.append) == 3


def test_state_holds_what_lasts_and_initials_bring_it_back(small):
    first = program_of(small)
    first.run(30, lambda chunk: None)
    state = first.state()
    assert set(state) >= {"cortex.h", "cortex.tau", "cortical.power_1", "cortex_recurrent.adam.m"}
    assert state["sensory_to_cortex.w"].shape == (1, 6, 6)
    given = {key: values[0] for key, values in state.items()}
    second = program_of(small, initials=[given], start=30)
    assert np.array_equal(second.state()["cortex_recurrent.adam.m"], state["cortex_recurrent.adam.m"])
    assert np.array_equal(second.state()["cortical.power_1"], state["cortical.power_1"])
    jax = JaxProgram(*small, (3,), "float64", second.record, initials=[given], start=30)
    np.testing.assert_allclose(
        recorded(second, 25)["cortex_recurrent.w"], recorded(jax, 25)["cortex_recurrent.w"], atol=TOLERANCE
    )


def test_a_brian2_user_finds_the_circuit_in_the_network(small):
    program = program_of(small)
    synapses = program.objects["cortex_recurrent"]
    assert synapses in program.network.objects
    assert len(synapses) == 36
    assert "dj_/dt" in str(synapses.equations)  # j is an index in Brian2
    weights = program.state()["cortex_recurrent.w"][0]
    assert np.array_equal(weights[2, 5], synapses.w[5, 2][0])


def test_a_division_by_zero_is_a_message_and_no_traceback(small):
    circuit, environment = small
    program = BrianProgram(circuit, environment, (3,), codegen="numpy")
    program.worlds[0].step = lambda action: 1 // 0  # as Cython's code raises it; NumPy's would not
    with pytest.raises(RunError, match="division"):
        program.run(5, lambda chunk: None)


def test_brian2_says_nothing_and_writes_nothing_here(tmp_path):
    text = (
        "from tests.conformance.test_brian import *\n"
        "circuit = circuit_of('bg')\n"
        "BrianProgram(circuit, environment_of(circuit), (0,), codegen='numpy').run(12, lambda chunk: None)\n"
    )
    paths = {**os.environ, "PYTHONPATH": str(CIRCUITS.parent)}
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=tmp_path, env=paths, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout + done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_is_what_was_asked_for(small):
    asked = (
        Recording("cortex", "h", neurons=(4, 1), every=3),
        Recording("cortex_recurrent", "w", neurons=(5, 2), every=7),
        Recording("dopamine", "", every=4),
    )
    runs = []
    for record in (asked, tuple(each.key for each in asked)):
        chunks = []
        program_of(small, record=record, start=5).run(40, chunks.append, chunk=9)
        runs.append({e.key: np.concatenate([c.records[e.key] for c in chunks], 1)[0] for e in asked})
    found, whole = runs
    for each in asked:
        rows = np.asarray(each.rows(5, 40)) - 5
        expected = whole[each.key][rows]
        expected = expected if each.neurons is None else expected[:, list(each.neurons)]
        assert len(rows) > 2
        np.testing.assert_array_equal(found[each.key], expected, err_msg=each.key)


def test_of_spikes_only_those_of_the_neurons_asked_for_are_kept():
    circuit = load_circuit(CIRCUITS / "stdp.yaml")
    asked = (Recording("afferents", "spike", neurons=(7, 3, 90), every=0),)
    runs = []
    for record in (asked, ("afferents.spike",)):
        program = BrianProgram(circuit, None, (1,), record=record, codegen="numpy")
        runs.append(recorded(program, 60)["afferents.spike"][0])
    assert runs[0].any()
    np.testing.assert_array_equal(runs[0], runs[1][:, :, [7, 3, 90]])


# --- what is run, and how long it takes --------------------------------------------------------------------------


def test_only_the_loop_is_asked_to_run_and_afterwards_all_are_brian2s_again(small):
    program, asked = program_of(small), []
    before = [member.name for member in program.network.sorted_objects if member.active]
    program.worlds[0].step = lambda action, step=program.worlds[0].step: (
        asked.append([member.name for member in program.network.sorted_objects if member.active]),
        step(action),
    )
    program.run(3, lambda chunk: None)
    assert asked == [["decision_loop"]] * 3
    assert [member.name for member in program.network.sorted_objects if member.active] == before


def test_objects_that_a_user_adds_run_too_each_on_its_clock(small):
    circuit = circuit_of("bg", ("timing.dt=1 ms",))
    program = BrianProgram(circuit, small[1], (3,), record=("cortex.h",), codegen="numpy")
    cortex, calls = program.objects["cortex"], []
    fast = brian2.StateMonitor(cortex, "h", record=True, when="end", name="fast")
    slow = brian2.StateMonitor(cortex, "h", record=True, dt=5 * brian2.ms, name="slow")
    count = brian2.NetworkOperation(lambda: calls.append(0), clock=cortex.clock, name="count")
    for member in (fast, slow, count):
        program.network.add(member)
    membranes = recorded(program, 4)["cortex.h"][0]
    steps = circuit.timing.steps
    assert (len(calls), fast.h.shape, slow.h.shape) == (4 * steps, (6, 4 * steps), (6, 4 * steps // 5))
    assert np.array_equal(fast.h[:, steps - 1 :: steps].T, membranes)


def test_an_object_that_fails_is_named(small):
    program = program_of(small)
    clock = program.objects["cortex"].clock
    program.network.add(brian2.NetworkOperation(lambda: 1 // 0, clock=clock, name="failing"))
    with pytest.raises(RunError, match=r"'failing'.*division"):
        program.run(5, lambda chunk: None)


def test_the_stopwatch_shares_out_the_whole_of_the_last_run_and_changes_no_number(small):
    plain, timed = program_of(small), program_of(small, profile=True)
    expected, found = recorded(plain, 30), recorded(timed, 30)
    assert all(np.array_equal(expected[key], found[key]) for key in expected)
    timed.run(20, lambda chunk: None)
    shares = timed.stopwatch.shares()
    parts = ("environment", "readout", "bookkeeping", "learning", "integration")
    assert sum(shares[part] for part in parts) == pytest.approx(1)
    assert all(0 < shares[part] < 1 for part in parts)
    assert shares["overhead"] == pytest.approx(shares["environment"] + shares["bookkeeping"])
