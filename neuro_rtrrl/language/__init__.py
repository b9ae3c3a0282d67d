"""The equation language: operators, trees, parser, dimensions."""

from neuro_rtrrl.language.dimensions import DimensionError, dimension_of
from neuro_rtrrl.language.expressions import (
    Apply,
    Expression,
    Name,
    Number,
    Read,
    apply,
    names,
    rewrite,
    substitute,
    to_text,
    walk,
)
from neuro_rtrrl.language.operators import KINDS, MACROS, OPERATORS, REDUCTIONS, Operator
from neuro_rtrrl.language.parser import EquationError, Statement, parse_expression, parse_statements

__all__ = [
    "KINDS",
    "MACROS",
    "OPERATORS",
    "REDUCTIONS",
    "Apply",
    "DimensionError",
    "EquationError",
    "Expression",
    "Name",
    "Number",
    "Operator",
    "Read",
    "Statement",
    "apply",
    "dimension_of",
    "names",
    "parse_expression",
    "parse_statements",
    "rewrite",
    "substitute",
    "to_text",
    "walk",
]
