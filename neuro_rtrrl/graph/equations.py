"""Checks equations: what they read, what they set, their dimensions; for built-in and user-written models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from neuro_rtrrl.errors import nearest
from neuro_rtrrl.graph.scope import (
    Scope,
    modulator_scope,
    neuron_scope,
    neuron_variables,
    optimiser_scope,
)
from neuro_rtrrl.language import (
    REDUCTIONS,
    Apply,
    DimensionError,
    EquationError,
    Expression,
    Statement,
    dimension_of,
    names,
    parse_expression,
    parse_statements,
    walk,
)
from neuro_rtrrl.models import IntrinsicRule, Modulator, NeuronModel, Optimiser, PlasticityRule
from neuro_rtrrl.units import DIMENSIONLESS, Dimension, unit_dimension

__all__ = [
    "Trouble",
    "intrinsic_troubles",
    "modulator_troubles",
    "neuron_troubles",
    "optimiser_troubles",
    "rule_troubles",
]

SECOND = unit_dimension("second")


@dataclass(frozen=True)
class Trouble:
    """One thing wrong with an equation: in which field of the model, on which of its lines.

    ``unseen`` is the name that the equation reads and cannot see, where that is what is wrong.
    """

    field: str
    line: int
    message: str
    text: str = ""
    available: tuple[str, ...] = ()
    hint: str = ""
    unseen: str = ""


@dataclass
class _Block:
    """A field of equations with what it may do."""

    field: str
    text: str
    scope: Scope
    targets: Scope  # what may be assigned
    derivatives: Scope  # what may have a derivative
    defines: bool = False  # whether new names may be defined
    population: bool = False  # whether sums over the population are in sight
    optimise: bool = False
    blind: tuple[str, ...] = ()  # declared nonlocal: in sight, of unknown dimension

    def troubles(self) -> list[Trouble]:
        try:
            statements = parse_statements(self.text)
        except EquationError as error:
            return [Trouble(self.field, error.line, error.message, "", error.available, error.hint)]
        return [trouble for statement in statements for trouble in self.statement(statement)]

    def statement(self, statement: Statement) -> list[Trouble]:
        found = self.reads(statement.expression, statement.line, statement.text)
        allowed = self.derivatives if statement.kind == "derivative" else self.targets
        expected = allowed.get(statement.target)
        if expected is None and not self._may_define(statement):
            found.append(self.cannot_set(statement, allowed))
        if found or names(statement.expression) & set(self.blind):
            self.scope.setdefault(statement.target, DIMENSIONLESS)
            return found
        try:
            dimension = dimension_of(statement.expression, self.scope.__getitem__)
        except DimensionError as error:
            self.scope.setdefault(statement.target, DIMENSIONLESS)
            return [Trouble(self.field, statement.line, str(error), statement.text)]
        if statement.kind == "derivative":
            dimension = dimension * SECOND
        if expected is None:
            self.scope[statement.target] = dimension
        elif dimension != expected:
            message = f"'{statement.target}' is in {expected}, and its equation gives {dimension}"
            if statement.kind == "derivative":
                given = dimension / SECOND
                message = (
                    f"d{statement.target}/dt must be in {expected / SECOND}, and its equation gives {given}"
                )
            return [Trouble(self.field, statement.line, message, statement.text)]
        return []

    def _may_define(self, statement: Statement) -> bool:
        """Whether the line may name a part of what follows; another neuron's variables are not to be set."""
        elsewhere = statement.target.endswith(("_pre", "_post"))
        return (
            self.defines
            and statement.kind == "assign"
            and statement.target not in self.scope
            and not elsewhere
        )

    def reads(self, expression: Expression, line: int, text: str) -> list[Trouble]:
        found = []
        visible = tuple(self.scope)
        for name in sorted(names(expression) - set(self.scope) - set(self.blind)):
            found.append(
                Trouble(
                    self.field, line, f"reads '{name}'", text, visible, nearest(name, visible), unseen=name
                )
            )
        operators = {node.operator for node in walk(expression) if isinstance(node, Apply)}
        if not self.population:
            for name in sorted(operators & set(REDUCTIONS)):
                message = f"{name}() runs over a whole population, which is not in sight here"
                found.append(
                    Trouble(self.field, line, message, text, hint="only a neuron's equations have that scope")
                )
        if "optimise" in operators and not self.optimise:
            found.append(
                Trouble(self.field, line, "optimise() has its place in a rule's 'on_decision' only", text)
            )
        return found

    def cannot_set(self, statement: Statement, allowed: Scope) -> Trouble:
        what = f"d{statement.target}/dt" if statement.kind == "derivative" else f"'{statement.target}'"
        if not allowed:
            kind = "a derivative" if statement.kind == "derivative" else "an assignment"
            return Trouble(
                self.field, statement.line, f"{kind} has no place in '{self.field}'", statement.text
            )
        return Trouble(
            self.field,
            statement.line,
            f"'{self.field}' cannot set {what}",
            statement.text,
            tuple(allowed),
            nearest(statement.target, allowed) or f"declare '{statement.target}' under 'states'",
        )


