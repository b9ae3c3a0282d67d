"""Expressions as sums of products, which is how one sees who has to know what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

from neuro_rtrrl.language import Apply, Expression, Number, Read, to_text, walk
from neuro_rtrrl.lowering import Variable

__all__ = ["Monomial", "Sides", "expand", "sides", "value_of", "written"]

LARGEST = 256  # products of an equation; beyond it nobody writes it as a sum of products

Variables = Mapping[str, Variable]


@dataclass(frozen=True)
class Monomial:
    """One product of a sum: ``factors`` above, ``divisors`` below."""

    sign: int = 1
    factors: tuple[Expression, ...] = ()
    divisors: tuple[Expression, ...] = ()

    def times(self, other: Monomial) -> Monomial:
        """Return the product."""
        return Monomial(self.sign * other.sign, self.factors + other.factors, self.divisors + other.divisors)

    def without(self, factor: Expression) -> Monomial:
        """Return it divided by one of its factors."""
        rest = list(self.factors)
        rest.remove(factor)
        return Monomial(self.sign, tuple(rest), self.divisors)


def expand(expression: Expression) -> tuple[Monomial, ...] | None:
    """Return a tree as a sum of products, brackets multiplied out; None where that grows too large.

    What is neither sum nor product (a function, a comparison, a sum in a divisor) stays one factor.
    """
    if not isinstance(expression, Apply):
        return (Monomial(factors=(expression,)),)
    parts = [expand(argument) for argument in expression.arguments]
    if any(part is None for part in parts):
        return None
    known = [part for part in parts if part is not None]
    if expression.operator in ("add", "subtract", "negate"):
        minus = expression.operator != "add"
        last = tuple(Monomial(-1).times(each) if minus else each for each in known[-1])
        return known[0] + last if len(known) == 2 else last
    if expression.operator == "multiply":
        if len(known[0]) * len(known[1]) > LARGEST:
            return None
        return tuple(left.times(right) for left, right in product(*known))
    if expression.operator == "divide":
        below = known[1]
        if len(below) == 1:
            inverse = Monomial(below[0].sign, below[0].divisors, below[0].factors)
        else:
            inverse = Monomial(divisors=(expression.arguments[1],))
        return tuple(each.times(inverse) for each in known[0])
    return (Monomial(factors=(expression,)),)


def value_of(monomials: Iterable[Monomial], variables: Variables) -> float | None:
    """Return the value of a sum of products of constants, or None where something varies."""
    total = 0.0
    for each in monomials:
        result = float(each.sign)
        for leaf, below in [(f, False) for f in each.factors] + [(d, True) for d in each.divisors]:
            value = leaf.value if isinstance(leaf, Number) else None
            if isinstance(leaf, Read):
                value = variables[leaf.key].value
            if value is None or (below and value == 0):
                return None
            result = result / value if below else result * value
        total += result
    return total


@dataclass(frozen=True)
class Sides:
    """A product by who knows its factors: text of each part, empty where there is none.

    Attributes
    ----------
    pre, post : str
    pre_moves, post_moves : bool
        Whether that part changes with time, as a parameter that is not learned does not.
    pre_factors, post_factors : tuple of str
        The same one by one; of a divisor, ``/x``.
    own : tuple of str
        Keys of the synapse's variables among the factors.
    mixed : str
        A factor that several of them would have to know at once.
    """

    pre: str = ""
    post: str = ""
    pre_moves: bool = False
    post_moves: bool = False
    pre_factors: tuple[str, ...] = ()
    post_factors: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    mixed: str = ""


def sides(monomial: Monomial, variables: Variables) -> Sides:
    """Split a product by the ends of the synapse that know its factors; broadcast numbers belong to nobody."""
    texts: dict[str, tuple[list[str], list[str]]] = {"pre": ([], []), "post": ([], [])}
    moves = {"pre": False, "post": False}
    own: list[str] = []
    mixed = ""
    for factor, below in [(f, False) for f in monomial.factors] + [(d, True) for d in monomial.divisors]:
        reads = [
            node for node in walk(factor) if isinstance(node, Read) and variables[node.key].value is None
        ]
        seen = {read.access for read in reads} - {"broadcast"}
        if not seen:
            continue
        if seen == {"own"} and isinstance(factor, Read) and not below:
            own.append(factor.key)
        elif len(seen) == 1 and seen <= {"pre", "post"}:
            (side,) = seen
            texts[side][below].append(to_text(factor))
            moves[side] |= any(_moves(variables[read.key]) for read in reads if read.access == side)
        else:
            mixed = to_text(factor)
    pre, post = (_factors(*texts[side]) for side in ("pre", "post"))
    return Sides(written(pre), written(post), moves["pre"], moves["post"], pre, post, tuple(own), mixed)


def written(factors: Iterable[str]) -> str:
    """Return a product of factors and divisors (``/x``) as text; empty of none."""
    above = [each for each in factors if not each.startswith("/")]
    below = [each for each in factors if each.startswith("/")]
    return ("*".join(above) or "1") + "".join(below) if above or below else ""


def _factors(above: list[str], below: list[str]) -> tuple[str, ...]:
    return (*sorted(above), *sorted(f"/{part}" for part in below))


def _moves(variable: Variable) -> bool:
    return variable.role != "parameter" or variable.learned
