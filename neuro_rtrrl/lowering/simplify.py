"""What vanishes before anything is counted: factors of one, terms of zero, statements that nobody reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from neuro_rtrrl.language import Apply, Expression, Number, Read, rewrite, walk
from neuro_rtrrl.language.on_numbers import NUMBERS, evaluated
from neuro_rtrrl.lowering.program import (
    Act,
    Assign,
    Choose,
    Gather,
    LoweredCircuit,
    Reduce,
    SpikeStep,
    Statement,
    Variable,
)
from neuro_rtrrl.units import DIMENSIONLESS

__all__ = ["drop_unread", "evaluate_constant", "fold", "inputs_of", "reads_of", "targets_of"]

ZERO, ONE = Number(0.0), Number(1.0)


def evaluate_constant(expression: Expression, variables: Mapping[str, Variable]) -> float | None:
    """Return the value of a tree made of numbers and constants only, or None where something varies.

    Where there is no value, as of 1/0, it is None as well: the run would show it, and the checks of the graph name the
    parameter.
    """
    return evaluated(expression, lambda leaf: variables[leaf.key].value if isinstance(leaf, Read) else None)


def fold(expression: Expression, variables: Mapping[str, Variable]) -> Expression:
    """Return the tree without factors of one and terms of zero; constants that are exactly 0 or 1 count as such.

    A quantity that is 1 in its unit (a time constant of 1 s) stays: without it the rest would be in another unit.
    """

    def visit(node: Expression) -> Expression:
        constant = variables[node.key] if isinstance(node, Read) else None
        if constant is not None and constant.value == 0.0:
            return ZERO
        if constant is not None and constant.value == 1.0 and constant.dimension == DIMENSIONLESS:
            return ONE
        return _neutral(node) if isinstance(node, Apply) else node

    return rewrite(expression, visit)


def _neutral(node: Apply) -> Expression:
    operator, arguments = node.operator, node.arguments
    if operator == "negate" and isinstance(arguments[0], Number):
        return Number(-arguments[0].value)
    if len(arguments) != 2:
        return node
    left, right = arguments
    if isinstance(left, Number) and isinstance(right, Number) and operator in ("add", "subtract", "multiply"):
        return Number(NUMBERS[operator](left.value, right.value))
    if operator == "add" and ZERO in arguments:
        return right if left == ZERO else left
    if operator == "subtract" and right == ZERO:
        return left
    if operator == "subtract" and left == ZERO:
        return _neutral(Apply("negate", (right,)))
    if operator == "multiply" and ZERO in arguments:
        return ZERO
    if operator == "multiply" and ONE in arguments:
        return right if left == ONE else left
    if operator == "divide" and right == ONE:
        return left
    if operator == "divide" and left == ZERO:
        return ZERO
    return node


def expressions_of(statement: Statement) -> tuple[Expression, ...]:
    """Return the trees that a statement evaluates."""
    if isinstance(statement, Assign | Reduce):
        return (statement.expression,)
    if isinstance(statement, Gather):
        return tuple(term.expression for term in statement.terms)
    if isinstance(statement, SpikeStep):
        inner = tuple(tree for action in statement.actions for tree in expressions_of(action))
        return inner if statement.condition is None else (statement.condition, *inner)
    return ()


def inputs_of(expressions: Iterable[Expression]) -> set[str]:
    """Return the keys of all variables read by the trees."""
    return {node.key for tree in expressions for node in walk(tree) if isinstance(node, Read)}


def reads_of(statement: Statement) -> set[str]:
    """Return the keys of all variables that a statement reads."""
    found = inputs_of(expressions_of(statement))
    if isinstance(statement, Choose):
        found.add(statement.policy)
    if isinstance(statement, Act):
        found.add(statement.source)
    if isinstance(statement, SpikeStep) and statement.trigger:
        found.add(statement.trigger)
    return found


def targets_of(statement: Statement) -> tuple[str, ...]:
    """Return the keys of all variables that a statement sets."""
    if isinstance(statement, Choose):
        return ("action", statement.chosen)
    if isinstance(statement, Act):
        return ("action",)
    if isinstance(statement, SpikeStep):
        own = (statement.trigger,) if statement.kind == "threshold" else ()
        return (*own, *(key for action in statement.actions for key in targets_of(action)))
    return (statement.target,)


def drop_unread(lowered: LoweredCircuit, roots: set[str]) -> LoweredCircuit:
    """Return the circuit without statements whose result reaches no root, no choice and no spike."""
    live = set(roots)
    everything = [*lowered.episode_start, *(statement for _, statement in lowered.statements())]
    while True:
        reached = set(live)
        for statement in everything:
            if isinstance(statement, Choose | Act | SpikeStep) or live.intersection(targets_of(statement)):
                reached |= reads_of(statement)
        reached |= {f"{source}.w" for view, source in lowered.transposed.items() if f"{view}.w" in reached}
        if reached == live:
            break
        live = reached
    sections = {
        name: tuple(
            s for s in body if isinstance(s, Choose | Act | SpikeStep) or live.intersection(targets_of(s))
        )
        for name, body in lowered.sections.items()
    }
    assigned = {key for body in sections.values() for s in body for key in targets_of(s)}
    used = live | assigned
    # a state may begin at a parameter that no equation reads any more, as where that is 0
    used |= {start for key in used if isinstance(start := lowered.variables[key].initial, str)}
    variables = {key: variable for key, variable in lowered.variables.items() if key in used}
    start = tuple(statement for statement in lowered.episode_start if statement.target in live)
    return lowered.replace(sections=sections, episode_start=start, variables=variables)
