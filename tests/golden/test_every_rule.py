"""What one synapse of every rule, every learned parameter and every optimiser costs, counted by hand.

Each circuit has one thing that learns, a single synapse or a single neuron's parameter; all other synapses are fixed.
The counts are those of a decision of one step, in the phases of learning, for everything that the rule asks for.
Regrouping by hand: what is constant is one factor (none where it is 1: dt is the decision interval here), a division
by a constant is a multiplication, and what belongs to one neuron or to all is worked out once. Without a bonus for
entropy (the default) its terms vanish. The counts stand in ``counted_by_hand.py``.

A rule, parameter or optimiser of this repository without a line here fails.
"""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import neuro_rtrrl.models.optimisers
import neuro_rtrrl.models.plasticity
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.language import KINDS
from neuro_rtrrl.ledger import cost
from neuro_rtrrl.models import Optimiser, PlasticityRule

from .counted_by_hand import (
    BY_DEGREES,
    MORE,
    OPTIMISERS,
    PARAMETERS,
    SGD,
    SHARED,
    SYNAPSES,
    counts,
)

LEARNING = ("local_trace", "eligibility_trace", "weight_change", "optimiser")

RATES = """
circuit: one_synapse
format: 1
timing: {{dt: 20 ms}}
environment: {{name: MemoryChain-bsuite, parameters: {{memory_length: 8}}}}
populations:
  sensory: {{neuron: input, encodes: [reward]}}
  cortex: {{size: 1, {cortex}}}
  dorsal: {{size: actions, neuron: softmax, role: actor}}
  ventral: {{size: 1, neuron: linear, role: critic{ventral}}}
neuromodulators:
  dopamine: {{source: td_error, critic: ventral, discount: 0.99}}
plasticity:
  learned: {{rule: {rule}, trace_decay: 0.9, modulator: dopamine, optimiser: sgd, learning_rate: 1e-3{more}}}
projections:
{projections}
"""
CTRNN = {
    "afferent": "{source: sensory, target: cortex, weights: 0.1",
    "to_ventral": "{source: cortex, target: ventral, weights: 0.1",
    "to_dorsal": "{source: cortex, target: dorsal, weights: 0.1",
    "feedback": "{source: dorsal.error, target: cortex.feedback, weights: 0.1",
}
SPIKES = {
    "afferent": "{source: sensory, target: cortex, weights: 0.1",
    "recurrent": "{source: cortex.spikes, target: cortex.pulse, weights: 0.1",
    "to_ventral": "{source: cortex.r, target: ventral, weights: 0.1",
    "to_dorsal": "{source: cortex.r, target: dorsal, weights: 0.1",
    "feedback": "{source: dorsal.error, target: cortex.feedback, weights: 0.1",
}
#: without the recurrent synapse, which must follow the rule wherever there is one
QUIET = {name: wire for name, wire in SPIKES.items() if name != "recurrent"}
GATED = {"gate": "{source: sensory, target: cortex.gate, weights: 0.1", **CTRNN}
COMPLEX = {
    **{
        f"afferent_{part}": f"{{source: sensory, target: cortex.{part}, weights: 0.1" for part in ("re", "im")
    },
    **{
        f"to_ventral_{part}": f"{{source: cortex.{part}, target: ventral, weights: 0.1"
        for part in ("re", "im")
    },
    **{
        f"to_dorsal_{part}": f"{{source: cortex.{part}, target: dorsal, weights: 0.1" for part in ("re", "im")
    },
    **{
        f"feedback_{part}": f"{{source: dorsal.error, target: cortex.feedback_{part}, weights: 0.1"
        for part in ("re", "im")
    },
}
CELLS = {
    "ctrnn": ("neuron: ctrnn, tau: 100 ms", CTRNN),
    "lru": ("neuron: lru, nu: -4, theta: -2, gamma_log: -2.5", COMPLEX),
    "mingru": ("neuron: mingru, bias_gate: -3", GATED),
    "alif": ("neuron: alif, tau: 100 ms, tau_readout: 50 ms, refractory: 20 ms", QUIET),
    "alif, recurrent": ("neuron: alif, tau: 100 ms, tau_readout: 50 ms, refractory: 20 ms", SPIKES),
    "lif": ("neuron: lif_recurrent, tau: 100 ms, tau_readout: 50 ms, refractory: 20 ms", QUIET),
    "lif, recurrent": ("neuron: lif_recurrent, tau: 100 ms, tau_readout: 50 ms, refractory: 20 ms", SPIKES),
}


