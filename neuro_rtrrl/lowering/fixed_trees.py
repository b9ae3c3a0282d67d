"""Trees in whole numbers: every node with the worth of its last bit and a bound of its size.

Sums, differences, products and comparisons of words are exact: a product has as many bits as its factors together. So
is float64 as long as a whole number stays below 2**53, and that is held here by rounding a factor where a result would
need more. Rounded are quotients, roots and tabulated functions; both sides of a division are short enough that the
rounded float64 quotient is the rounded exact one.

A rounding is the node ``quantise(x, fraction, bits, dither)``: ``floor(x*2**fraction + dither)`` held within the word.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.language import Apply, Expression, Number, Read, apply
from neuro_rtrrl.lowering.words import Format

__all__ = ["EXACT_BITS", "QUANTISE", "TABLE_BITS", "Fixed", "Fixer", "exact", "quantise"]

QUANTISE = "quantise"
HALF = Number(0.5)  # the dither that rounds to the nearest
EXACT_BITS = 52  # whole numbers below 2**52, and their halves, are exact in float64
QUOTIENT_BITS = 26  # of a divisor and of a quotient: together no more than EXACT_BITS
TABLE_BITS = 14  # of the argument of a tabulated function
TABLED = frozenset({"tanh", "exp", "log", "sin", "cos"})
_FINEST = 48  # places after the point, however small a number


@dataclass(frozen=True)
class Fixed:
    """A tree whose value is a whole number of at most ``most`` times ``2**-fraction``."""

    tree: Expression
    fraction: int
    most: float

    @property
    def bits(self) -> int:
        """Bits that the whole number may need, sign aside."""
        return math.ceil(math.log2(self.most + 1))


def quantise(tree: Expression, word: Format, dither: Expression = HALF) -> Apply:
    """Return the tree rounded to a word."""
    return apply(QUANTISE, tree, Number(float(word.fraction)), Number(float(word.bits)), dither)


def exact(value: float, bits: int) -> Fixed:
    """Return a constant to ``bits`` significant bits, with the fewest places after the point."""
    if value == 0:
        return Fixed(Number(0.0), 0, 0.0)
    _, exponent = math.frexp(value)
    fraction = min(bits - 1 - exponent, _FINEST)
    whole = math.floor(abs(value) * 2.0**fraction + 0.5)
    if whole == 0:
        return Fixed(Number(0.0), 0, 0.0)
    while whole % 2 == 0 and fraction > -_FINEST:
        whole, fraction = whole // 2, fraction - 1
    rounded = math.copysign(whole * 2.0**-fraction, value)
    return Fixed(Number(rounded), fraction, float(whole))


class Fixer:
    """Rewrites trees.

    Parameters
    ----------
    read : callable
        Returns what is known of a variable that a tree reads.
    seen : callable
        Returns how large a node was seen to become.
    constant_bits : int
        Of the numbers in equations.
    """

    def __init__(
        self, read: Callable[[Read], Fixed], seen: Callable[[Expression], float], constant_bits: int
    ) -> None:
        self._read, self._seen, self._constant_bits = read, seen, constant_bits

    def __call__(self, node: Expression) -> Fixed:
        """Return the tree in whole numbers.

        Raises
        ------
        CircuitError
            Where an operator has no form in fixed point.
        """
        if isinstance(node, Number):
            return exact(node.value, self._constant_bits)
        if isinstance(node, Read):
            return self._read(node)
        assert isinstance(node, Apply)
        rule = _RULES.get(node.operator)
        if rule is None:
            hint = "only whole powers up to 4 have one" if node.operator == "power" else ""
            raise CircuitError(Problem(f"'{node.operator}' has no form in fixed point", hint=hint))
        return rule(self, node, [self(argument) for argument in node.arguments])

    # --- rounding -----------------------------------------------------------------------------------------------------

    @staticmethod
    def narrowed(value: Fixed, bits: int) -> Fixed:
        """Round away as many places as it takes to need no more than ``bits``."""
        surplus = value.bits - bits
        if surplus <= 0:
            return value
        word = Format(bits + 1, value.fraction - surplus)
        return Fixed(quantise(value.tree, word), word.fraction, float(word.most))

    @staticmethod
    def coarsened(value: Fixed, fraction: int) -> Fixed:
        """Round away the places beyond ``fraction``."""
        word = Format(max(2, value.bits - (value.fraction - fraction) + 2), fraction)
        return Fixed(quantise(value.tree, word), fraction, float(word.most))

    def result(self, node: Expression, tree: Expression, bits: int = QUOTIENT_BITS) -> Fixed:
        """Round what is no whole number, to a word that holds eight times what was seen."""
        largest = self._seen(node)
        reach = math.ceil(math.log2(8 * largest)) if 0 < largest < math.inf else 0
        word = Format(bits, min(bits - 1 - reach, _FINEST))
        return Fixed(quantise(tree, word), word.fraction, float(word.most))

    # --- operators ----------------------------------------------------------------------------------------------------

    def aligned(self, parts: list[Fixed]) -> tuple[list[Fixed], int]:
        """Cut the finest until all are exact when brought to the same places; return those."""
        while True:
            fraction = max((part.fraction for part in parts if part.most), default=0)
            most = sum(part.most * 2.0 ** (fraction - part.fraction) for part in parts)
            if most < 2.0**EXACT_BITS:
                return parts, fraction
            surplus = math.ceil(math.log2(most + 1)) - EXACT_BITS + 1
            parts = [
                self.coarsened(part, fraction - surplus) if part.fraction > fraction - surplus else part
                for part in parts
            ]

    def add(self, node: Apply, parts: list[Fixed]) -> Fixed:
        """Sum and difference: the places of the finer one."""
        parts, fraction = self.aligned(parts)
        most = sum(part.most * 2.0 ** (fraction - part.fraction) for part in parts)
        return Fixed(apply(node.operator, *(part.tree for part in parts)), fraction, most)

    def multiply(self, node: Apply, parts: list[Fixed]) -> Fixed:
        """Product: the places of both; where that is too many, the longer factor is cut to what the other leaves."""
        left, right = parts
        total = EXACT_BITS - 2
        if left.bits + right.bits > total:
            longest = total - min(left.bits, right.bits, total // 2)
            left, right = self.narrowed(left, longest), self.narrowed(right, longest)
        return Fixed(
            apply("multiply", left.tree, right.tree), left.fraction + right.fraction, left.most * right.most
        )

    def divide(self, node: Apply, parts: list[Fixed]) -> Fixed:
        """Quotient; a divisor of 0 counts as its last bit."""
        above, below = self.narrowed(parts[0], EXACT_BITS - 2), self.narrowed(parts[1], QUOTIENT_BITS)
        last = Number(2.0**-below.fraction)
        nonzero = below.tree
        if not isinstance(nonzero, Number) or not nonzero.value:
            is_zero = apply("int", apply("equal", nonzero, Number(0.0)))
            nonzero = apply("add", nonzero, apply("multiply", is_zero, last))
        return self.result(node, apply("divide", above.tree, nonzero))

    def power(self, node: Apply, parts: list[Fixed]) -> Fixed:
        """Whole powers are products."""
        exponent = node.arguments[1]
        if not isinstance(exponent, Number) or exponent.value not in (1, 2, 3, 4):
            raise CircuitError(
                Problem("'power' has no form in fixed point", hint="only whole powers up to 4 have one")
            )
        result = parts[0]
        for _ in range(int(exponent.value) - 1):
            result = self.multiply(node, [result, parts[0]])
        return result

    def negate(self, node: Apply, parts: list[Fixed]) -> Fixed:
        """A sign costs no bit: words are symmetric."""
        return Fixed(apply("negate", parts[0].tree), parts[0].fraction, parts[0].most)

    def select(self, node: Apply, parts: list[Fixed]) -> Fixed:
        """Minimum, maximum, clip, abs: one of the numbers."""
        parts, fraction = self.aligned(parts)
        most = max(part.most * 2.0 ** (fraction - part.fraction) for part in parts)
        return Fixed(apply(node.operator, *(part.tree for part in parts)), fraction, most)

    def truth(self, node: Apply, parts: list[Fixed]) -> Fixed:
        """Comparisons and logic: 0 or 1."""
        parts, _ = self.aligned(parts)
        return Fixed(apply(node.operator, *(part.tree for part in parts)), 0, 1.0)

    def root(self, node: Apply, parts: list[Fixed]) -> Fixed:
        """Square root; of what is negative, 0."""
        inner = self.narrowed(parts[0], EXACT_BITS - 2)
        return self.result(node, apply("sqrt", apply("maximum", inner.tree, Number(0.0))))

    def floor(self, node: Apply, parts: list[Fixed]) -> Fixed:
        """Round down to a whole number."""
        (part,) = parts
        return Fixed(apply("floor", part.tree), 0, math.ceil(part.most * 2.0**-part.fraction) + 1.0)

    def table(self, node: Apply, parts: list[Fixed]) -> Fixed:
        """A function of a word short enough for a table of all its values."""
        largest = max(self._seen(node.arguments[0]), 4.0 if node.operator in ("tanh", "exp") else 0.5)
        word = Format(TABLE_BITS, TABLE_BITS - 1 - math.ceil(math.log2(2 * largest)))
        argument: Expression = quantise(parts[0].tree, word)
        if node.operator == "log":
            argument = apply("maximum", argument, Number(word.step))
        return self.result(node, apply(node.operator, argument))


_RULES: dict[str, Callable[[Fixer, Apply, list[Fixed]], Fixed]] = {
    **dict.fromkeys(("add", "subtract"), Fixer.add),
    "multiply": Fixer.multiply,
    "divide": Fixer.divide,
    "power": Fixer.power,
    "negate": Fixer.negate,
    **dict.fromkeys(("minimum", "maximum", "clip", "abs"), Fixer.select),
    **dict.fromkeys(
        ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "and", "or", "not", "int"),
        Fixer.truth,
    ),
    "sign": Fixer.truth,
    "sqrt": Fixer.root,
    "floor": Fixer.floor,
    **dict.fromkeys(TABLED, Fixer.table),
}
