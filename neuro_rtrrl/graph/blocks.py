"""One field of equations of a model: what it reads, what it sets, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from neuro_rtrrl.errors import nearest
from neuro_rtrrl.graph.scope import Scope
from neuro_rtrrl.language import (
    REDUCTIONS,
    Apply,
    DimensionError,
    EquationError,
    Expression,
    Statement,
    dimension_of,
    names,
    parse_statements,
    walk,
)
from neuro_rtrrl.units import DIMENSIONLESS, unit_dimension

__all__ = ["Block", "Trouble"]

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
class Block:
    """A field of equations with what it may do."""

    field: str
    text: str
    scope: Scope
    targets: Scope  # what may be assigned
    derivatives: Scope  # what may have a derivative
    defines: bool = False  # whether new names may be defined
    population: bool = False  # whether sums over the population are in sight
    optimise: bool = False
    dendrite: bool = False  # whether sums over the synapses of one neuron are in sight
    blind: tuple[str, ...] = ()  # declared nonlocal: in sight, of unknown dimension
    once: frozenset[str] = frozenset()  # states of which the whole group has one
    single: frozenset[str] = frozenset()  # what a synapse has of its own: those states cannot follow from it

    def troubles(self) -> list[Trouble]:
        """Return what is wrong with the field."""
        try:
            statements = parse_statements(self.text)
        except EquationError as error:
            return [Trouble(self.field, error.line, error.message, "", error.available, error.hint)]
        return [trouble for statement in statements for trouble in self.statement(statement)]

    def statement(self, statement: Statement) -> list[Trouble]:
        """Return what is wrong with one line; what it defines is in sight of the next."""
        found = self.reads(statement.expression, statement.line, statement.text)
        found += self._once(statement)
        allowed = self.derivatives if statement.kind == "derivative" else self.targets
        expected = allowed.get(statement.target)
        if expected is not None and _sums(statement.expression):
            message = f"'{statement.target}' belongs to one synapse, and a dendritic sum to the whole neuron"
            return [*found, Trouble(self.field, statement.line, message, statement.text)]
        if expected is None and not self._may_define(statement):
            found.append(self._cannot_set(statement, allowed))
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

    def _once(self, statement: Statement) -> list[Trouble]:
        """A number of the whole group cannot follow from one synapse."""
        if statement.target not in self.once:
            self.single |= {statement.target}  # what a synapse works out for itself
            return []
        own = sorted(names(statement.expression) & self.single)
        if not own:
            return []
        message = f"'{statement.target}' is one for the whole group, and its equation reads '{own[0]}'"
        available = tuple(name for name in self.scope if name not in self.single)
        return [Trouble(self.field, statement.line, message, statement.text, available)]

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
        """Return what an expression reads or applies and cannot."""
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
        found += self._dendrite(expression, line, text)
        if "optimise" in operators and not self.optimise:
            found.append(
                Trouble(self.field, line, "optimise() has its place in a rule's 'on_decision' only", text)
            )
        return found

    def _dendrite(self, expression: Expression, line: int, text: str) -> list[Trouble]:
        """A sum over the neuron's synapses has a name and a line of its own, where they learn."""
        sums = _sums(expression)
        if not sums:
            return []
        message, hint = "", "first a line 'total = dendritic_sum(...)', then one that reads 'total'"
        if not self.dendrite:
            message, hint = "dendritic_sum() has its place where synapses learn, once a decision", ""
        elif sums != [expression]:
            message = "dendritic_sum() stands alone on the right of a line"
        return [Trouble(self.field, line, message, text, hint=hint)] if message else []

    def _cannot_set(self, statement: Statement, allowed: Scope) -> Trouble:
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


def _sums(expression: Expression) -> list[Expression]:
    return [node for node in walk(expression) if isinstance(node, Apply) and node.operator == "dendritic_sum"]