def circuit(folder, cell, rule, projection="", parameter="", more="", forward=""):
    """Return a circuit in which a projection, or a parameter of the cortex (of the critic), learns by a rule."""
    cortex, wires = CELLS[cell]
    own = f", plasticity: learned, learns: [{parameter.split('.')[-1]}]" if parameter else ""
    at_critic = parameter.startswith("ventral.")
    lines = []
    for name, wire in wires.items():
        group = ", plasticity: learned" if name == projection else ""
        if name == forward:
            group = ", plasticity: ahead"
        learned = ", feedback: learned" if forward and name == projection else ""
        lines.append(f"  {name}: {wire}{group}{learned}}}")
    text = RATES.format(
        cortex=cortex + ("" if at_critic else own),
        ventral=own if at_critic else "",
        rule=rule,
        more=more,
        projections="\n".join(lines),
    )
    if forward:
        ahead = "  ahead: {rule: td_lambda, trace_decay: 0.9, modulator: dopamine, optimiser: sgd, learning_rate: 1e-3}"
        text = text.replace("projections:", f"{ahead}\nprojections:")
    file = folder / "circuit.yaml"
    file.write_text(text)
    return load_circuit(file)


def learning(report, without=""):
    """Return phase -> kind -> operations of the phases of learning, of all owners but one."""
    found = {phase: dict.fromkeys(KINDS, 0) for phase in LEARNING}
    for line in report.lines:
        if line.phase in LEARNING and not line.trigger and line.owner != without:
            for (_, kind), count in line.operations.items():
                found[line.phase][kind] += count
    return {phase: {kind: n for kind, n in kinds.items() if n} for phase, kinds in found.items()}


def declared(package, kind):
    """Return the declarations in the modules of a package of this repository, whatever else is installed."""
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        for value in vars(importlib.import_module(f"{package.__name__}.{module.name}")).values():
            if isinstance(value, kind):
                found[value.name] = value
    return found


RULES = declared(neuro_rtrrl.models.plasticity, PlasticityRule)


def test_every_rule_has_a_count_by_hand():
    counted = [*SYNAPSES, *UNGATED, *PAIRS, *BY_DOPAMINE]
    assert sorted(RULES) == sorted(counted)


def test_every_learned_parameter_has_a_count_by_hand():
    expected = {
        (name, each.parameter)
        for name, rule in RULES.items()
        for each in rule.intrinsic
        if name not in SHARED and each.parameter != BY_DEGREES
    }
    assert expected == {(rule, parameter.split(".")[-1]) for rule, parameter in PARAMETERS}
    for name, other in SHARED.items():
        assert RULES[name].intrinsic == RULES[other].intrinsic


def test_every_optimiser_has_a_count_by_hand():
    assert set(declared(neuro_rtrrl.models.optimisers, Optimiser)) == set(OPTIMISERS)


@pytest.mark.parametrize("rule", SYNAPSES)
def test_a_synapse_of_the_rule_costs_what_was_counted_by_hand(rule, tmp_path):
    cell, projection, by_hand = SYNAPSES[rule]
    if not projection:
        rule = "td_lambda"  # a group that nobody follows is refused: the critic's, counted apart
        report = cost(circuit(tmp_path, cell, rule, "to_ventral"))
        return _fixed_costs_nothing(report)
    forward = projection.replace("feedback", "to_dorsal") if rule.startswith("kolen_pollack") else ""
    report = cost(circuit(tmp_path, cell, rule, projection, forward=forward))
    assert learning(report, forward) == by_hand
    assert learning(report, forward) != counts()


def _fixed_costs_nothing(report):
    fixed = [line for line in report.lines if line.owner in ("afferent", "to_dorsal", "feedback")]
    assert {line.phase for line in fixed} <= {"forward", "broadcast"}
    # one synapse from the senses and two to the actions: a mac each; what nobody learns from is not carried back
    macs = sum(count for line in fixed for (_, kind), count in line.operations.items() if kind == "mac")
    assert macs == 1 + 2


