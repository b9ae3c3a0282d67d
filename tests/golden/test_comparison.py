"""Exact RTRL and BPTT, counted by hand for two neurons, and how they grow."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import cost
from neuro_rtrrl.ledger.comparison import Shape, bptt_cost, compare, rtrl_cost


@pytest.fixture(scope="module")
def bg():
    return load_circuit(Path(__file__).resolve().parents[2] / "circuits" / "bg.yaml")


def test_exact_rtrl_of_two_neurons_and_one_input_by_hand():
    # R = 4, I = 2, P = 6; J has 2*6 entries.
    # W J: each entry a sum over 2 neurons: 24 mac. Each entry (1 - a)*J + c*(W J): 24 multiplies, 12 adds.
    # c = a*slope: 2 multiplies. Immediate c*x: 6 multiplies, joined by 6 adds.
    # Trace: g J is a sum over 2 neurons for 6 parameters, 12 mac; decay*e + that: 6 multiplies, 6 adds.
    cost_of = rtrl_cost(Shape(neurons=2, inputs=1, recurrent=4, from_inputs=2))
    assert cost_of.words == 12 + 6
    assert cost_of.operations == {"mac": 24 + 12, "multiply": 24 + 2 + 6 + 6, "add": 12 + 6 + 6, "divide": 0}
    assert cost_of.total == 2 * 36 + 38 + 24


def test_exact_rtrl_with_a_learned_tau_by_hand():
    # P = 8: 2*8 entries. dt/tau is 2 divides and 1 - a 2 adds.
    # The immediate of tau is 2 adds, 2 multiplies and 2 divides.
    cost_of = rtrl_cost(Shape(neurons=2, inputs=1, recurrent=4, from_inputs=2, learned=("tau",)))
    assert cost_of.operations == {
        "mac": 4 * 8 + 2 * 8,
        "multiply": 2 + 2 * 16 + 6 + 2 + 8,
        "add": 2 + 16 + 8 + 2 + 8,
        "divide": 2 + 2,
    }


def test_bptt_of_two_neurons_and_one_input_over_three_steps_by_hand():
    # Kept: h and tanh of 2 neurons and 1 input for 3 steps; gradient 6; adjoint 2.
    # A step: W^T u 4 mac; gradient 6 mac; c, u, (1 - a)*adjoint 2 multiplies each;
    # adjoint 2 adds, feedback 2 adds.
    cost_of = bptt_cost(Shape(neurons=2, inputs=1, recurrent=4, from_inputs=2), window=3)
    assert cost_of.words == 3 * (2 * 2 + 1) + 6 + 2
    assert cost_of.operations == {"mac": 4 + 6, "multiply": 6, "add": 2 + 2, "divide": 0}


def test_growth_with_the_number_of_neurons_is_that_of_the_textbook(bg):
    table = compare(bg, 64, sizes=(128, 256))
    ratio = {column: table["256"][column] / table["128"][column] for column in table.columns}
    assert 3.7 < ratio["local"] < 4.0  # n**2
    assert 3.7 < ratio["local_words"] < 4.0
    assert 15 < ratio["rtrl"] < 16  # n**4
    assert 7.5 < ratio["rtrl_words"] < 8.0  # n**3
    assert 3.7 < ratio["bptt"] < 4.0


def test_local_row_of_the_comparison_is_the_ledger_itself(bg):
    report = cost(bg)
    onto = ("sensory_to_cortex", "cortex_recurrent", "cortex")
    table = report.by("owner", columns="phase")
    owners = [name for name in table if name.split(".")[0] in onto]
    expected = sum(table[name]["local_trace"] + table[name]["eligibility_trace"] for name in owners)
    assert compare(bg, 64, sizes=(32,))["32"]["local"] == expected
