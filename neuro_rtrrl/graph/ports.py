"""What the spikes of a rule move in the neuron that they reach."""

from __future__ import annotations

import re
from dataclasses import replace

from neuro_rtrrl.models import NeuronModel, PlasticityRule

__all__ = ["delivered_to"]

_DELIVERS = re.compile(r"\bv_post(?=\s*\+=)")


def delivered_to(rule: PlasticityRule, neuron: NeuronModel, port: str) -> PlasticityRule:
    """Return the rule whose spikes arrive at a port.

    ``v_post += w`` in ``on_pre`` stands for what the port takes, where that is one state of another name, such as a
    synaptic current. Weights of a synapse that never changes are in the unit of what they move; those of a rule that
    learns have the rule's own, and the checks refuse what does not fit.

    Parameters
    ----------
    rule : PlasticityRule
    neuron : NeuronModel
        The target.
    port : str
        Of ``neuron.receivers``.
    """
    variables = neuron.receivers[port]
    state = next((each for each in neuron.states if each.name == variables[0]), None)
    if len(variables) != 1 or state is None or not _DELIVERS.search(rule.on_pre):
        return rule
    if state.name != "v":
        rule = replace(rule, on_pre=_DELIVERS.sub(f"{state.name}_post", rule.on_pre))
    if not rule.plastic:
        states = (replace(each, unit=state.unit) if each.name == "w" else each for each in rule.states)
        rule = replace(rule, states=tuple(states))
    return rule
