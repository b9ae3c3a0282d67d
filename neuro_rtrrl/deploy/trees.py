"""Trees of the fixed form as C expressions in whole numbers.

See :mod:`neuro_rtrrl.lowering.fixed_trees` for which roundings there are, :mod:`neuro_rtrrl.deploy.whole` for what a
number is here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from neuro_rtrrl.deploy.tables import Tables
from neuro_rtrrl.deploy.whole import (
    LARGEST_32,
    LARGEST_64,
    Whole,
    aligned,
    combined,
    constant,
    fractional_part,
    held,
    number,
    product,
    rescaled,
    shifted_down,
    shifted_up,
    sum_of,
    width,
)
from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.language import Apply, Expression, Number, Read
from neuro_rtrrl.lowering.fixed_trees import QUANTISE, TABLED

__all__ = ["WholeWriter"]


class WholeWriter:
    """Writes trees.

    Parameters
    ----------
    read : callable
        Writes a leaf.
    shown : callable
        Writes an input of the tick, of a name and a fraction, as the word it was handed over in.
    tables : Tables
        Collects the tables that functions need.
    """

    def __init__(
        self, read: Callable[[Read], Whole], shown: Callable[[Read, int, int], Whole | None], tables: Tables
    ) -> None:
        self._read, self._shown, self._tables = read, shown, tables

    def __call__(self, node: Expression) -> Whole:
        """Return the expression of a tree.

        Raises
        ------
        CircuitError
            Where a value needs more than 63 bits.
        """
        value = self._written(node)
        if value.most > LARGEST_64:
            raise CircuitError(
                Problem("an intermediate result needs more than 63 bits", hint="use shorter words")
            )
        return value

    def _written(self, node: Expression) -> Whole:
        if isinstance(node, Number):
            return number(node.value)
        if isinstance(node, Read):
            return self._read(node)
        assert isinstance(node, Apply)
        if node.operator == QUANTISE:
            return self._quantised(node)
        if node.operator == "subtract" and node.arguments[1] == Apply("floor", (node.arguments[0],)):
            return fractional_part(self(node.arguments[0]))
        parts = [self(argument) for argument in node.arguments]
        return _OPERATORS[node.operator](node.operator, parts)

    # --- rounding -----------------------------------------------------------------------------------------------------

    def _quantised(self, node: Apply) -> Whole:
        tree, fraction, bits, dither = node.arguments
        assert isinstance(fraction, Number)
        assert isinstance(bits, Number)
        places, most = int(fraction.value), 2 ** (int(bits.value) - 1) - 1
        if isinstance(tree, Read) and (shown := self._shown(tree, places, most)) is not None:
            return shown
        if isinstance(tree, Apply) and tree.operator == "divide":
            return self._quotient(tree, places, most)
        if isinstance(tree, Apply) and tree.operator == "sqrt":
            return self._root(tree, places, most)
        if isinstance(tree, Apply) and tree.operator in TABLED:
            return self._looked_up(tree, places, most)
        value = self(tree)
        cut = value.fraction - places
        if cut <= 0:
            return held(shifted_up(value, -cut, most), most)
        if dither == Number(0.5):
            half = constant(2 ** (cut - 1))
            rounded = shifted_down(sum_of("+", replace(value, fraction=0), half), cut)
            return replace(held(rounded, most), fraction=places)
        chance = self(dither)
        depth = max(cut, chance.fraction)
        parts = [
            replace(rescaled(replace(each, fraction=0), depth - own), fraction=0)
            for each, own in ((value, cut), (chance, chance.fraction))
        ]
        return replace(held(shifted_down(sum_of("+", *parts), depth), most), fraction=places)

    def _quotient(self, node: Apply, fraction: int, most: int) -> Whole:
        above, below = (self(argument) for argument in node.arguments)
        up = fraction - above.fraction + below.fraction
        text = f"quotient({above.text}, {up}, {below.text}, {most})"
        return Whole(text, fraction, most, wide=most > LARGEST_32)

    def _root(self, node: Apply, fraction: int, most: int) -> Whole:
        inner = self(node.arguments[0])
        text = f"root({inner.text}, {2 * fraction - inner.fraction}, {most})"
        return Whole(text, fraction, most, wide=most > LARGEST_32)

    def _looked_up(self, node: Apply, fraction: int, most: int) -> Whole:
        argument = self(node.arguments[0])
        assert argument.most < 2**31
        return Whole(
            self._tables.look_up(
                node.operator, argument.text, argument.fraction, argument.most, fraction, most
            ),
            fraction,
            most,
        )


# --- operators --------------------------------------------------------------------------------------------------------


def _add(operator: str, parts: list[Whole]) -> Whole:
    return sum_of("+" if operator == "add" else "-", *aligned(parts))


def _negate(operator: str, parts: list[Whole]) -> Whole:
    (part,) = parts
    return replace(part, text=f"-{part.operand}", bare=False)


def _select(operator: str, parts: list[Whole]) -> Whole:
    parts = aligned(parts)
    most = max(part.most for part in parts)
    bits = width(parts)
    if operator == "clip":
        inner = f"maximum{bits}({parts[0].text}, {parts[1].text})"
        text = f"minimum{bits}({inner}, {parts[2].text})"
    else:
        text = f"{operator}{bits}({', '.join(part.text for part in parts)})"
    return combined(text, parts[0].fraction, most, parts, bare=True)


_SIGNS = {
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
    "not_equal": "!=",
}


def _compare(operator: str, parts: list[Whole]) -> Whole:
    left, right = parts
    finest = max(left.fraction, right.fraction)
    if all(part.most << (finest - part.fraction) <= LARGEST_64 for part in parts):
        left, right = aligned(parts)
        return Whole(f"{left.operand} {_SIGNS[operator]} {right.operand}", 0, 1, bare=False)
    text = f"order({left.text}, {right.text}, {left.fraction - right.fraction})"
    return Whole(f"{text} {_SIGNS[operator]} 0", 0, 1, bare=False)


def _logic(operator: str, parts: list[Whole]) -> Whole:
    texts = [f"({part.text} != 0)" if part.bare else f"(({part.text}) != 0)" for part in parts]
    text = f"!{texts[0]}" if operator == "not" else f" {'&&' if operator == 'and' else '||'} ".join(texts)
    return Whole(text, 0, 1, bare=False)


def _truth(operator: str, parts: list[Whole]) -> Whole:
    return parts[0]


def _sign(operator: str, parts: list[Whole]) -> Whole:
    (part,) = parts
    return Whole(f"({part.operand} > 0) - ({part.operand} < 0)", 0, 1, bare=False)


def _floor(operator: str, parts: list[Whole]) -> Whole:
    (part,) = parts
    if part.fraction <= 0:
        return rescaled(part, 0)
    return replace(shifted_down(replace(part, fraction=0), part.fraction), fraction=0)


def _multiply(operator: str, parts: list[Whole]) -> Whole:
    return product(*parts)


_OPERATORS: dict[str, Callable[[str, list[Whole]], Whole]] = {
    **dict.fromkeys(("add", "subtract"), _add),
    "multiply": _multiply,
    "negate": _negate,
    **dict.fromkeys(("minimum", "maximum", "clip", "abs"), _select),
    **dict.fromkeys(_SIGNS, _compare),
    **dict.fromkeys(("and", "or", "not"), _logic),
    "int": _truth,
    "sign": _sign,
    "floor": _floor,
}
