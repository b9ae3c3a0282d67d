"""Trees as Brian2 code, and as NumPy functions for what has no form there, as sums over a population."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from brian2 import Function
from brian2.codegen.generators.cython_generator import CythonCodeGenerator

from neuro_rtrrl.backends.brian.names import unit_text
from neuro_rtrrl.language import (
    OPERATORS,
    Apply,
    Expression,
    Name,
    Number,
    Read,
    dimension_of,
    rewrite,
    to_text,
)
from neuro_rtrrl.language.on_arrays import NUMPY
from neuro_rtrrl.units import DIMENSIONLESS, Dimension

__all__ = ["BRIAN_SPELLING", "FUNCTIONS", "NUMPY", "REDUCED", "brian_text", "numpy_function"]


def _extremum(name: str, function: Any, sign: str) -> Function:
    """Return ``maximum`` or ``minimum``, which Brian2 does not have."""
    made = Function(
        function,
        arg_units=[None, "a"],
        arg_names=["a", "b"],
        return_type="highest",
        return_unit=lambda first, second: first,
    )
    # the second comparison is false only for a NaN in b, which NumPy would return, too
    code = f"cdef double _{name}(double a, double b):\n    return b if (b {sign} a or b != b) else a\n"
    made.implementations.add_implementation(CythonCodeGenerator, code=code, name=f"_{name}")
    code = f"static inline double _{name}(double a, double b) {{ return (b {sign} a || b != b) ? b : a; }}\n"
    made.implementations.add_implementation("cpp", code=code, name=f"_{name}")
    return made


FUNCTIONS: dict[str, Function] = {
    "maximum": _extremum("maximum", np.maximum, ">"),
    "minimum": _extremum("minimum", np.minimum, "<"),
}
"""Functions that a group's namespace adds to Brian2's own."""

# every operator of ours is spelled in Brian2 as it is in the language, or is one of FUNCTIONS
BRIAN_SPELLING: dict[str, str] = {name: item.symbol for name, item in OPERATORS.items()}

REDUCED: dict[str, Callable[..., Any]] = {
    "sum_population": np.add.reduce,
    "max_population": np.maximum.reduce,
}


def brian_text(
    expression: Expression, spell: Callable[[Read], str], dimension: Callable[[str], Dimension]
) -> str:
    """Write a tree in Brian2's syntax; ``spell`` names a variable, ``dimension`` is that of a key."""
    zeros: dict[str, Dimension] = {}

    def of(part: Expression) -> Dimension:
        return dimension_of(part, lambda key: zeros[key] if key in zeros else dimension(key))

    def visit(node: Expression) -> Expression:
        """Give a plain 0 beside a physical quantity its unit back; lowering writes ``0*w_maximum`` as 0."""
        if not isinstance(node, Apply):
            return node
        if node.operator not in BRIAN_SPELLING:
            raise KeyError(f"'{node.operator}' has no form in Brian2")
        rest = [of(argument) for argument in node.arguments if argument != Number(0.0)]
        physical = (
            OPERATORS[node.operator].dimensions in ("same", "compare") and rest and rest[0] != DIMENSIONLESS
        )
        if not physical or len(rest) == len(node.arguments):
            return node
        zero = Name(f"0*{unit_text(rest[0])}")
        zeros[zero.name] = rest[0]
        return Apply(node.operator, tuple(zero if a == Number(0.0) else a for a in node.arguments))

    def write(leaf: Expression) -> str:
        return leaf.name if isinstance(leaf, Name) else spell(leaf)  # type: ignore[arg-type]

    return to_text(rewrite(expression, visit), write)


def numpy_function(
    expression: Expression, read: Callable[[Read], Callable[[], Any] | float]
) -> Callable[[], Any]:
    """Return a function without arguments that evaluates the tree.

    ``read`` gives, for a leaf, the number behind it or a function that fetches its present value.
    """
    made = _compile(expression, read)
    return made if callable(made) else lambda: made


def _compile(expression: Expression, read: Callable[[Read], Callable[[], Any] | float]) -> Any:
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Read):
        return read(expression)
    assert isinstance(expression, Apply)
    function = NUMPY[expression.operator]
    arguments = [_compile(argument, read) for argument in expression.arguments]
    if len(arguments) == 1:
        (a,) = arguments
        return (lambda: function(a())) if callable(a) else function(a)
    if len(arguments) == 2:
        return _two(function, *arguments)
    fetch = [a if callable(a) else (lambda a=a: a) for a in arguments]
    return lambda: function(*(get() for get in fetch))


def _two(function: Callable[..., Any], a: Any, b: Any) -> Any:
    if callable(a) and callable(b):
        return lambda: function(a(), b())
    if callable(a):
        return lambda: function(a(), b)
    if callable(b):
        return lambda: function(a, b())
    return lambda: function(a, b)
