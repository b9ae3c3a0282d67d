"""Group factors and terms by scope, so that what depends on a neuron is computed once a neuron, not once a synapse.

``dt*(slope_post*r_pre - j)/tau_post`` becomes ``(dt/tau)_post*(slope_post*r_pre - j)`` with ``dt/tau`` evaluated in the
population. Constants are evaluated here; what is constant for a whole run is moved to the setup. The values change by
no more than the rounding of a regrouped product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from neuro_rtrrl.language import Apply, Expression, Number, Read, apply, rewrite, to_text
from neuro_rtrrl.lowering.program import (
    BROADCAST,
    Assign,
    Gather,
    LoweredCircuit,
    Phase,
    Reduce,
    Space,
    Statement,
    Term,
    Variable,
)
from neuro_rtrrl.lowering.simplify import evaluate_constant, inputs_of, targets_of

__all__ = ["hoist"]

_LOWER = {"projection": ("constant", "broadcast", "pre", "post"), "population": ("constant", "broadcast")}


def hoist(lowered: LoweredCircuit) -> LoweredCircuit:
    """Return the circuit with every statement regrouped; see the module's text."""
    return _Hoister(lowered).run()


class _Hoister:
    def __init__(self, lowered: LoweredCircuit) -> None:
        self.lowered = lowered
        self.variables: dict[str, Variable] = dict(lowered.variables)
        self.setup: list[Assign] = list(lowered.setup)
        self.fresh: dict[str, set[str]] = {}  # hoisted key -> what it reads, while still valid
        self.early: list[Statement] = []
        self.phase: Phase = "forward"

    def run(self) -> LoweredCircuit:
        sections: dict[str, list[Statement]] = {}
        for name, body in self.lowered.sections.items():
            out: list[Statement] = []
            # states of `advance` move together, so whatever is hoisted out of it is computed before, with `derive`
            destination = sections.get("derive", out) if name == "advance" else out
            self.fresh = {key: reads for key, reads in self.fresh.items() if name == "advance"}
            for statement in body:
                if self._is_settled(statement):
                    self.setup.append(statement)
                    continue
                self.early = []
                regrouped = self._statement(statement)
                destination.extend(self.early)
                out.append(regrouped)
                if name != "advance":
                    changed = set(targets_of(regrouped))
                    self.fresh = {key: reads for key, reads in self.fresh.items() if not reads & changed}
            sections[name] = out
        return self.lowered.replace(
            sections={name: tuple(body) for name, body in sections.items()},
            variables=self.variables,
            setup=tuple(self.setup),
        )

    def _is_settled(self, statement: Statement) -> TypeGuard[Assign]:
        """Whether this is a factor of a method of integration that follows from what never changes."""
        if not isinstance(statement, Assign) or self.variables[statement.target].role != "propagator":
            return False
        return all(self._fixed(read) for read in inputs_of((statement.expression,)))

    def _statement(self, statement: Statement) -> Statement:
        if isinstance(statement, Assign | Reduce):
            self.phase = statement.phase
            return replace(statement, expression=self._visit(statement.expression, statement.space))
        if isinstance(statement, Gather):
            self.phase = statement.phase
            terms = (
                Term(term.projection, self._visit(term.expression, self.lowered.spaces[term.projection]))
                for term in statement.terms
            )
            return replace(statement, terms=tuple(terms))
        return statement

    # --- the scope of a tree -----------------------------------------------------------------------------------

    def _scope(self, node: Expression, space: Space) -> str:
        """Return constant, broadcast, pre, post or own: the smallest scope that sees all of the tree."""
        if isinstance(node, Number):
            return "constant"
        if isinstance(node, Read):
            if self.variables[node.key].value is not None:
                return "constant"
            return node.access
        scopes = {self._scope(argument, space) for argument in node.arguments} - {"constant"}  # type: ignore[union-attr]
        if not scopes:
            return "constant"
        if scopes == {"broadcast"}:
            return "broadcast"
        scopes -= {"broadcast"}
        return scopes.pop() if len(scopes) == 1 else "own"

    def _is_lower(self, scope: str, space: Space) -> bool:
        return scope in _LOWER.get(space.kind, ("constant",))

    # --- regrouping --------------------------------------------------------------------------------------------

    def _visit(self, node: Expression, space: Space) -> Expression:
        if not isinstance(node, Apply):
            return node
        scope = self._scope(node, space)
        if self._is_lower(scope, space):
            return self._hoisted(node, scope, space)
        if node.operator in ("multiply", "divide", "negate"):
            return self._product(node, space)
        if node.operator in ("add", "subtract"):
            return self._sum(node, space)
        return Apply(node.operator, tuple(self._visit(argument, space) for argument in node.arguments))

    def _product(self, node: Apply, space: Space) -> Expression:
        sign, above, below = _factors(node)
        groups: dict[str, tuple[list[Expression], list[Expression]]] = {}
        for side, factors in ((0, above), (1, below)):
            for factor in factors:
                scope = self._scope(factor, space)
                groups.setdefault(scope if self._is_lower(scope, space) else "own", ([], []))[side].append(
                    factor
                )
        for small, host in _joins(groups):
            for side in (0, 1):
                groups[host][side][:0] = groups[small][side]
            del groups[small]
        if space.kind == "population":
            self._share_rates(groups)
        own = groups.pop("own", ([], []))
        factors: list[Expression] = []
        for scope in ("shared", "constant", "broadcast", "post", "pre"):
            if scope in groups:
                factor = self._hoisted(_build_product(*groups[scope]), scope, space)
                if not (own[0] and self._is_one(factor)):
                    factors.append(factor)
        factors += [self._visit(factor, space) for factor in own[0]]
        result = _build_product(factors, [self._visit(factor, space) for factor in own[1]])
        return apply("negate", result) if sign < 0 else result

    def _is_one(self, node: Expression) -> bool:
        """Whether a factor is the constant 1, as dt over the decision interval is where they are the same."""
        return isinstance(node, Read) and self.variables[node.key].value == 1.0

    @staticmethod
    def _share_rates(groups: dict[str, tuple[list[Expression], list[Expression]]]) -> None:
        """In a neuron's own product, move plain divisors with the constants, so that ``dt/tau`` is computed once."""
        above, below = groups.get("own", ([], []))
        plain = [factor for factor in below if not isinstance(factor, Apply)]
        if plain and any(isinstance(factor, Apply) for factor in above):
            constants = groups.pop("constant", ([], []))
            groups["shared"] = (constants[0], constants[1] + plain)
            groups["own"] = (above, [factor for factor in below if isinstance(factor, Apply)])

    def _sum(self, node: Apply, space: Space) -> Expression:
        groups: dict[str, list[tuple[int, Expression]]] = {}
        for sign, term in _terms(node):
            scope = self._scope(term, space)
            groups.setdefault(scope if self._is_lower(scope, space) else "own", []).append((sign, term))
        for small, host in _joins(groups):
            groups[host][:0] = groups.pop(small)
        signed: list[tuple[int, Expression]] = [
            _unsigned(sign, self._visit(term, space)) for sign, term in groups.pop("own", [])
        ]
        for scope, terms in groups.items():
            if len(terms) == 1:
                sign, term = terms[0]
                signed.append((sign, self._hoisted(term, scope, space)))
            else:
                signed.append((1, self._hoisted(_build_sum(terms), scope, space)))
        return _build_sum(signed)

    # --- hoisted quantities ------------------------------------------------------------------------------------

    def _hoisted(self, node: Expression, scope: str, space: Space) -> Expression:
        if not isinstance(node, Apply):
            return node
        if node.operator == "negate" and not isinstance(node.arguments[0], Apply):
            return node
        if scope == "constant":
            return self._constant(node)
        home = BROADCAST
        if scope in ("pre", "post"):
            home = self.lowered.spaces[space.pre if scope == "pre" else space.post]
        elif scope == "shared":
            home = space
        local = rewrite(node, lambda leaf: _seen_from(leaf, scope))
        key = f"{home.name}.({to_text(local, _full_key)})" if home.name else f"({to_text(local, _full_key)})"
        if key not in self.fresh:
            expression = self._visit_own(local, home)
            reads = inputs_of((expression,))
            self.variables[key] = Variable(key, home, "derived")
            assign = Assign(key, home, expression, self.phase, home.name or "broadcast", to_text(local))
            if all(self._fixed(read) for read in reads):
                if key not in {known.target for known in self.setup}:
                    self.setup.append(assign)
            else:
                self.early.append(assign)
                self.fresh[key] = reads
        return Read(key, scope if scope in ("pre", "post") else "broadcast" if home is BROADCAST else "own")

    def _visit_own(self, node: Expression, home: Space) -> Expression:
        """Regroup a hoisted tree within its own space; its top stays where it is."""
        if not isinstance(node, Apply):
            return node
        if home is BROADCAST:
            return rewrite(node, self._constants_in)
        return self._visit(node, home)

    def _constants_in(self, node: Expression) -> Expression:
        if isinstance(node, Apply) and self._scope(node, BROADCAST) == "constant":
            return self._constant(node)
        return node

    def _constant(self, node: Apply) -> Expression:
        value = evaluate_constant(node, self.variables)
        if value is None:
            return node
        key = f"({to_text(node, _full_key)})"
        self.variables[key] = Variable(key, BROADCAST, "parameter", value=value)
        return Read(key, "broadcast")

    def _fixed(self, key: str) -> bool:
        variable = self.variables[key]
        if variable.value is not None:
            return True
        if variable.role == "parameter" and not variable.learned:
            return True
        return key in {assign.target for assign in self.setup}


