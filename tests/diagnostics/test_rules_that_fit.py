"""A known rule at a known neuron that lacks what the rule reads: one message, and the rules that would fit."""

from __future__ import annotations

from pathlib import Path

from neuro_rtrrl import load
from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.models import models

ROOT = Path(__file__).parents[2]
BG = ROOT / "circuits" / "bg.yaml"


def problems_of(rule: str) -> list:
    """Return what is told of names that the rule cannot see, in bg.yaml's cortex."""
    try:
        load(BG, [f"plasticity.cortical.rule={rule}"])
    except CircuitError as error:
        return [each for each in error.problems if "which " in each.message]
    return []


def hinted(problem) -> list[str]:
    return problem.hint.partition(": ")[2].split(", ")


def test_a_rule_of_another_cell_is_told_once_a_projection_with_the_rules_that_fit():
    problems = problems_of("diagonal_rtrl_re")
    assert [each.where for each in problems] == [
        "projections.sensory_to_cortex.plasticity",
        "projections.cortex_recurrent.plasticity",
    ]
    for problem in problems:
        assert "'lambda_re_post'" in problem.message
        assert problem.hint.startswith("rules that fit 'ctrnn': ")
        assert not problem.available
        assert "rflo_td" in hinted(problem)
        assert not {"diagonal_rtrl_re", "stdp", "fixed", "td_lambda", "kolen_pollack"} & set(hinted(problem))


def test_the_rules_that_are_said_to_fit_do():
    problem = problems_of("diagonal_rtrl_re")[0]
    for rule in hinted(problem):
        assert rule in models("plasticity")
        assert not problems_of(rule)


def test_what_a_neuron_lacks_to_learn_its_own_is_told_once():
    problems = problems_of("e_prop")
    own = [each for each in problems if each.where == "populations.cortex.plasticity"]
    assert len(own) == 1
    assert "'psi', " in own[0].message
    assert "rflo_td" in hinted(own[0])