def _expression(block: _Block, expected: Dimension, what: str) -> list[Trouble]:
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
    scope = neuron_scope(model)
    states = {state.name: state.dimension for state in model.states}
    observed = {**scope, "observed": DIMENSIONLESS}
    found = _Block(
        "on_observation", model.on_observation, observed, states, {}, defines=True, population=True
    ).troubles()
    found += _Block("equations", model.equations, scope, {}, states, defines=True, population=True).troubles()
    found += _Block("readout", model.readout, scope, {}, {}, defines=True, population=True).troubles()
    chosen = {**scope, "chosen": DIMENSIONLESS}
    found += _Block("on_choice", model.on_choice, chosen, {}, {}, defines=True, population=True).troubles()
    found += _expression(_Block("threshold", model.threshold, scope, {}, {}), DIMENSIONLESS, "a condition")
    found += _Block("reset", model.reset, dict(scope), states, {}).troubles()
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
        block = _Block("transmits", rule.transmits, scope, {}, {}, blind=blind)
        found += _expression(block, dimension, f"what is added to '{name}'")
    found += _Block("dynamics", rule.dynamics, dict(scope), {}, states, blind=blind).troubles()
    for field in ("on_pre", "on_post"):
        targets = {**states, **port}
        found += _Block(field, getattr(rule, field), dict(scope), targets, {}, blind=blind).troubles()
    found += _Block(
        "on_decision", rule.on_decision, dict(scope), states, {}, defines=True, optimise=True, blind=blind
    ).troubles()
    found += _Block(
        "on_episode_start", rule.on_episode_start, dict(scope), states, {}, blind=blind
    ).troubles()
    return found


def intrinsic_troubles(intrinsic: IntrinsicRule, scope: Scope, blind: Iterable[str] = ()) -> list[Trouble]:
    """Return what is wrong with the learning of one parameter of a given neuron (its scope)."""
    states = {state.name: state.dimension for state in intrinsic.states}
    field = f"intrinsic.{intrinsic.parameter}."
    found = _Block(
        field + "dynamics", intrinsic.dynamics, dict(scope), {}, states, blind=tuple(blind)
    ).troubles()
    targets = {**states, intrinsic.parameter: scope.get(intrinsic.parameter, DIMENSIONLESS)}
    found += _Block(
        field + "on_decision",
        intrinsic.on_decision,
        dict(scope),
        targets,
        {},
        defines=True,
        optimise=True,
        blind=tuple(blind),
    ).troubles()
    return found


def modulator_troubles(model: Modulator) -> list[Trouble]:
    """Return what is wrong with a neuromodulator's equations."""
    states = {state.name: state.dimension for state in model.states}
    block = _Block("on_decision", model.on_decision, modulator_scope(model), states, {}, defines=True)
    return block.troubles() or _defines(block, "signal")


def optimiser_troubles(model: Optimiser) -> list[Trouble]:
    """Return what is wrong with an optimiser's equations."""
    states = {state.name: state.dimension for state in model.states}
    block = _Block("on_decision", model.on_decision, optimiser_scope(model), states, {}, defines=True)
    return block.troubles() or _defines(block, "step")


def _defines(block: _Block, name: str) -> list[Trouble]:
    if block.scope.get(name) == DIMENSIONLESS:
        return []
    return [
        Trouble(block.field, 1, f"the last word is missing: an equation must define '{name}', a pure number")
    ]
