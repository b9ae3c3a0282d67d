"""Every count of a circuit with three plastic synapses, written out by hand.

The circuit (circuits.py): one sensory neuron -> one CT-RNN neuron with a connection onto itself and a learned
tau -> two actions (fixed synapses) and one critic (plastic). One step of dt makes a decision. The lines below
are the hoisted form; ``mul`` is multiply, ``tr`` transcendental.
"""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.language import KINDS
from neuro_rtrrl.ledger import cost

from .circuits import three_synapses

FORWARD = {
    # u += w*r of the sensory neuron          1 mac      (1 synapse)
    # u += w*r of itself                      1 mac      (1 synapse)
    # u = one sum + the other                 1 add
    # phi = tanh(u)                           1 tr
    # slope = 1 - phi*phi                     1 mul 1 add
    # dt/tau, once for h and for all traces   1 divide
    # h = h + (dt/tau)*(phi - h)              2 add 1 mul
    # r = h                                   nothing
    # dorsal u = w*r                          2 mac      (2 synapses)
    # largest of u                            1 compare
    # logit = u - largest                     2 add
    # scaled = exp(logit)                     2 tr
    # total = sum of scaled                   1 add
    # 1/total                                 1 divide
    # r = (1/total)*scaled                    2 mul
    # log(total)                              1 tr
    # log_r = logit - log(total)              2 add
    # sum of r*log_r                          2 mul 1 add
    # entropy = -sum                          nothing
    # entropy_error = -(r*(log_r + entropy))  2 add 2 mul
    # ventral u = w*r                         1 mac      (1 synapse)
    # action: cumulative sum, compare         1 add 1 compare
    # error = chosen - r                      2 add
    "mac": 1 + 1 + 2 + 1,
    "add": 1 + 1 + 2 + 2 + 1 + 2 + 1 + 2 + 1 + 2,
    "multiply": 1 + 1 + 2 + 2 + 2,
    "divide": 1 + 1,
    "transcendental": 1 + 2 + 1,
    "compare": 1 + 1,
}
LOCAL_TRACE = {
    # j of the two synapses onto cortex:
    #   j + (dt/tau)*(slope*r - j)            2 add 2 mul each
    # interval/tau                            1 divide
    # j of tau:
    #   j + (dt/tau)*((interval/tau)*(h - phi) - j)   3 add 2 mul
    "add": 2 * 2 + 3,
    "multiply": 2 * 2 + 2,
    "divide": 1,
}
BROADCAST = {
    # cortex.feedback = w*error               2 mac      (2 synapses)
    # cortex.entropy_feedback = w*error       2 mac
    # dopamine = reward + discount*(1 - terminated)*r - value_previous    3 add 2 mul
    "mac": 2 + 2,
    "add": 3,
    "multiply": 2,
}
WEIGHT_CHANGE = {
    # entropy_rate*entropy_feedback, once for both synapses      1 mul
    # gradient of the two synapses: dopamine*e + (that)*j        1 add 2 mul each
    # w + step of the two                                        1 add each
    # gradient of the critic's: dopamine*e                       1 mul
    # w + step                                                   1 add
    # gradient of tau: dopamine*e + entropy_rate*entropy_feedback*j    1 add 3 mul
    # tau = maximum(tau + interval*step, tau_minimum)            1 add 1 mul 1 compare
    "add": 2 * 1 + 2 * 1 + 1 + 1 + 1,
    "multiply": 1 + 2 * 2 + 1 + 3 + 1,
    "compare": 1,
}
OPTIMISER = {
    # sgd of the two synapses and tau: learning_rate*gradient    1 mul each
    # adam of the critic's synapse:
    #   two powers of the decays                                 2 mul
    #   m = beta_1*m + (1 - beta_1)*gradient                     1 add 2 mul   (1 - beta_1 is a constant)
    #   s = beta_2*s + (1 - beta_2)*gradient*gradient            1 add 3 mul
    #   learning_rate/(1 - power_1), 1/(1 - power_2)             2 add 2 divide
    #   step = (that)*m/(sqrt((that)*s) + epsilon)               1 add 2 mul 1 divide 1 tr
    "add": 1 + 1 + 2 + 1,
    "multiply": 3 + 2 + 2 + 3 + 2,
    "divide": 2 + 1,
    "transcendental": 1,
}
ELIGIBILITY = {
    # two synapses and tau: (discount*decay)*e + feedback*j      1 add 2 mul each
    # the critic's: (discount*decay)*e + r                       1 add 1 mul
    "add": 3 + 1,
    "multiply": 3 * 2 + 1,
}
BY_HAND = {
    "forward": FORWARD,
    "local_trace": LOCAL_TRACE,
    "eligibility_trace": ELIGIBILITY,
    "broadcast": BROADCAST,
    "weight_change": WEIGHT_CHANGE,
    "optimiser": OPTIMISER,
}


