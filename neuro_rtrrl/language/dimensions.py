"""Dimensions of equations, checked once, here; Brian2 checks them again independently."""

from __future__ import annotations

from collections.abc import Callable

from neuro_rtrrl.language.expressions import Apply, Expression, Name, Number, Read, to_text
from neuro_rtrrl.language.operators import MACROS, OPERATORS, REDUCTIONS
from neuro_rtrrl.units import DIMENSIONLESS, Dimension

__all__ = ["DimensionError", "dimension_of"]


class DimensionError(ValueError):
    """Two sides of an operator, or a function and its argument, do not fit."""


def dimension_of(expression: Expression, lookup: Callable[[str], Dimension]) -> Dimension:
    """Return the dimension of an expression; ``lookup`` gives that of a name.

    Raises
    ------
    DimensionError
        With a sentence that shows the part and both dimensions.
    """
    if isinstance(expression, Number):
        return DIMENSIONLESS
    if isinstance(expression, Name | Read):
        return lookup(expression.name if isinstance(expression, Name) else expression.key)
    assert isinstance(expression, Apply)
    dimensions = [dimension_of(argument, lookup) for argument in expression.arguments]
    if expression.operator in REDUCTIONS or expression.operator in MACROS:
        if expression.operator == "optimise" and dimensions[0] != DIMENSIONLESS:
            raise DimensionError(
                f"optimise() takes a pure number, '{to_text(expression)}' gives {dimensions[0]}"
            )
        return dimensions[0]
    rule = OPERATORS[expression.operator].dimensions
    return _RULES[rule](expression, dimensions)


def _same(node: Apply, dimensions: list[Dimension]) -> Dimension:
    for argument, dimension in zip(node.arguments[1:], dimensions[1:], strict=True):
        if dimension != dimensions[0]:
            raise DimensionError(
                f"in '{to_text(node)}', '{to_text(node.arguments[0])}' has dimension {dimensions[0]} "
                f"and '{to_text(argument)}' has {dimension}"
            )
    return dimensions[0]


def _pure(node: Apply, dimensions: list[Dimension]) -> Dimension:
    for argument, dimension in zip(node.arguments, dimensions, strict=True):
        if dimension != DIMENSIONLESS:
            raise DimensionError(
                f"in '{to_text(node)}', '{to_text(argument)}' must be a pure number and has dimension {dimension}"
            )
    return DIMENSIONLESS


def _compare(node: Apply, dimensions: list[Dimension]) -> Dimension:
    _same(node, dimensions)
    return DIMENSIONLESS


def _power(node: Apply, dimensions: list[Dimension]) -> Dimension:
    base, exponent = node.arguments
    if dimensions[1] != DIMENSIONLESS:
        raise DimensionError(f"the exponent in '{to_text(node)}' must be a pure number")
    if dimensions[0] == DIMENSIONLESS:
        return DIMENSIONLESS
    if isinstance(exponent, Number) and exponent.value == int(exponent.value):
        return dimensions[0] ** int(exponent.value)
    raise DimensionError(
        f"'{to_text(base)}' has dimension {dimensions[0]}: only an integer power of it has a unit"
    )


def _root(node: Apply, dimensions: list[Dimension]) -> Dimension:
    half = dimensions[0].halved()
    if half is None:
        raise DimensionError(f"'{to_text(node)}' is the square root of {dimensions[0]}, which is no unit")
    return half


_RULES: dict[str, Callable[[Apply, list[Dimension]], Dimension]] = {
    "same": _same,
    "pure": _pure,
    "logical": _pure,
    "compare": _compare,
    "product": lambda node, dimensions: dimensions[0] * dimensions[1],
    "quotient": lambda node, dimensions: dimensions[0] / dimensions[1],
    "power": _power,
    "root": _root,
    "sign": lambda node, dimensions: DIMENSIONLESS,
}
