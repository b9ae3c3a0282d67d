"""Every operator of the closed table as a function of plain numbers: what is constant is known before anything runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from neuro_rtrrl.language.expressions import Apply, Expression, Name, Number

__all__ = ["NUMBERS", "evaluated", "number_of"]

NUMBERS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negate": lambda a: -a,
    "power": lambda a, b: a**b,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
    "sin": math.sin,
    "cos": math.cos,
    "abs": abs,
    "floor": math.floor,
    "sign": lambda a: math.copysign(1.0, a) if a else 0.0,
    "minimum": min,
    "maximum": max,
    "clip": lambda x, low, high: min(max(x, low), high),
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "and": lambda a, b: bool(a) and bool(b),
    "or": lambda a, b: bool(a) or bool(b),
    "not": lambda a: not a,
    "int": float,
}


def evaluated(expression: Expression, leaf: Callable[[Expression], float | None]) -> float | None:
    """Return the value of a tree; ``leaf`` reads its leaves. None where a leaf has none, or the tree, as of 1/0."""
    if isinstance(expression, Number):
        return expression.value
    if not isinstance(expression, Apply) or expression.operator not in NUMBERS:
        return leaf(expression)
    arguments = [evaluated(argument, leaf) for argument in expression.arguments]
    if any(argument is None for argument in arguments):
        return None
    try:
        return float(NUMBERS[expression.operator](*arguments))
    except (
        ArithmeticError,
        ValueError,
        TypeError,
    ):  # a root of what is negative is complex: no number of ours
        return None


def number_of(expression: Expression, values: Mapping[str, float]) -> float | None:
    """Return the value of a tree over names, or None where a name has no value or there is none."""
    return evaluated(expression, lambda leaf: values.get(leaf.name) if isinstance(leaf, Name) else None)
