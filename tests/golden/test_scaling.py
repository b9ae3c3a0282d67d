"""How credit assignment grows with the number of neurons, to the exact order: differences of the counts themselves.

The d-th difference of a polynomial of degree d in whole steps is d! times its leading coefficient, and the next one is
zero. So these tests hold the order and the leading coefficient, and no ratio that only tends to them.
"""

from __future__ import annotations

from math import factorial
from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import cost
from neuro_rtrrl.ledger.comparison import Shape, bptt_cost, compare, rtrl_cost

CIRCUITS = Path(__file__).resolve().parents[2] / "circuits"
SIZES = tuple(range(5, 12))


def leading(counts, degree):
    """Return the leading coefficient of counts that are a polynomial of exactly this degree in the size."""
    differences = np.diff(np.asarray(counts, dtype=np.int64), degree)
    assert (differences == differences[0]).all(), "of higher degree, or no polynomial"
    assert differences[0] > 0, "of lower degree"
    return differences[0] / factorial(degree)


def shape(neurons, inputs=3, learned=(), steps=1):
    return Shape(neurons, inputs, neurons**2, neurons * inputs, learned, steps)


@pytest.mark.parametrize("learned", [(), ("bias",), ("bias", "tau")], ids=str)
@pytest.mark.parametrize("steps", [1, 5])
def test_exact_rtrl_takes_n4_operations_and_n3_words(learned, steps):
    costs = [rtrl_cost(shape(n, learned=learned, steps=steps)) for n in SIZES]
    assert (
        leading([each.operations["mac"] for each in costs], 4) == steps
    )  # W J: n*n synapses, n*n parameters
    assert leading([each.total for each in costs], 4) == 2 * steps
    assert leading([each.words for each in costs], 3) == 1  # n rows of n*n synapses


@pytest.mark.parametrize("learned", [(), ("bias", "tau")], ids=str)
@pytest.mark.parametrize("window", [1, 8, 64])
def test_bptt_takes_t_times_n2_operations_in_a_window_and_t_times_n_words(learned, window):
    costs = [bptt_cost(shape(n, learned=learned), window) for n in SIZES]
    # a window of T decisions: T steps back, each the gradient and the adjoint of n*n synapses
    assert leading([window * each.operations["mac"] for each in costs], 2) == 2 * window
    assert leading([window * each.total for each in costs], 2) == 4 * window
    # besides the gradient itself, n*n, and the adjoint: two words a neuron and step are stored
    kept = [
        each.words - shape(n, learned=learned).parameters - n for each, n in zip(costs, SIZES, strict=True)
    ]
    assert leading(kept, 1) == 2 * window


def test_bptt_grows_in_proportion_to_its_window():
    windows = range(1, 8)
    for neurons in (6, 20):
        costs = [bptt_cost(shape(neurons), window) for window in windows]
        assert leading([w * each.total for w, each in zip(windows, costs, strict=True)], 1) == costs[0].total
        assert leading([each.words for each in costs], 1) == 2 * neurons + 3


# rule -> operations of the local trace and of the eligibility trace for a synapse, and its words; by hand in
# test_every_rule.py, where a time constant is the same for all; here each neuron's dt/tau is its own, worked out once
LOCAL = {
    "rflo_td": (4 + 3, 2),
    "rflo_td_replacing": (4 + 11, 2),
    "rflo_td_dutch": (4 + 3, 2),  # its overlap is counted with the weight change
    "one_step_td": (5 + 3, 2),
    "local_mse": (3 + 3, 2),
}


@pytest.mark.parametrize("rule", LOCAL)
def test_a_local_rule_takes_n2_operations_and_words(rule):
    overrides = [f"plasticity.cortical.rule={rule}"]
    if rule == "local_mse":
        overrides.append("populations.cortex.learns=[bias]")
    table = compare(load_circuit(CIRCUITS / "bg.yaml", overrides), 64, sizes=SIZES)
    operations, words = LOCAL[rule]
    assert leading([table[str(n)]["local"] for n in SIZES], 2) == operations
    assert leading([table[str(n)]["local_words"] for n in SIZES], 2) == words


def test_the_ledger_of_a_circuit_that_learns_by_exact_rtrl_grows_as_the_formulae_do():
    circuit = load_circuit(CIRCUITS / "bg.yaml", ["plasticity.cortical.rule=rtrl_td"])
    table = compare(circuit, 64, sizes=SIZES)
    assert leading([table[str(n)]["local"] for n in SIZES], 4) == 2
    assert leading([table[str(n)]["rtrl"] for n in SIZES], 4) == 2
    assert leading([table[str(n)]["local_words"] for n in SIZES], 3) == 1


@pytest.mark.parametrize("name", ["lru", "mingru"])
def test_exact_rtrl_of_a_diagonal_cell_grows_with_n(name):
    totals = []
    for size in SIZES:
        report = cost(
            load_circuit(CIRCUITS / f"{name}.yaml", ["record=[]", f"populations.cortex.size={size}"])
        )
        totals.append(sum(sum(kinds.values()) for kinds in report.operations.values()))
    leading(totals, 1)


def test_the_whole_ledger_of_a_dense_recurrent_circuit_grows_with_n2():
    reports = [
        cost(load_circuit(CIRCUITS / "bg.yaml", ["record=[]", f"populations.cortex.size={n}"])) for n in SIZES
    ]
    leading([sum(sum(kinds.values()) for kinds in each.operations.values()) for each in reports], 2)
    # w, j, e, and the two words of Adam
    assert leading([sum(each.as_dict()["memory_words"].values()) for each in reports], 2) == 5
