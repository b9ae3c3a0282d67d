"""Every check of a resolved circuit: a list of functions named like sentences.

Each takes the context and the circuit, and notes what is wrong. The circuit may lack parts that could not be
built; a check passes over what is not there, so that nothing is told twice.
"""

from __future__ import annotations

from neuro_rtrrl.graph import (
    checks_feedback,
    checks_method,
    checks_modulators,
    checks_prediction,
    checks_roles,
    checks_rules,
    checks_structure,
    checks_time,
)
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.graph.context import Context

__all__ = ["CHECKS", "check_circuit"]

CHECKS = (
    checks_structure.every_name_means_one_thing,
    checks_structure.every_group_is_used,
    checks_structure.no_instantaneous_cycle,
    checks_structure.recordings_exist,
    checks_roles.someone_chooses,
    checks_roles.the_critic_is_one_neuron,
    checks_roles.novelty_is_one_neuron,
    checks_roles.modulators_have_a_reward_to_read,
    checks_modulators.modulators_find_what_they_read,
    checks_modulators.what_is_released_comes_from_a_population,
    checks_modulators.continuous_signals_have_no_delay_by_decisions,
    checks_modulators.neurons_sense_the_modulator_they_read,
    checks_prediction.rules_are_used_in_their_role,
    checks_method.methods_apply,
    checks_time.euler_does_not_overshoot,
    checks_time.learned_time_constants_stay_above_their_bound,
    checks_time.spikes_by_chance_are_seldom_enough,
    checks_time.refractory_periods_are_whole_steps,
    checks_rules.groups_name_what_their_rule_needs,
    checks_rules.synapses_see_what_their_rule_reads,
    checks_rules.neurons_can_learn_what_they_name,
    checks_rules.feedback_reaches_the_rules_that_read_it,
    checks_feedback.learned_feedback_follows_the_forward_synapses,
)


def check_circuit(context: Context, circuit: Circuit) -> None:
    """Run all checks."""
    for check in CHECKS:
        check(context, circuit)