@pytest.mark.parametrize(("rule", "parameter"), PARAMETERS, ids=lambda value: value)
def test_a_learned_parameter_costs_what_was_counted_by_hand(rule, parameter, tmp_path):
    cells = {
        "diagonal_rtrl_re": "lru",
        "gated_rtrl_candidate": "mingru",
        "e_prop": "alif",
        "e_prop_lif": "lif",
    }
    cell = cells.get(rule, "ctrnn")
    report = cost(circuit(tmp_path, cell, rule, parameter=parameter))
    assert learning(report) == PARAMETERS[rule, parameter]


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_an_optimiser_costs_what_was_counted_by_hand(optimiser, tmp_path):
    found = circuit(tmp_path, "ctrnn", "td_lambda", "to_ventral")
    text = (tmp_path / "circuit.yaml").read_text().replace("optimiser: sgd", f"optimiser: {optimiser}")
    text = text.replace("learning_rate: 1e-3}", f"learning_rate: 1e-3{MORE.get(optimiser, '')}}}")
    (tmp_path / "circuit.yaml").write_text(text)
    report = cost(load_circuit(tmp_path / "circuit.yaml"))
    assert learning(report)["optimiser"] == OPTIMISERS[optimiser]
    assert learning(report)["eligibility_trace"] == learning(cost(found))["eligibility_trace"]


def test_how_widely_an_actor_explores_costs_what_was_counted_by_hand(tmp_path):
    # wider = log_deviation + step; clip is two comparisons                    1 mul 1 add 2 compare
    # e = (discount*trace_decay)*e + log_deviation_error                       1 mul 1 add
    (tmp_path / "circuit.yaml").write_text(
        """
circuit: explorer
format: 1
timing: {dt: 20 ms}
environment: {name: Pendulum-v1}
populations:
  sensory: {neuron: input, encodes: [reward]}
  cortex: {size: 1, neuron: ctrnn, tau: 100 ms}
  dorsal: {size: actions, neuron: gaussian, role: actor, plasticity: learned, learns: [log_deviation]}
  ventral: {size: 1, neuron: linear, role: critic}
neuromodulators:
  dopamine: {source: td_error, critic: ventral, discount: 0.99}
plasticity:
  learned: {rule: td_lambda, trace_decay: 0.9, modulator: dopamine, optimiser: sgd, learning_rate: 1e-3}
projections:
  afferent: {source: sensory, target: cortex, weights: 0.1}
  to_ventral: {source: cortex, target: ventral, weights: 0.1}
  to_dorsal: {source: cortex, target: dorsal, weights: 0.1}
"""
    )
    report = cost(load_circuit(tmp_path / "circuit.yaml"))
    expected = counts(None, {"multiply": 1, "add": 1}, {"multiply": 1, "add": 1, "compare": 2}, SGD)
    assert learning(report) == expected


PAIRS = ("fixed_spiking", "stdp")


@pytest.mark.parametrize("rule", PAIRS)
def test_a_spiking_rule_costs_what_was_counted_by_hand(rule, tmp_path):
    # each dt, of each trace of stdp: x = x - (dt/tau)*x                       1 mul 1 add
    # a spike of the afferent at a synapse: v + w; x + 1;                      2 add
    #   w = maximum(w - depression*y, 0)                                       1 mul 1 add 1 compare
    # a spike of the neuron: y + 1; w = minimum(w + potentiation*x, w_maximum) 1 mul 2 add 1 compare; its reset nothing
    plastic = "{rule: stdp, potentiation: 0.1 mV, depression: 0.1 mV, w_maximum: 1 mV}"
    learns = rule == "stdp"
    (tmp_path / "circuit.yaml").write_text(
        f"""
circuit: spikes
format: 1
timing: {{dt: 1 ms}}
populations:
  afferent: {{size: 1, neuron: poisson, rate: 10 Hz}}
  neuron: {{size: 1, neuron: lif}}
{f"plasticity: {{pairs: {plastic}}}" if learns else ""}
projections:
  onto: {{source: afferent, target: neuron, weights: 0.5 mV{", plasticity: pairs" if learns else ""}}}
"""
    )
    report = cost(load_circuit(tmp_path / "circuit.yaml"))
    assert learning(report) == counts({"multiply": 2, "add": 2} if learns else None)
    spike = {
        name: {kind: sum(phase[kind] for phase in entry["operations"].values()) for kind in KINDS}
        for name, entry in report.per_spike.items()
    }
    zero = dict.fromkeys(KINDS, 0)
    assert spike["afferent"] == zero | ({"multiply": 1, "add": 3, "compare": 1} if learns else {"add": 1})
    assert spike["neuron"] == zero | ({"multiply": 1, "add": 2, "compare": 1} if learns else {})


