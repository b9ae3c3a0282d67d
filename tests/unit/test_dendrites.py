"""Sums over the synapses of one neuron: every share before the sum, every reader after it, and nothing else moved."""

from __future__ import annotations

import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.language import Number, Read
from neuro_rtrrl.ledger.messages import count_messages
from neuro_rtrrl.lowering import Gather, hoist, lower
from neuro_rtrrl.lowering.dendrites import Share, meet
from neuro_rtrrl.lowering.program import Assign
from neuro_rtrrl.lowering.simplify import targets_of
from neuro_rtrrl.lowering.variables import declare

DUTCH = ("plasticity.cortical.rule=rflo_td_dutch", "plasticity.corticostriatal.rule=td_lambda_dutch_actor")
BOUNDED = ("plasticity.cortical.optimiser=obgd", "plasticity.corticostriatal.optimiser=obgd")


def circuit_with(*settings):
    return load_circuit("circuits/bg.yaml", settings)


@pytest.fixture
def declared():
    return declare(circuit_with())


def line(declared, projection, number):
    return Assign(f"{projection}.x", declared.spaces[projection], Number(number), "optimiser", projection)


def share(declared, owner, target, expression=None):
    declared.add(f"cortex.{target}", declared.spaces["cortex"], "derived")
    expression = expression or Read(f"{owner}.e", "own")
    return Share(f"cortex.{target}", declared.spaces[owner], expression, "optimiser", target)


def test_a_sum_waits_for_all_who_share_it_and_holds_up_nobody_else(declared):
    a, b, c = "sensory_to_cortex", "cortex_recurrent", "cortex_to_dorsal"
    queues = [
        [line(declared, a, 1), share(declared, a, "load"), line(declared, a, 2)],
        [line(declared, b, 3), share(declared, b, "load"), line(declared, b, 4)],
        [line(declared, c, 5), line(declared, c, 6)],
    ]
    found = meet(declared, queues)
    places = [str(statement).split(" = ")[-1] for statement in found]
    (total,) = (statement for statement in found if isinstance(statement, Gather))
    assert [term.projection for term in total.terms] == [a, b]
    assert [place for place in places if len(place) == 1] == ["1", "3", "5", "6", "2", "4"]
    assert found.index(total) == 4


def test_two_sums_of_which_one_lacks_a_share_keep_their_order(declared):
    a, b = "sensory_to_cortex", "cortex_recurrent"
    queues = [
        [share(declared, a, "first"), share(declared, a, "second"), line(declared, a, 1)],
        [share(declared, b, "second"), line(declared, b, 2)],
    ]
    targets = [key for statement in meet(declared, queues) for key in targets_of(statement)]
    assert targets == ["cortex.first", "cortex.second", f"{a}.x", f"{b}.x"]


def test_sums_in_contrary_orders_are_a_defect_and_no_endless_loop(declared):
    a, b = "sensory_to_cortex", "cortex_recurrent"
    queues = [
        [share(declared, a, "first"), share(declared, a, "second")],
        [share(declared, b, "second"), share(declared, b, "first")],
    ]
    with pytest.raises(AssertionError, match="different orders"):
        meet(declared, queues)


def test_what_adds_nothing_is_left_out_of_the_sum(declared):
    queues = [
        [share(declared, "sensory_to_cortex", "load")],
        [share(declared, "cortex_recurrent", "load", Number(0.0))],
    ]
    (total,) = meet(declared, queues)
    assert isinstance(total, Gather)
    assert [term.projection for term in total.terms] == ["sensory_to_cortex"]


@pytest.mark.parametrize("settings", [DUTCH, BOUNDED], ids=["rule", "optimiser"])
def test_a_sum_runs_over_all_that_the_neuron_learns_by_the_group(settings):
    sums = {
        statement.target.rsplit(".", 1)[-1]: statement
        for _, statement in lower(circuit_with(*settings)).statements()
        if isinstance(statement, Gather) and statement.target.startswith("cortex.cortical")
    }
    (total,) = sums.values()
    assert {term.projection for term in total.terms} == {"sensory_to_cortex", "cortex_recurrent"}
    written = [str(statement) for _, statement in lower(circuit_with(*settings)).statements()]
    (joined,) = (text for text in written if f"= {total.target.rsplit('.', 1)[-1]} + " in text)
    assert joined.count(" + ") == 2, "the synapses, the bias and tau"


@pytest.mark.parametrize("settings", [DUTCH, BOUNDED], ids=["rule", "optimiser"])
def test_a_dendritic_sum_sends_no_message(settings):
    def messages(*settings):
        return sorted(map(str, count_messages(hoist(lower(circuit_with(*settings))))))

    assert messages(*settings) == messages()
