"""From derivatives to what a step of ``dt`` does to each state: Euler, exponential Euler, or the exact propagator.

- ``euler``: ``x' = x + dt*f``.
- ``exponential_euler``: ``f = a + b*x`` is solved with ``a`` and ``b`` held over the step,
  ``x' = x*exp(b*dt) + a*dt*(exp(b*dt) - 1)/(b*dt)``; exact for one linear equation with held inputs.
- ``exact``: all states of a neuron (of a synapse) at once, ``x' = P x + Q a``, with ``P = exp(A dt)`` and ``Q`` its
  integral over the step; exact for linear systems with constant coefficients and held inputs (Rotter & Diesmann 1999,
  Biol. Cybern. 81, 381-402, section 3.1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.language import Expression, Number, Read, Statement, apply, names, rewrite, walk
from neuro_rtrrl.language.integration import Step, steps_of
from neuro_rtrrl.lowering.program import BROADCAST, Assign, Phase, Space
from neuro_rtrrl.lowering.propagator import propagator
from neuro_rtrrl.lowering.simplify import evaluate_constant
from neuro_rtrrl.lowering.variables import Declared, bind

__all__ = ["Discretiser"]

Resolve = Callable[[str], Expression]
Access = Literal["own", "pre", "post", "broadcast"]
Fold = Callable[[Expression], Expression]
DT = Read("dt", "broadcast")
ROLE = "propagator"


class Discretiser:
    """Writes the section ``advance``, and for ``derive`` what it needs of coefficients that vary.

    Parameters
    ----------
    declared : Declared
        Constants of the methods are added to it.
    fold : function of a tree
    derive : list
        Where statements before the integration go.
    """

    def __init__(self, declared: Declared, fold: Fold, derive: list) -> None:
        self.declared, self.fold, self.derive = declared, fold, derive
        self._shared: dict[tuple[str, Expression], str] = {}

    def integrate(
        self,
        method: str,
        owner: str,
        derivatives: Sequence[tuple[str, Statement]],
        resolve: Resolve,
        phase: Phase,
        algebraic: Sequence[Statement] = (),
    ) -> list[Assign]:
        """Return the updates of one system: the states of a population, of a neuromodulator, or of synapses.

        Parameters
        ----------
        method : {"euler", "exponential_euler", "exact"}
        owner : str
            Who the statements belong to.
        derivatives : pairs of key and statement
        resolve : function of a name
            See :mod:`neuro_rtrrl.lowering.scopes`.
        phase : what the statements count as
        algebraic : statements
            Lines evaluated before, which the derivatives may read.

        Raises
        ------
        CircuitError
            Where the method does not apply; the checks of the graph have refused all but learned weights given later.
        """
        if method == "euler" or not derivatives:
            return [self._euler(key, owner, each, resolve, phase) for key, each in derivatives]
        statements = [statement for _, statement in derivatives]
        found, obstacles = steps_of(
            method, statements, algebraic, self._constants(resolve, statements, algebraic)
        )
        if obstacles:
            raise CircuitError(
                [
                    Problem(each.reason, where=owner, found=each.statement.text, hint=each.hint)
                    for each in obstacles
                ]
            )
        keys = {statement.target: key for key, statement in derivatives}
        if method == "exact":
            return self._exact(keys, owner, found, resolve, phase)
        return [self._exponential(keys[each.statement.target], owner, each, resolve, phase) for each in found]

    def _constants(self, resolve: Resolve, *blocks: Sequence[Statement]) -> set[str]:
        read = {name for block in blocks for statement in block for name in names(statement.expression)}
        found = set()
        for name in read:
            leaf = resolve(name)
            if isinstance(leaf, Read) and self.declared.variables[leaf.key].value is not None:
                found.add(name)
        return found

    def _bound(self, tree: Expression, resolve: Resolve) -> Expression:
        return self.fold(bind(tree, resolve))

    # --- the methods -------------------------------------------------------------------------------------------

    def _euler(self, key: str, owner: str, statement: Statement, resolve: Resolve, phase: Phase) -> Assign:
        variable = self.declared.variables[key]
        slope = self._bound(statement.expression, resolve)
        expression = apply("add", self._own(key), apply("multiply", DT, slope))
        return Assign(key, variable.space, expression, phase, owner, statement.text)

    def _exponential(self, key: str, owner: str, step: Step, resolve: Resolve, phase: Phase) -> Assign:
        if not step.form.coefficients:
            return self._euler(key, owner, step.statement, resolve, phase)
        space = self.declared.variables[key].space
        (coefficient,) = step.form.coefficients.values()
        exponent = self.fold(apply("multiply", DT, self._bound(coefficient, resolve)))
        rest = self._bound(step.form.rest, resolve)
        kept, gained = self._factors(key, space, exponent, owner, phase, step.statement.text)
        new = apply("add", apply("multiply", self._own(key), kept), apply("multiply", gained, rest))
        return self._assign(key, space, new, owner, step, resolve, phase)

    def _factors(
        self, key: str, space: Space, exponent: Expression, owner: str, phase: Phase, text: str
    ) -> tuple[Expression, Expression]:
        """Return ``exp(z)`` and ``dt*(exp(z) - 1)/z``: constants, or what is computed where ``z`` is known."""
        value = evaluate_constant(exponent, self.declared.variables)
        if value is not None:
            dt = self.declared.variables["dt"]
            gained = (dt.value or 0.0) * (math.expm1(value) / value if value else 1.0)
            second = dt.dimension
            return self._number(f"{key}.kept", math.exp(value)), self._number(f"{key}.gained", gained, second)
        # a coefficient may be 0 now and then, where (exp(z) - 1)/z is 1
        home, access = self._home(exponent, space)
        local = rewrite(exponent, lambda leaf: _seen_from(leaf, access))
        if (home.name, local) not in self._shared:
            base = f"{home.name}.factor_{sum(name == home.name for name, _ in self._shared)}"
            self._shared[home.name, local] = base
            read = {name: Read(f"{base}_{name}", "own") for name in ("exponent", "kept")}
            nothing = apply("int", apply("equal", read["exponent"], Number(0.0)))
            above = apply("subtract", read["kept"], Number(1.0))
            quotient = apply("divide", above, apply("add", read["exponent"], nothing))
            trees = {
                "exponent": local,
                "kept": apply("exp", read["exponent"]),
                "share": apply("add", quotient, nothing),
            }
            for name, tree in trees.items():
                self.declared.add(f"{base}_{name}", home, ROLE)
                self.derive.append(Assign(f"{base}_{name}", home, tree, phase, owner, text))
        base = self._shared[home.name, local]
        return Read(f"{base}_kept", access), apply("multiply", DT, Read(f"{base}_share", access))

    def _home(self, tree: Expression, space: Space) -> tuple[Space, Access]:
        """Return where a factor is computed, and how it is read from there: in a neuron, if only neurons tell it."""
        accesses = {leaf.access for leaf in walk(tree) if isinstance(leaf, Read)} - {"broadcast"}
        if accesses == {"post"}:
            return self.declared.spaces[space.post], "post"
        if accesses == {"pre"}:
            return self.declared.spaces[space.pre], "pre"
        if not accesses:
            return BROADCAST, "broadcast"
        return space, "own"

    def _exact(
        self, keys: dict[str, str], owner: str, steps: list[Step], resolve: Resolve, phase: Phase
    ) -> list[Assign]:
        states = [step.statement.target for step in steps]
        matrix = [
            [self._value(step.form.coefficients.get(name, Number(0.0)), resolve) for name in states]
            for step in steps
        ]
        dt = self.declared.variables["dt"]
        assert dt.value is not None
        kept, gained = propagator(matrix, dt.value)
        rests = [self._bound(step.form.rest, resolve) for step in steps]
        written = []
        for row, step in enumerate(steps):
            key = keys[step.statement.target]
            if not step.form.coefficients and not step.gates:
                written.append(self._euler(key, owner, step.statement, resolve, phase))
                continue
            own = self.declared.variables[key].dimension
            new: Expression = Number(0.0)
            for column, name in enumerate(states):
                other = self.declared.variables[keys[name]].dimension
                if kept[row][column]:
                    factor = self._number(f"{key}.from_{name}", kept[row][column], own / other)
                    new = apply("add", new, apply("multiply", self._own(keys[name]), factor))
            for column, name in enumerate(states):
                other = self.declared.variables[keys[name]].dimension
                if gained[row][column] and rests[column] != Number(0.0):
                    unit = dt.dimension * own / other
                    factor = self._number(f"{key}.driven_{name}", gained[row][column], unit)
                    new = apply("add", new, apply("multiply", factor, rests[column]))
            written.append(
                self._assign(key, self.declared.variables[key].space, new, owner, step, resolve, phase)
            )
        return written

    # --- parts of a statement ----------------------------------------------------------------------------------

    def _assign(
        self,
        key: str,
        space: Space,
        new: Expression,
        owner: str,
        step: Step,
        resolve: Resolve,
        phase: Phase,
    ) -> Assign:
        """Write the new value, or the old one for neurons whose derivative is switched off."""
        if step.gates:
            gate: Expression = self._bound(step.gates[0], resolve)
            for factor in step.gates[1:]:
                gate = apply("multiply", gate, self._bound(factor, resolve))
            shut = apply("multiply", apply("subtract", Number(1.0), gate), self._own(key))
            new = apply("add", apply("multiply", gate, new), shut)
        return Assign(key, space, self.fold(new), phase, owner, step.statement.text)

    def _own(self, key: str) -> Read:
        """Return a state as its own equation reads it."""
        return Read(key, "broadcast" if self.declared.variables[key].space.kind == "broadcast" else "own")

    def _value(self, tree: Expression, resolve: Resolve) -> float:
        value = evaluate_constant(self._bound(tree, resolve), self.declared.variables)
        assert value is not None, "coefficients were seen to be constant"
        return value

    def _number(self, key: str, value: float, dimension: Any = None) -> Read:
        details = {} if dimension is None else {"dimension": dimension}
        self.declared.add(key, BROADCAST, "parameter", value=value, **details)
        return Read(key, "broadcast")


def _seen_from(leaf: Expression, access: str) -> Expression:
    return Read(leaf.key, "own") if isinstance(leaf, Read) and leaf.access == access != "broadcast" else leaf