def full(counts):
    return {phase: {kind: counts[phase].get(kind, 0) for kind in KINDS} for phase in counts}


def test_operations_equal_those_counted_by_hand(tmp_path):
    assert cost(three_synapses(tmp_path)).operations == full(BY_HAND)


def test_only_what_runs_every_dt_is_repeated_with_more_steps_a_decision(tmp_path):
    # Every dt: the sums onto cortex, phi, slope, h (2 mac, 4 add, 2 mul, 1 divide, 1 tr),
    # and all local traces.
    every_dt = {"mac": 2, "add": 4, "multiply": 2, "divide": 1, "transcendental": 1}
    three = {phase: dict(kinds) for phase, kinds in BY_HAND.items()}
    for kind, count in every_dt.items():
        three["forward"][kind] += 2 * count
    three["local_trace"] = {kind: 3 * count for kind, count in LOCAL_TRACE.items()}
    assert cost(three_synapses(tmp_path, "60 ms")).operations == full(three)


def test_scopes_hold_what_is_done_once_and_what_is_done_at_every_synapse(tmp_path):
    table = cost(three_synapses(tmp_path)).by("scope")
    # synapses: 9 mac; local traces of 2; eligibility of 3; changes and optimisers of 3
    assert table["projection"]["mac"] == 9
    assert table["projection"]["add"] == 2 * 2 + (2 + 1) + (2 + 2 + 1) + (1 + 1 + 1)
    assert table["projection"]["multiply"] == 2 * 2 + (2 * 2 + 1) + (2 * 2 + 1) + (2 + 2 + 3 + 2)
    assert table["projection"]["divide"] == 1
    # once for all: 1/total, two corrections of Adam; log(total); powers and dopamine
    assert table["broadcast"]["divide"] == 3
    assert table["broadcast"]["transcendental"] == 1
    assert table["broadcast"]["multiply"] == 2 + 2
    assert table["broadcast"]["add"] == 2 + 3


def test_reads_and_writes_of_a_plastic_synapse_by_hand(tmp_path):
    row = cost(three_synapses(tmp_path)).by("projection")["recurrent"]
    # u += w*r: 2 read. j: j, dt/tau, slope, r: 4 read. gradient: dopamine, e, the entropy's part, j: 4 read.
    # step: gradient: 1. w: w, step: 2. e: e, feedback, j: 3. Each but the first writes one word.
    assert (row["reads"], row["writes"]) == (2 + 4 + 4 + 1 + 2 + 3, 5)
    # its one neuron sends one rate; dopamine reaches it once
    assert row["messages"] == 2


def test_messages_by_hand(tmp_path):
    messages = cost(three_synapses(tmp_path)).as_dict()["messages"]
    # rates: sensory 1, cortex to itself, ventral and dorsal 1 each, two errors of two dorsal neurons 4
    # dopamine: to afferent, recurrent, to_ventral, and to cortex for tau
    # host: two entries of the observation are there, a reward, and the action goes back
    assert messages["rate"] == 1 + 3 + 4
    assert messages["modulator"] == 4
    # 5 steps a decision: cortex sends to itself each time, to the readouts once; the sensory rate is held
    slow = cost(three_synapses(tmp_path, "100 ms")).as_dict()["messages"]
    assert slow["rate"] == 1 + 5 + 2 + 4


def test_memory_by_hand(tmp_path):
    report = cost(three_synapses(tmp_path))
    words = report.as_dict()["memory_words"]
    synapses = {
        "afferent": ("w", "j", "e"),
        "recurrent": ("w", "j", "e"),
        "to_ventral": ("w", "e", "adam.m", "adam.s"),
    }
    expected = {f"{name}.{state}": 1 for name, states in synapses.items() for state in states}
    expected |= {"to_dorsal.w": 2, "feedback.w": 2}
    expected |= {
        "cortex.h": 1,
        "cortex.r": 1,
        "cortex.tau": 1,
        "cortex.tau.j": 1,
        "cortex.tau.e": 1,
        "sensory.r": 1,
    }
    expected |= {"dopamine.value_previous": 1, "striatal.power_1": 1, "striatal.power_2": 1}
    assert words == expected
    assert report.memory_bits == {key: 32 * count for key, count in expected.items()}


