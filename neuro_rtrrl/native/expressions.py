"""Trees as C expressions of the type ``real``."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from neuro_rtrrl.language import Apply, Expression, Number, Read

__all__ = ["EMITTED", "HELPERS", "literal", "to_c"]

# {0}, {1} ... are the arguments, bracketed where they need it. Those in capitals are defined in HELPERS, by precision.
EMITTED: dict[str, str] = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negate": "-{0}",
    "power": "POWER({0}, {1})",
    "exp": "EXP({0})",
    "log": "LOG({0})",
    "sqrt": "SQRT({0})",
    "tanh": "TANH({0})",
    "sin": "SIN({0})",
    "cos": "COS({0})",
    "abs": "ABS({0})",
    "floor": "FLOOR({0})",
    "sign": "sign_of({0})",
    "minimum": "minimum({0}, {1})",
    "maximum": "maximum({0}, {1})",
    "clip": "minimum(maximum({0}, {1}), {2})",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "and": "truth({0}) && truth({1})",
    "or": "truth({0}) || truth({1})",
    "not": "!truth({0})",
    "int": "(real)({0})",
}

_CALLS = {name for name, text in EMITTED.items() if text[0] not in "{!-" and " truth" not in text}
_MOST_MULTIPLICATIONS = 4

HELPERS = """\
/* as in NumPy, what is not a number stays so */
static inline real minimum(real a, real b) { return a < b || a != a ? a : b; }
static inline real maximum(real a, real b) { return a > b || a != a ? a : b; }
static inline real sign_of(real a) { return a != a ? a : (real)((a > 0) - (a < 0)); }
#define truth(a) ((a) != 0)
"""


def literal(value: float, precision: str) -> str:
    """Write a number exactly, in the precision of the program."""
    if math.isnan(value):
        return "NAN"
    with np.errstate(over="ignore"):
        rounded = np.dtype(precision).type(value)
    if np.isinf(rounded):
        return "INFINITY" if rounded > 0 else "(-INFINITY)"
    text = str(rounded)
    if not any(mark in text for mark in ".e"):
        text += ".0"
    text += "" if precision == "float64" else "f"
    return f"({text})" if text.startswith("-") else text


def to_c(expression: Expression, read: Callable[[Read], str], precision: str) -> str:
    """Write a tree; ``read`` writes a leaf."""
    if isinstance(expression, Number):
        return literal(expression.value, precision)
    if isinstance(expression, Read):
        return read(expression)
    assert isinstance(expression, Apply)
    if (product := _small_power(expression, read, precision)) is not None:
        return product
    arguments = []
    bare = expression.operator in _CALLS
    for argument in expression.arguments:
        text = to_c(argument, read, precision)
        compound = isinstance(argument, Apply) and argument.operator not in _CALLS
        arguments.append(f"({text})" if compound and not bare else text)
    return EMITTED[expression.operator].format(*arguments)


def _small_power(expression: Apply, read: Callable[[Read], str], precision: str) -> str | None:
    """Write ``x**2`` as a product, as the array libraries do."""
    if expression.operator != "power" or not isinstance(expression.arguments[1], Number):
        return None
    base, exponent = expression.arguments[0], expression.arguments[1].value
    if not isinstance(base, Read) or exponent not in range(1, _MOST_MULTIPLICATIONS + 1):
        return None
    return "(" + " * ".join([to_c(base, read, precision)] * int(exponent)) + ")"