HABITUATION = """
circuit: used
format: 1
timing: {dt: 20 ms}
environment: {name: MemoryChain-bsuite, parameters: {memory_length: 8}}
populations:
  sensory: {neuron: input, encodes: [reward]}
  cortex: {size: 1, neuron: ctrnn, tau: 100 ms}
  dorsal: {size: actions, neuron: softmax, role: actor}
plasticity:
  learned: {rule: habituation, learning_rate: 1e-3}
projections:
  onto: {source: sensory, target: cortex, weights: 0.1, plasticity: learned}
  to_dorsal: {source: cortex, target: dorsal, weights: 0.1}
"""
HEBB = """
circuit: hebb
format: 1
timing: {dt: 1 ms}
populations:
  before: {size: 1, neuron: ctrnn, tau: 100 ms}
  after: {size: 1, neuron: ctrnn, tau: 100 ms}
plasticity:
  hebb: {rule: hebbian, learning_rate: 2 Hz, oja: 1, decay: 0.1 Hz}
projections:
  onto: {source: before, target: after, weights: 0.5, plasticity: hebb}
"""
FIELD = """
circuit: field
format: 1
timing: {dt: 1 ms}
environment: {name: Reacher-misc, observe: [0]}
populations:
  sensory: {neuron: input}
  place: {size: 1, neuron: place_cells, width: 0.5}
  motor: {size: actions, neuron: population_vector, role: actor}
plasticity: {fields: {rule: place_field}}
projections:
  onto: {source: sensory, target: place, weights: 0.3, plasticity: fields}
"""
#: rules that no modulator gates: a circuit with one synapse, what it transmits with, and what it learns with
UNGATED = {
    # w*minimum(abs(r), 1), abs(r) once a presynaptic neuron                  1 mac 2 compare
    # learning_rate*minimum(abs(r), 1), once a presynaptic neuron             1 mul 2 compare
    # w = w - (that)*w                                                         1 mul 1 add
    "habituation": (
        HABITUATION,
        {"mac": 1, "compare": 2},
        counts(change={"multiply": 2, "add": 1, "compare": 2}),
    ),
    # w*r                                                                      1 mac
    # dt*(rate*(r_pre*r_post - (r_post*r_post)*w) - decay*w), r_post*r_post once a neuron    6 mul 2 add
    # w + that                                                                 1 add
    "hebbian": (HEBB, {"mac": 1}, counts(change={"multiply": 6, "add": 3})),
    # r - w, written twice; their product; it joins the sum                    2 add 1 mul 1 add
    "place_field": (FIELD, {"add": 3, "multiply": 1}, counts()),
}


@pytest.mark.parametrize("rule", UNGATED)
def test_a_rule_without_a_modulator_costs_what_was_counted_by_hand(rule, tmp_path):
    text, transmitted, learned = UNGATED[rule]
    (tmp_path / "circuit.yaml").write_text(text)
    report = cost(load_circuit(tmp_path / "circuit.yaml"))
    assert learning(report) == learned
    found = dict.fromkeys(KINDS, 0)
    for line in report.lines:
        if line.owner in ("onto", "sensory") and line.phase == "forward":
            for (_, kind), count in line.operations.items():
                found[kind] += count
    assert {kind: n for kind, n in found.items() if n} == transmitted


