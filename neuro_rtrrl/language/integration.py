"""How the derivatives of one system are integrated by a method: what each step needs, or why the method cannot."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from neuro_rtrrl.language.expressions import Apply, Expression, names, substitute, to_text
from neuro_rtrrl.language.linear import ZERO, Linear, definitions_of, linear_form, switched
from neuro_rtrrl.language.parser import Statement

__all__ = ["METHODS", "Obstacle", "Step", "own_coefficients", "steps_of"]

METHODS = ("euler", "exponential_euler", "exact")
_ONE_BY_ONE = "use method: exponential_euler, which takes every equation by itself, or method: euler"


@dataclass(frozen=True)
class Step:
    """One derivative, taken apart.

    Attributes
    ----------
    statement : Statement
    form : Linear
        Without coefficients where the derivative does not depend on what is integrated.
    gates : tuple of trees
        Factors of the whole derivative that are 0 or 1; the form is what they switch.
    """

    statement: Statement
    form: Linear
    gates: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Obstacle:
    """Why a method does not apply to a derivative, and what to do."""

    statement: Statement
    reason: str
    hint: str


def steps_of(
    method: str,
    derivatives: Sequence[Statement],
    algebraic: Sequence[Statement] = (),
    constants: Collection[str] = (),
) -> tuple[list[Step], list[Obstacle]]:
    """Take the derivatives of a system apart.

    Parameters
    ----------
    method : {"exponential_euler", "exact"}
    derivatives, algebraic : statements over names, the latter evaluated in order before
    constants : names of numbers that are the same for all elements and never change
    """
    gates = {
        s.target for s in algebraic if isinstance(s.expression, Apply) and s.expression.operator == "int"
    }
    # (new - x)/dt is no rate of change but a jump once a step: every method makes it as Euler's does
    jumps = {statement.target for statement in derivatives if "dt" in names(statement.expression)}
    system = {statement.target for statement in derivatives} - jumps
    found: list[Step] = []
    obstacles: list[Obstacle] = []
    for statement in derivatives:
        if statement.target in jumps:
            found.append(Step(statement, Linear(statement.expression)))
            continue
        states = system if method == "exact" else {statement.target}
        written_out = definitions_of(algebraic, states, constants if method == "exact" else ())
        step = _step(statement, substitute(statement.expression, written_out), states, gates)
        if step is None:
            moving = " and ".join(f"'{name}'" for name in sorted(states & names(statement.expression)))
            obstacles.append(
                Obstacle(
                    statement,
                    f"method '{method}' needs d{statement.target}/dt to be linear in "
                    f"{moving or repr(statement.target)}",
                    "use method: euler with a small dt"
                    if method == "exponential_euler"
                    else "use method: exponential_euler where each equation is linear in its own state, or method: "
                    "euler",
                )
            )
            continue
        found.append(step)
        if method == "exact":
            obstacles += _not_constant(step, constants)
    if method == "exact":
        obstacles += _switched_within(found)
    return found, obstacles


def own_coefficients(
    derivatives: Sequence[Statement], algebraic: Sequence[Statement], constants: Collection[str]
) -> list[tuple[Statement, Expression]]:
    """Return each derivative that is linear in its own state with the state's coefficient, where that is constant.

    A factor that is 0 or 1 counts as 1: while it is on, the state moves with that coefficient.
    """
    moving = {statement.target for statement in derivatives}
    written_out = definitions_of(algebraic, moving, constants)
    lines = [replace(each, expression=substitute(each.expression, written_out)) for each in derivatives]
    gates = {
        s.target for s in algebraic if isinstance(s.expression, Apply) and s.expression.operator == "int"
    }
    found = []
    for statement, line in zip(derivatives, lines, strict=True):
        step = _step(line, line.expression, {statement.target}, gates)
        coefficient = step.form.coefficients.get(statement.target, ZERO) if step else ZERO
        if coefficient != ZERO and names(coefficient) <= set(constants):
            found.append((statement, coefficient))
    return found


def _step(statement: Statement, tree: Expression, states: set[str], gates: set[str]) -> Step | None:
    whole = linear_form(tree, states)
    if whole is not None and not whole.coefficients:
        return Step(statement, whole)
    factors, rest = switched(tree, gates)
    form = linear_form(rest, states) if factors else whole
    return None if form is None else Step(statement, form, factors)


def _not_constant(step: Step, constants: Collection[str]) -> list[Obstacle]:
    target = step.statement.target
    return [
        Obstacle(
            step.statement,
            f"method 'exact' needs constant coefficients, one number for all neurons, and in d{target}/dt "
            f"'{state}' is multiplied by '{to_text(tree)}', where "
            + ", ".join(f"'{name}'" for name in sorted(names(tree) - set(constants)))
            + " varies",
            "use method: exponential_euler, which is exact for one such equation by itself while its inputs are held",
        )
        for state, tree in step.form.coefficients.items()
        if names(tree) - set(constants)
    ][:1]


def _switched_within(found: Sequence[Step]) -> list[Obstacle]:
    """A state that is switched off and on may be followed by itself only: no one propagator holds for the others."""
    shut = {step.statement.target for step in found if step.gates}
    return [
        Obstacle(
            step.statement,
            f"method 'exact' needs constant coefficients, and d{step.statement.target}/dt depends on '{state}', whose "
            "own derivative is switched on and off",
            _ONE_BY_ONE,
        )
        for step in found
        for state in step.form.coefficients
        if state in shut and state != step.statement.target
    ]