def _joins(groups: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (group, larger group it joins): what all neurons share goes with the neurons' own where there is any."""
    for small, larger in (("constant", ("broadcast", "post", "pre")), ("broadcast", ("post", "pre"))):
        host = next((scope for scope in larger if scope in groups), None)
        if small in groups and host:
            yield small, host


def _full_key(leaf: Expression) -> str:
    return leaf.key if isinstance(leaf, Read) else str(leaf)


def _seen_from(leaf: Expression, scope: str) -> Expression:
    return Read(leaf.key, "own") if isinstance(leaf, Read) and leaf.access == scope != "broadcast" else leaf


def _factors(node: Expression) -> tuple[int, list[Expression], list[Expression]]:
    """Flatten a chain of products: sign, factors above, factors below."""
    if isinstance(node, Apply) and node.operator == "negate":
        sign, above, below = _factors(node.arguments[0])
        return -sign, above, below
    if isinstance(node, Apply) and node.operator in ("multiply", "divide"):
        left_sign, above, below = _factors(node.arguments[0])
        right_sign, right_above, right_below = _factors(node.arguments[1])
        if node.operator == "divide":
            right_above, right_below = right_below, right_above
        return left_sign * right_sign, above + right_above, below + right_below
    return 1, [node], []


def _terms(node: Expression) -> list[tuple[int, Expression]]:
    """Flatten a chain of sums: signs and terms."""
    if isinstance(node, Apply) and node.operator in ("add", "subtract"):
        right_sign = -1 if node.operator == "subtract" else 1
        return _terms(node.arguments[0]) + [
            (right_sign * sign, term) for sign, term in _terms(node.arguments[1])
        ]
    return [(1, node)]


def _unsigned(sign: int, term: Expression) -> tuple[int, Expression]:
    """Move a term's own sign to the sum that it stands in."""
    if isinstance(term, Apply) and term.operator == "negate":
        return -sign, term.arguments[0]
    return sign, term


def _build_product(above: list[Expression], below: list[Expression]) -> Expression:
    result: Expression = above[0] if above else Number(1.0)
    for factor in above[1:]:
        result = apply("multiply", result, factor)
    if below:
        divisor = below[0]
        for factor in below[1:]:
            divisor = apply("multiply", divisor, factor)
        result = apply("divide", result, divisor)
    return result


def _build_sum(terms: list[tuple[int, Expression]]) -> Expression:
    terms = sorted(terms, key=lambda signed: signed[0] < 0)  # a positive term first saves a sign
    sign, result = terms[0]
    if sign < 0:
        result = apply("negate", result)
    for sign, term in terms[1:]:
        result = apply("subtract" if sign < 0 else "add", result, term)
    return result
