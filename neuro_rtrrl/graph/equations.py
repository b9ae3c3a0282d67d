"""Checks equations: what they read, what they set, their dimensions; for built-in and user-written models."""

from __future__ import annotations

from collections.abc import Iterable

from neuro_rtrrl.graph.blocks import Block, Trouble
from neuro_rtrrl.graph.scope import (
    Scope,
    chosen_scope,
    modulator_scope,
    neuron_scope,
    neuron_variables,
    optimiser_scope,
    sensed_scope,
)
from neuro_rtrrl.language import (
    DimensionError,
    EquationError,
    dimension_of,
    names,
    parse_expression,
    parse_statements,
)
from neuro_rtrrl.models import IntrinsicRule, Modulator, NeuronModel, Optimiser, PlasticityRule
from neuro_rtrrl.units import DIMENSIONLESS, Dimension

__all__ = [
    "Trouble",
    "intrinsic_troubles",
    "modulator_troubles",
    "neuron_troubles",
    "optimiser_troubles",
    "rule_reads",
    "rule_troubles",
]


def _expression(block: Block, expected: Dimension, what: str) -> list[Trouble]:
    """Check a field that holds one expression."""
    if not block.text:
        return []
    try:
        expression = parse_expression(block.text)
    except EquationError as error:
        return [Trouble(block.field, error.line, error.message, "", error.available, error.hint)]
    found = block.reads(expression, 1, block.text.strip())
    if found or names(expression) & set(block.blind):
        return found
    try:
        dimension = dimension_of(expression, block.scope.__getitem__)
    except DimensionError as error:
        return [Trouble(block.field, 1, str(error), block.text.strip())]
    if dimension != expected:
        return [
            Trouble(
                block.field,
                1,
                f"{what} must be in {expected}, and this gives {dimension}",
                block.text.strip(),
            )
        ]
    return []


def neuron_troubles(model: NeuronModel) -> list[Trouble]:
    """Return what is wrong with a neuron's equations and ports."""
    scope = neuron_scope(model) | sensed_scope(model)
    states = {state.name: state.dimension for state in model.states}
    observed = {**scope, "observed": DIMENSIONLESS}
    found = Block(
        "on_observation", model.on_observation, observed, states, {}, defines=True, population=True
    ).troubles()
    found += Block("equations", model.equations, scope, {}, states, defines=True, population=True).troubles()
    found += Block("readout", model.readout, scope, {}, {}, defines=True, population=True).troubles()
    chosen = {**scope, **chosen_scope(model)}
    found += Block("on_choice", model.on_choice, chosen, {}, {}, defines=True, population=True).troubles()
    found += _expression(Block("threshold", model.threshold, scope, {}, {}), DIMENSIONLESS, "a condition")
    found += Block("reset", model.reset, dict(scope), states, {}).troubles()
    visible = neuron_variables(model)
    for field, ports in (("senders", model.senders), ("receivers", model.receivers)):
        possible = visible if field == "senders" else {**dict.fromkeys(model.inputs, 0), **states}
        for port, variables in ports.items():
            for name in variables:
                if name not in possible:
                    message = f"port '{port}' names '{name}', which this neuron does not have"
                    hint = f"let the readout define it, such as '{name} = ...'" if field == "senders" else ""
                    found.append(Trouble(field, 1, message, available=tuple(possible), hint=hint))
    return found


def rule_troubles(rule: PlasticityRule, scope: Scope, receives: Scope) -> list[Trouble]:
    """Return what is wrong with a rule's equations between two given neurons.

    Parameters
    ----------
    scope : what the synapse sees, see :func:`~neuro_rtrrl.graph.scope.synapse_scope`
    receives : the target port's variables with the dimension of each; ``x_post += ...`` may set them
    """
    states = {state.name: state.dimension for state in rule.states}
    blind = rule.nonlocal_names
    port = {f"{name}_post": dimension for name, dimension in receives.items()}
    found: list[Trouble] = []
    for name, dimension in list(receives.items())[:1]:
        block = Block("transmits", rule.transmits, scope, {}, {}, blind=blind)
        found += _expression(block, dimension, f"what is added to '{name}'")
    found += Block("dynamics", rule.dynamics, dict(scope), {}, states, blind=blind).troubles()
    for field in ("on_pre", "on_post"):
        targets = {**states, **port}
        found += Block(field, getattr(rule, field), dict(scope), targets, {}, blind=blind).troubles()
    once = frozenset(state.name for state in rule.states if state.broadcast)
    neurons = {name for name in scope if name.endswith(("_pre", "_post"))}
    found += Block(
        "on_decision",
        rule.on_decision,
        dict(scope),
        states,
        {},
        defines=True,
        optimise=True,
        dendrite=True,
        blind=blind,
        once=once,
        single=frozenset(neurons | set(states) - once),
    ).troubles()
    found += Block("on_episode_start", rule.on_episode_start, dict(scope), states, {}, blind=blind).troubles()
    return found


def rule_reads(rule: PlasticityRule) -> set[str]:
    """Return the names that a synapse reads when it learns, once a decision."""
    return {name for statement in parse_statements(rule.on_decision) for name in names(statement.expression)}


def intrinsic_troubles(intrinsic: IntrinsicRule, scope: Scope, blind: Iterable[str] = ()) -> list[Trouble]:
    """Return what is wrong with the learning of one parameter of a given neuron (its scope)."""
    states = {state.name: state.dimension for state in intrinsic.states}
    field = f"intrinsic.{intrinsic.parameter}."
    found = Block(
        field + "dynamics", intrinsic.dynamics, dict(scope), {}, states, blind=tuple(blind)
    ).troubles()
    targets = {**states, intrinsic.parameter: scope.get(intrinsic.parameter, DIMENSIONLESS)}
    found += Block(
        field + "on_decision",
        intrinsic.on_decision,
        dict(scope),
        targets,
        {},
        defines=True,
        optimise=True,
        dendrite=True,
        blind=tuple(blind),
    ).troubles()
    return found


def modulator_troubles(model: Modulator) -> list[Trouble]:
    """Return what is wrong with a neuromodulator's equations."""
    states = {state.name: state.dimension for state in model.states}
    seen = modulator_scope(model)
    equations = Block("equations", model.equations, seen, {}, states, defines=True)
    found = equations.troubles()
    shown = {name: dimension for name, dimension in equations.scope.items() if name != "release"}
    readout = Block("readout", model.readout, dict(shown), states, {}, defines=True)
    found += readout.troubles()
    decided = Block("on_decision", model.on_decision, dict(readout.scope), states, {}, defines=True)
    found += decided.troubles()
    return found or _defines(readout if model.readout else decided, "signal")


def optimiser_troubles(model: Optimiser) -> list[Trouble]:
    """Return what is wrong with an optimiser's equations."""
    states = {state.name: state.dimension for state in model.states}
    once = frozenset(state.name for state in model.states if state.broadcast)
    single = frozenset({"gradient", *states} - once)
    block = Block(
        "on_decision",
        model.on_decision,
        optimiser_scope(model),
        states,
        {},
        defines=True,
        dendrite=True,
        once=once,
        single=single,
    )
    return block.troubles() or _defines(block, "step")


def _defines(block: Block, name: str) -> list[Trouble]:
    if block.scope.get(name) == DIMENSIONLESS:
        return []
    return [
        Trouble(block.field, 1, f"the last word is missing: an equation must define '{name}', a pure number")
    ]
