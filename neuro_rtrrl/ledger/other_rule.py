"""A circuit some of whose groups learn by another rule, everything else as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.models import Optimiser, PlasticityRule, models

__all__ = ["filled", "taught_by", "with_other_rule"]


def with_other_rule(circuit: Circuit, groups: Iterable[str], model: str) -> Circuit:
    """Return the circuit with another rule in some groups; what that rule cannot teach is no longer learned.

    Parameters
    ----------
    circuit : Circuit
    groups : iterable of str
        Names of groups of its plasticity.
    model : str
        Name of a registered rule. What it needs besides the group's parameters takes its default.
    """
    rule = _rule(model)
    changed = {
        name: replace(
            circuit.plasticity[name], rule=rule, parameters=filled(rule, circuit.plasticity[name].parameters)
        )
        for name in groups
    }
    taught = taught_by(model)
    return circuit.replace(
        plasticity={**circuit.plasticity, **changed},
        projections={
            name: replace(p, rule=rule) if p.group in changed else p
            for name, p in circuit.projections.items()
        },
        populations={
            name: replace(p, learns=tuple(each for each in p.learns if each in taught))
            if p.plasticity in changed
            else p
            for name, p in circuit.populations.items()
        },
    )


def taught_by(model: str) -> set[str]:
    """Return the parameters of a neuron that a rule teaches."""
    return {each.parameter for each in _rule(model).intrinsic}


def filled(model: PlasticityRule | Optimiser, known: Mapping[str, float]) -> dict[str, float]:
    """Return parameters with what a model needs besides: its defaults."""
    defaults = {p.name: p.default for p in model.parameters if isinstance(p.default, int | float)}
    return {**defaults, **known}


def _rule(model: str) -> PlasticityRule:
    rule = models("plasticity")[model]
    assert isinstance(rule, PlasticityRule)
    return rule
