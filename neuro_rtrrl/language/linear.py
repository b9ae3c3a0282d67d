"""Whether a derivative is linear in what it integrates, and with which coefficients.

The methods of integration that know the solution of a linear equation ask this of the trees that they integrate.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from neuro_rtrrl.language.expressions import Apply, Expression, Name, Number, apply, names, substitute
from neuro_rtrrl.language.operators import OPERATORS, REDUCTIONS
from neuro_rtrrl.language.parser import Statement

__all__ = ["Linear", "definitions_of", "linear_form", "switched"]

ZERO, ONE = Number(0.0), Number(1.0)

#: what is 0 or 1, or moves in steps: taken as it is at the start of the step, whatever it reads
_HELD = {name for name, each in OPERATORS.items() if each.dimensions in ("compare", "logical", "sign")} | {
    "floor"
}


@dataclass(frozen=True)
class Linear:
    """``rest`` plus the sum of coefficients times states; neither reads a state, save in what is held."""

    rest: Expression = ZERO
    coefficients: Mapping[str, Expression] = field(default_factory=dict)


def definitions_of(
    algebraic: Collection[Statement], states: Collection[str], constants: Collection[str] = ()
) -> dict[str, Expression]:
    """Return name → tree of the algebraic lines that follow from states, in terms of what is no such line.

    A line that sums over the population, or that is 0 or 1, is left as the name that it is: held over the step.

    Parameters
    ----------
    algebraic : statements, in order
    states : names of what is integrated
    constants : names that never change; lines that follow from these alone are written out, too
    """
    found: dict[str, Expression] = {}
    written_out: set[str] = set()
    for statement in algebraic:
        tree = substitute(statement.expression, found)
        read = names(tree)
        if isinstance(tree, Apply) and (tree.operator in _HELD or _reduces(tree)):
            continue
        if read & set(states) or (read and read <= set(constants)):
            found[statement.target] = tree
            written_out.add(statement.target)
    return found


def linear_form(expression: Expression, states: Collection[str]) -> Linear | None:
    """Return the tree as a linear form in the states, or None where it is none.

    Parameters
    ----------
    expression : Expression
        Over names. Comparisons, ``int``, ``sign``, ``floor`` and sums over a population are held over the step: what
        they read is not what is integrated.
    states : names
    """
    if isinstance(expression, Name):
        return Linear(ZERO, {expression.name: ONE}) if expression.name in states else Linear(expression)
    if not isinstance(expression, Apply) or expression.operator in _HELD or _reduces(expression):
        return Linear(expression)
    forms = [linear_form(argument, states) for argument in expression.arguments]
    if any(form is None for form in forms):
        return None
    parts = [form for form in forms if form is not None]
    if not any(part.coefficients for part in parts):
        return Linear(expression)
    operator = expression.operator
    if operator in ("add", "subtract"):
        left, right = parts
        return Linear(
            _combined(operator, left.rest, right.rest),
            {
                name: _combined(
                    operator, left.coefficients.get(name, ZERO), right.coefficients.get(name, ZERO)
                )
                for name in (
                    *left.coefficients,
                    *(n for n in right.coefficients if n not in left.coefficients),
                )
            },
        )
    if operator == "negate":
        return _scaled(parts[0], lambda tree: _combined("subtract", ZERO, tree))
    if operator == "multiply" and not (parts[0].coefficients and parts[1].coefficients):
        moving = 0 if parts[0].coefficients else 1
        factor = parts[1 - moving].rest
        return _scaled(parts[moving], lambda tree: _times(factor, tree) if moving else _times(tree, factor))
    if operator == "divide" and not parts[1].coefficients:
        return _scaled(parts[0], lambda tree: ZERO if tree == ZERO else apply("divide", tree, parts[1].rest))
    return None


def switched(expression: Expression, gates: Collection[str]) -> tuple[tuple[Expression, ...], Expression]:
    """Split a product into its factors that are 0 or 1 for the length of a step, and what they switch on and off.

    Parameters
    ----------
    expression : Expression
    gates : names
        Of algebraic lines that are ``int(...)``.
    """
    if isinstance(expression, Apply) and expression.operator == "int":
        return (expression,), ONE
    if isinstance(expression, Name) and expression.name in gates:
        return (expression,), ONE
    if isinstance(expression, Apply) and expression.operator == "negate":
        found, rest = switched(expression.arguments[0], gates)
        return found, apply("negate", rest)
    if isinstance(expression, Apply) and expression.operator == "divide":
        found, rest = switched(expression.arguments[0], gates)
        return found, apply("divide", rest, expression.arguments[1])
    if isinstance(expression, Apply) and expression.operator == "multiply":
        left, left_rest = switched(expression.arguments[0], gates)
        right, right_rest = switched(expression.arguments[1], gates)
        return (*left, *right), _times(left_rest, right_rest)
    return (), expression


def _reduces(tree: Apply) -> bool:
    return tree.operator in REDUCTIONS


def _scaled(form: Linear, scale) -> Linear:
    return Linear(scale(form.rest), {name: scale(tree) for name, tree in form.coefficients.items()})


def _times(left: Expression, right: Expression) -> Expression:
    if ZERO in (left, right):
        return ZERO
    if left == ONE:
        return right
    return left if right == ONE else apply("multiply", left, right)


def _combined(operator: str, left: Expression, right: Expression) -> Expression:
    if right == ZERO:
        return left
    if left == ZERO:
        if operator == "add":
            return right
        return Number(-right.value) if isinstance(right, Number) else apply("negate", right)
    return apply(operator, left, right)
