"""Every operator of the closed table as a function of plain numbers: what is constant is known before anything runs."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from neuro_rtrrl.language.expressions import Apply, Expression, Name, Number

__all__ = ["NUMBERS", "PLAIN", "evaluated", "number_of"]

#: what Python's own operators do, to numbers and to arrays alike
PLAIN: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negate": operator.neg,
    "power": operator.pow,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}

NUMBERS: dict[str, Callable[..., Any]] = {
    **PLAIN,
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
    except (ArithmeticError, ValueError, TypeError):  # TypeError: a root of what is negative is complex
        return None


def number_of(expression: Expression, values: Mapping[str, float]) -> float | None:
    """Return the value of a tree over names, or None where a name has no value or there is none."""
    return evaluated(expression, lambda leaf: values.get(leaf.name) if isinstance(leaf, Name) else None)
