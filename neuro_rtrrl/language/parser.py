"""Text to trees: a strict subset of Brian2's equation syntax, read with :mod:`ast` against the closed table.

Nothing is ever evaluated: every syntax node that is not in the table is an error that names what may stand there.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Literal

from neuro_rtrrl.errors import nearest
from neuro_rtrrl.language.expressions import Apply, Expression, Name, Number
from neuro_rtrrl.language.operators import MACROS, OPERATORS, REDUCTIONS

__all__ = ["EquationError", "Statement", "parse_expression", "parse_statements"]

_BINARY = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
    ast.And: "and",
    ast.Or: "or",
}
_UNARY = {ast.USub: "negate", ast.Not: "not"}
_FUNCTIONS = (
    {name for name, operator in OPERATORS.items() if operator.precedence == 0} | set(REDUCTIONS) | MACROS
)
_DERIVATIVE = re.compile(r"^\s*d([A-Za-z_]\w*)\s*/\s*dt\s*=(?!=)\s*(.+)$")
_ASSIGNMENT = re.compile(r"^\s*([A-Za-z_]\w*)\s*(=(?!=)|\+=|-=|\*=)\s*(.+)$")
# two habits of other tools: a number with its unit, and Brian2's unit at the end of a line
_QUANTITY = re.compile(r"(?<![\w.])(\d[\d.]*(?:[eE][-+]?\d+)?) *([A-Za-z]+)")
_UNIT_AFTER = re.compile(r"\s*:\s*([\w./*^ ]+)(?:\([\w ,]*\)\s*)?$")
_LONGEST = 1000  # characters of one equation; a tree deeper than Python's recursion must not be reached


class EquationError(ValueError):
    """An equation that the language does not have; carries the line within its block, and a hint."""

    def __init__(self, message: str, line: int = 1, hint: str = "", available: tuple[str, ...] = ()):
        super().__init__(message)
        self.message, self.line, self.hint, self.available = message, line, hint, available


@dataclass(frozen=True)
class Statement:
    """``target = expression`` or ``d target/dt = expression``; ``x += y`` is read as ``x = x + y``."""

    target: str
    expression: Expression
    kind: Literal["assign", "derivative"]
    text: str
    line: int = 1


def parse_expression(text: str, line: int = 1) -> Expression:
    """Read one expression.

    Raises
    ------
    EquationError
        If the text is not an expression of the language.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        raise EquationError(
            f"an equation of {len(text)} characters is too long", line, hint="name parts of it"
        )
    try:
        body = ast.parse(text, mode="eval").body
        return _convert(body, line)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        if isinstance(error, EquationError):
            raise
        raise EquationError(f"'{_short(text)}' is not an expression", line, hint=_advice(text)) from None


def _advice(text: str) -> str:
    """Return what to do about a text that is no expression."""
    quantity, after = _QUANTITY.search(text), _UNIT_AFTER.search(text)
    if quantity and quantity[2] not in ("and", "or", "not", "if", "else"):
        return (
            f"equations have no units of their own: make '{quantity[0]}' the default of a parameter "
            "and write that parameter's name here"
        )
    if after:
        return f"leave out ': {after[1].strip()}': units stand under 'states' and 'parameters'"
    return "check brackets and operators"


def parse_statements(text: str) -> tuple[Statement, ...]:
    """Read a block of equations, one a line; ``#`` starts a comment.

    Raises
    ------
    EquationError
        With the line (counted from 1 within the block) of the first equation that cannot be read.
    """
    statements = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.split("#", 1)[0].strip()
        if line:
            statements.append(_statement(line, number))
    return tuple(statements)


def _statement(line: str, number: int) -> Statement:
    if match := _DERIVATIVE.match(line):
        return Statement(match[1], parse_expression(match[2], number), "derivative", line, number)
    match = _ASSIGNMENT.match(line)
    if not match:
        raise EquationError(
            f"'{_short(line)}' is not an equation", number, hint="write 'x = …', 'x += …' or 'dx/dt = …'"
        )
    target, sign, text = match.groups()
    expression = parse_expression(text, number)
    if sign != "=":
        operator = {"+=": "add", "-=": "subtract", "*=": "multiply"}[sign]
        expression = Apply(operator, (Name(target), expression))
    return Statement(target, expression, "assign", line, number)


def _convert(node: ast.AST, line: int) -> Expression:
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise EquationError(
                f"'{node.value}' cannot stand in an equation", line, hint="only numbers and names can"
            )
        return Number(float(node.value))
    if isinstance(node, ast.Name):
        return Name(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd):
        return _convert(node.operand, line)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return Apply(_UNARY[type(node.op)], (_convert(node.operand, line),))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return Apply(_BINARY[type(node.op)], (_convert(node.left, line), _convert(node.right, line)))
    if isinstance(node, ast.BoolOp):
        result = _convert(node.values[0], line)
        for value in node.values[1:]:
            result = Apply(_BINARY[type(node.op)], (result, _convert(value, line)))
        return result
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _BINARY:
        return Apply(
            _BINARY[type(node.ops[0])], (_convert(node.left, line), _convert(node.comparators[0], line))
        )
    if isinstance(node, ast.Call):
        return _call(node, line)
    raise EquationError(
        f"'{_short(ast.unparse(node))}' is not part of the equation language",
        line,
        hint="numbers, names, + - * / **, comparisons, and, or, not, and the functions",
        available=tuple(sorted(_FUNCTIONS)),
    )


def _call(node: ast.Call, line: int) -> Apply:
    if not isinstance(node.func, ast.Name) or node.keywords or node.func.id not in _FUNCTIONS:
        name = ast.unparse(node.func)
        raise EquationError(
            f"unknown function '{_short(name)}'", line, nearest(name, _FUNCTIONS), tuple(sorted(_FUNCTIONS))
        )
    name = node.func.id
    arity = OPERATORS[name].arity if name in OPERATORS else 1
    if len(node.args) != arity:
        raise EquationError(
            f"{name}() takes {arity} argument{'s' * (arity != 1)}, not {len(node.args)}", line
        )
    return Apply(name, tuple(_convert(argument, line) for argument in node.args))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
