"""Expression trees: what an equation is after parsing and before anything runs.

A tree is made of numbers, names, operators applied to trees and, after lowering, reads of named variables.
Trees are immutable and compare by structure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from neuro_rtrrl.language.operators import OPERATORS

_OWNER = re.compile(
    r"\b[A-Za-z_]\w*\.(?=[\w(])"
)  # 'cortex.' in 'cortex.tau' and in a hoisted '(dt / cortex.tau)'

__all__ = [
    "Apply",
    "Expression",
    "Name",
    "Number",
    "Read",
    "apply",
    "children",
    "names",
    "rewrite",
    "substitute",
    "to_text",
    "walk",
]


@dataclass(frozen=True)
class Number:
    """A literal."""

    value: float


@dataclass(frozen=True)
class Name:
    """A name as written, scope suffix included."""

    name: str


@dataclass(frozen=True)
class Apply:
    """An operator, reduction or macro applied to arguments."""

    operator: str
    arguments: tuple[Expression, ...]

    @cached_property
    def _hash(self) -> int:
        return hash((self.operator, self.arguments))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True)
class Read:
    """A leaf of a lowered tree: the value of a variable, seen from where the statement stands.

    ``own`` is the element itself, ``pre`` and ``post`` the neurons of a synapse, ``broadcast`` the one value for all.
    """

    key: str
    access: Literal["own", "pre", "post", "broadcast"]

    @property
    def name(self) -> str:
        """How the read is written in an equation."""
        first = _first_part(self.key)  # a packed vector is called like its first part
        short = _OWNER.sub("", first) if "(" in first else first.rsplit(".", 1)[-1]
        return f"{short}_{self.access}" if self.access in ("pre", "post") else short


Expression = Number | Name | Read | Apply


def _first_part(key: str) -> str:
    """Return a key up to the first `` + `` outside brackets: inside them it is a sum that hoisting has named."""
    depth = 0
    for place, letter in enumerate(key):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and key.startswith(" + ", place):
            return key[:place]
    return key


def apply(operator: str, *arguments: Expression) -> Apply:
    """Build ``operator(arguments...)``."""
    return Apply(operator, tuple(arguments))


def children(expression: Expression) -> tuple[Expression, ...]:
    """Return the direct arguments; empty for a leaf."""
    return expression.arguments if isinstance(expression, Apply) else ()


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield the tree's nodes, parents first."""
    yield expression
    for child in children(expression):
        yield from walk(child)


def names(expression: Expression) -> set[str]:
    """Return every name that the tree reads."""
    return {node.name for node in walk(expression) if isinstance(node, Name)}


def rewrite(expression: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """Return the tree with ``change`` applied to every node, children first."""
    if isinstance(expression, Apply):
        expression = Apply(
            expression.operator, tuple(rewrite(child, change) for child in expression.arguments)
        )
    return change(expression)


def substitute(expression: Expression, values: dict[str, Expression]) -> Expression:
    """Return the tree with names replaced by trees."""
    return rewrite(expression, lambda node: values.get(node.name, node) if isinstance(node, Name) else node)


def to_text(expression: Expression, spell: Callable[[Expression], str] | None = None) -> str:
    """Write a tree as an equation, with no more brackets than needed.

    ``spell`` writes leaves other than numbers; by default a name stands for itself.
    """
    return _text(expression, 0, spell or (lambda leaf: getattr(leaf, "name", str(leaf))))


def _text(node: Expression, outer: int, spell: Callable[[Expression], str]) -> str:
    if isinstance(node, Number):
        text = (
            repr(int(node.value))
            if node.value == int(node.value) and abs(node.value) < 1e15
            else repr(node.value)
        )
        return f"({text})" if node.value < 0 and outer > 5 else text
    if not isinstance(node, Apply):
        return spell(node)
    operator = OPERATORS.get(node.operator)
    if operator is None or operator.precedence == 0:
        return f"{node.operator}({', '.join(_text(child, 0, spell) for child in node.arguments)})"
    level = operator.precedence
    if operator.arity == 1:
        space = " " if operator.symbol == "not" else ""
        text = f"{operator.symbol}{space}{_text(node.arguments[0], level, spell)}"
    else:
        # the right argument of - / and the left one of ** need brackets at equal precedence
        left, right = node.arguments
        left_level, right_level = (level + 1, level) if node.operator == "power" else (level, level + 1)
        sign = operator.symbol if level >= 8 else f" {operator.symbol} "
        text = f"{_text(left, left_level, spell)}{sign}{_text(right, right_level, spell)}"
    return f"({text})" if level < outer else text
