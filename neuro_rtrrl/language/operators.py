"""The closed table of operators: what an equation may contain, and nothing else.

Both emitters, the dimension checker and the counter are tested to know exactly these operators.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["KINDS", "MACROS", "OPERATORS", "REDUCTIONS", "Operator"]

Kind = Literal["add", "multiply", "divide", "transcendental", "compare"]
DimensionRule = Literal["same", "product", "quotient", "power", "root", "pure", "compare", "logical", "sign"]

KINDS: tuple[str, ...] = ("add", "multiply", "mac", "divide", "transcendental", "compare")


@dataclass(frozen=True)
class Operator:
    """One operator of the equation language.

    Attributes
    ----------
    name : str
        Key of the table; functions are called by it.
    symbol : str
        How it is written: an infix sign, or the function's name.
    arity : int
        Number of arguments.
    kind : str
        What an evaluation costs on a chip: add, multiply, divide, transcendental or compare.
    dimensions : str
        How the dimension of the result follows from those of the arguments.
    precedence : int
        Binding strength of an infix sign; 0 for functions.
    operations : int
        How many operations of ``kind`` one evaluation is.
    """

    name: str
    symbol: str
    arity: int
    kind: Kind
    dimensions: DimensionRule
    precedence: int = 0
    operations: int = 1


def _table(*operators: Operator) -> dict[str, Operator]:
    return {operator.name: operator for operator in operators}


OPERATORS: dict[str, Operator] = _table(
    Operator("or", "or", 2, "compare", "logical", 1),
    Operator("and", "and", 2, "compare", "logical", 2),
    Operator("not", "not", 1, "compare", "logical", 3),
    Operator("less", "<", 2, "compare", "compare", 4),
    Operator("less_equal", "<=", 2, "compare", "compare", 4),
    Operator("greater", ">", 2, "compare", "compare", 4),
    Operator("greater_equal", ">=", 2, "compare", "compare", 4),
    Operator("equal", "==", 2, "compare", "compare", 4),
    Operator("not_equal", "!=", 2, "compare", "compare", 4),
    Operator("add", "+", 2, "add", "same", 5),
    Operator("subtract", "-", 2, "add", "same", 5),
    Operator("multiply", "*", 2, "multiply", "product", 6),
    Operator("divide", "/", 2, "divide", "quotient", 6),
    Operator(
        "negate", "-", 1, "add", "same", 7, operations=0
    ),  # a sign costs nothing: it rides on the next add
    Operator("power", "**", 2, "transcendental", "power", 8),
    Operator("exp", "exp", 1, "transcendental", "pure"),
    Operator("log", "log", 1, "transcendental", "pure"),
    Operator("sqrt", "sqrt", 1, "transcendental", "root"),
    Operator("tanh", "tanh", 1, "transcendental", "pure"),
    Operator("sin", "sin", 1, "transcendental", "pure"),
    Operator("cos", "cos", 1, "transcendental", "pure"),
    Operator("abs", "abs", 1, "compare", "same"),
    Operator("floor", "floor", 1, "compare", "pure"),
    Operator("sign", "sign", 1, "compare", "sign"),
    Operator("minimum", "minimum", 2, "compare", "same"),
    Operator("maximum", "maximum", 2, "compare", "same"),
    Operator("clip", "clip", 3, "compare", "same", operations=2),
    Operator("int", "int", 1, "compare", "logical", operations=0),  # truth value to 0 or 1
)

REDUCTIONS: dict[str, Kind] = {"sum_population": "add", "max_population": "compare"}
"""Reductions over a population: only where a declaration has the population scope."""

MACROS: frozenset[str] = frozenset({"optimise", "dendritic_sum"})
"""Names that lowering replaces: ``optimise(gradient)`` becomes the optimiser's own equations, ``dendritic_sum(x)`` a
sum over all synapses of the postsynaptic neuron that follow the same group of plasticity."""