# --- the generated function ---------------------------------------------------------------------------------

ARITHMETIC = {
    "add": "add", "sub": "add", "add_any": "add",
    "mul": "multiply", "square": "multiply",
    "div": "divide",
    "exp": "transcendental", "log": "transcendental", "sqrt": "transcendental", "tanh": "transcendental",
    "sin": "transcendental", "cos": "transcendental", "pow": "transcendental",
    "max": "compare", "min": "compare", "abs": "compare", "sign": "compare",
    "lt": "compare", "le": "compare", "gt": "compare", "ge": "compare", "eq": "compare", "ne": "compare",
    "and": "compare", "or": "compare", "not": "compare",
}  # fmt: skip
CONTROL = {
    # layout and choice: they move values and compute none
    "select_n", "broadcast_in_dim", "convert_element_type", "reshape", "squeeze", "slice", "transpose",
    "copy", "concatenate", "iota", "stop_gradient", "expand_dims", "neg",
}  # fmt: skip


def jaxpr_counts(jaxpr):
    """Count a jaxpr's arithmetic by kind, each primitive weighted by the elements of its output.

    ``dot_general`` is one mac for each product. A sum over the presynaptic axis of a matrix is one add for
    each element, as in a dot product; a reduction of a vector of n is n - 1. A sign (``neg``) rides on the
    next add. Arithmetic on integers and on counts of truth values is addressing (which action), and not
    counted.
    """
    counts = dict.fromkeys(KINDS, 0)
    for equation in jaxpr.eqns:
        name = equation.primitive.name
        nested = [
            value for value in equation.params.values() if hasattr(value, "jaxpr") or hasattr(value, "eqns")
        ]
        if nested:
            for inner in nested:
                for kind, count in jaxpr_counts(getattr(inner, "jaxpr", inner)).items():
                    counts[kind] += count
            continue
        operand, result = equation.invars[0].aval if equation.invars else None, equation.outvars[0].aval
        if name in CONTROL or (operand is not None and np.issubdtype(operand.dtype, np.integer)):
            continue
        if name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            counts["mac"] += result.size * int(np.prod([operand.shape[axis] for axis in contracted]))
        elif name in ("reduce_sum", "reduce_max"):
            kind = "add" if name == "reduce_sum" else "compare"
            counts[kind] += operand.size if operand.ndim == 2 else operand.size - result.size
        elif name == "cumsum":
            counts["add"] += operand.size - 1
        elif name == "integer_pow":
            counts["multiply"] += (abs(equation.params["y"]) - 1) * result.size
        else:
            counts[ARITHMETIC[name]] += result.size
    return counts


def generated(circuit):
    """Trace the sections of a tick as the JAX backend runs them, as written: no regrouping, no packing."""
    import jax
    import jax.numpy as jnp

    from neuro_rtrrl.backends.jax.network import Network
    from neuro_rtrrl.graph.initialise import initial_values
    from neuro_rtrrl.lowering import SECTIONS, lower

    lowered = lower(circuit.replace(record=()))
    network = Network(lowered, "float32")
    carry, fixed = network.initial(initial_values(circuit, 0))
    values = {**carry, **fixed}
    for population in circuit.populations.values():
        if population.model.clamped:
            values[f"{population.name}.r"] = np.zeros(population.size, np.float32)
    values |= {name: np.float32(0.5) for name in ("reward", "terminated")}
    values["uniform"] = np.full(lowered.draws, 0.5, np.float32)

    def tick(values):
        values = dict(values)
        for section in SECTIONS:
            network.section(section, values)
        return values

    return jax.make_jaxpr(tick)({key: jnp.asarray(value) for key, value in values.items()}).jaxpr


def as_written_totals(circuit):
    report = cost(circuit)
    return {kind: sum(report.as_written[phase][kind] for phase in report.as_written) for kind in KINDS}


def test_as_written_count_equals_the_jaxpr_of_the_three_synapses(tmp_path):
    circuit = three_synapses(tmp_path)
    assert jaxpr_counts(generated(circuit)) == as_written_totals(circuit)


@pytest.mark.parametrize("name", ["bg", "cartpole_positions"])
def test_as_written_count_equals_the_jaxpr_of_a_shipped_circuit(name):
    from pathlib import Path

    from neuro_rtrrl.graph import load_circuit

    circuit = load_circuit(Path(__file__).parents[2] / "circuits" / f"{name}.yaml")
    assert jaxpr_counts(generated(circuit)) == as_written_totals(circuit)