BY_DOPAMINE = {
    # x and y: x - (dt/tau)*x                                                  2 mul 2 add
    # c - (dt/tau)*c                                                           1 mul 1 add
    # (dt*rate)*(modulator - baseline) once for all; times c; w + that         2 mul 2 add
    # w + (clip(that, 0, w_maximum) - w)                                       2 add 2 compare
    # a spike before: v + w; x + 1; c - depression*y                           1 mul 3 add
    # a spike after: y + 1; c + potentiation*x                                 1 mul 2 add
    "stdp_dopamine": (
        "potentiation: 0.1 mV, depression: 0.1 mV, rate: 2 Hz, baseline: 0.2",
        ({"multiply": 2, "add": 2}, {"multiply": 1, "add": 1}, {"multiply": 2, "add": 4, "compare": 2}),
        {"multiply": 1, "add": 3},
        {"multiply": 1, "add": 2},
    ),
    # charge - (dt/tau)*charge                                                 1 mul 1 add
    # psp + dt*(charge*(1/tau_synapse) - psp*(1/tau_membrane))                 3 mul 2 add
    # coincidence - (dt/tau_rise)*coincidence                                  1 mul 1 add
    # e + (dt/tau_decay)*(coincidence*(1/tau_rise) - e)                        2 mul 2 add
    # (dt*learning_rate)*modulator once for all; times e; w + that             2 mul 1 add
    # w + (clip(that, 0, w_maximum) - w)                                       2 add 2 compare
    # a spike before: v + w; charge + 1; a spike after: coincidence + psp
    "td_ltp": (
        "learning_rate: 0.1 mV",
        ({"multiply": 4, "add": 3}, {"multiply": 3, "add": 3}, {"multiply": 2, "add": 3, "compare": 2}),
        {"add": 2},
        {"add": 1},
    ),
    # as td_ltp; a spike after: coincidence + psp, and charge and psp are set to 0, which costs no operation
    "td_ltp_renewed": (
        "learning_rate: 0.1 mV",
        ({"multiply": 4, "add": 3}, {"multiply": 3, "add": 3}, {"multiply": 2, "add": 3, "compare": 2}),
        {"add": 2},
        {"add": 1},
    ),
}


@pytest.mark.parametrize("rule", BY_DOPAMINE)
def test_a_rule_of_continuous_dopamine_costs_what_was_counted_by_hand(rule, tmp_path):
    numbers, phases, before, after = BY_DOPAMINE[rule]
    (tmp_path / "circuit.yaml").write_text(
        f"""
circuit: dopamine
format: 1
timing: {{dt: 1 ms}}
populations:
  afferent: {{size: 1, neuron: poisson, rate: 10 Hz}}
  neuron: {{size: 1, neuron: lif}}
neuromodulators:
  dopamine: {{source: concentration, population: afferent}}
plasticity:
  gated: {{rule: {rule}, modulator: dopamine, w_maximum: 1 mV, {numbers}}}
projections:
  onto: {{source: afferent, target: neuron, weights: 0.5 mV, plasticity: gated}}
"""
    )
    report = cost(load_circuit(tmp_path / "circuit.yaml"))
    assert learning(report) == counts(*phases)
    zero = dict.fromkeys(KINDS, 0)
    for name, expected in (("afferent", before), ("neuron", after)):
        entry = report.per_spike[name]["operations"].values()
        assert {kind: sum(phase[kind] for phase in entry) for kind in KINDS} == zero | expected


def test_a_continuous_modulator_is_counted_each_dt(tmp_path):
    # release: a sum over five neurons                                         4 add
    # level + dt*((baseline - level)*(1/tau) + (amount/dt)*release)            3 mul 3 add
    # signal = gain*level                                                      1 mul
    (tmp_path / "circuit.yaml").write_text(
        """
circuit: level
format: 1
timing: {dt: 1 ms, decision_interval: 7 ms}
populations:
  midbrain: {size: 5, neuron: poisson, rate: 10 Hz}
  neuron: {size: 2, neuron: threshold_linear_modulated, modulator: dopamine}
neuromodulators:
  dopamine: {source: concentration, population: midbrain, gain: 0.5, baseline: 0.1, amount: 0.3}
"""
    )
    report = cost(load_circuit(tmp_path / "circuit.yaml"))
    found = dict.fromkeys(KINDS, 0)
    for line in report.lines:
        if line.owner == "dopamine" or line.phase == "broadcast":
            for (_, kind), count in line.operations.items():
                found[kind] += count
    assert {kind: n for kind, n in found.items() if n} == {"multiply": 7 * 4, "add": 7 * (4 + 3)}
