"""Expressions over measures, in the language of equations: parsed once, evaluated as a tree, never as code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuro_rtrrl.language import Apply, Expression, Name, Number, names, parse_expression
from neuro_rtrrl.language.on_arrays import NUMPY

__all__ = ["TRUTHS", "evaluate", "names", "parse_expression"]

TRUTHS = frozenset(
    {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "and", "or", "not"}
)
"""Operators at the top of an expectation: it is true or false."""


def evaluate(expression: Expression, values: Mapping[str, np.ndarray]) -> Any:
    """Return the value of an expression, arrays (S,) for measures of S seeds."""
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Name):
        return values[expression.name]
    assert isinstance(expression, Apply)
    with np.errstate(all="ignore"):  # a division by zero is inf or NaN, of which nothing is expected
        return NUMPY[expression.operator](*(evaluate(each, values) for each in expression.arguments))
