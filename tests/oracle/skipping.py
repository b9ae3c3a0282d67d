"""A machine that skips zeros, one number at a time: the rules of ``neuro_rtrrl/ledger/zeros.py`` once more, by hand.

An equation is written in Python with :class:`Number` for its numbers. :func:`work` says what of it has to be done: a
product where neither factor is zero (and what only serves a product with a zero is not worked out), a sum where neither
side is zero, a quotient or a root where what it is taken of is not zero, all else wherever it is asked for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

__all__ = ["Book", "Number", "constant", "exp", "greater", "maximum", "read", "root", "work"]


@dataclass(frozen=True)
class Number:
    """A value, and how it came about: ``read`` of a name, ``constant``, or an operation on others."""

    value: float
    how: str = "constant"
    parts: tuple[Number, ...] = ()
    name: str = ""

    def __add__(self, other):
        return Number(self.value + other.value, "add", (self, other))

    def __sub__(self, other):
        return Number(self.value - other.value, "subtract", (self, other))

    def __mul__(self, other):
        return Number(self.value * other.value, "multiply", (self, other))

    def __truediv__(self, other):
        return Number(self.value / other.value, "divide", (self, other))


def read(name: str, value) -> Number:
    """Return a word of memory."""
    return Number(value, "read", (), name)


def constant(value) -> Number:
    """Return what the equation itself holds."""
    return Number(value)


def maximum(one: Number, other: Number) -> Number:
    return Number(max(one.value, other.value), "compare", (one, other))


def greater(one: Number, other: Number) -> Number:
    return Number(one.value * 0 + (one.value > other.value), "compare", (one, other))


def exp(one: Number) -> Number:
    return Number(np.exp(one.value), "transcendental", (one,))


def root(one: Number) -> Number:
    return Number(np.sqrt(one.value), "root", (one,))


def work(number: Number) -> tuple[Counter, set[str]]:
    """Return the operations that a number takes, and the names that are fetched for it."""
    if number.how == "constant":
        return Counter(), set()
    if number.how == "read":
        return Counter(), {number.name} if number.value != 0 else set()
    first, second = number.parts[0], number.parts[-1]
    kind, done, wanted = number.how, True, number.parts
    if kind == "multiply":
        done = first.value != 0 and second.value != 0
        wanted = [one for one, other in ((first, second), (second, first)) if other.value != 0]
    elif kind in ("add", "subtract"):
        kind, done = "add", first.value != 0 and second.value != 0
    elif kind == "divide":
        done = first.value != 0
        wanted = number.parts if done else (first,)
    elif kind == "root":
        kind, done = "transcendental", first.value != 0
    operations, names = Counter({kind: 1} if done else {}), set()
    for part in wanted:
        more, fetched = work(part)
        operations += more
        names |= fetched
    return operations, names


class Book:
    """Sums of what lines did: (owner, how the line begins) -> kinds of operation, ``reads``, ``writes``."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], Counter] = {}

    def __call__(self, owner: str, line: str) -> Counter:
        return self.lines.setdefault((owner, line), Counter())

    def element(self, owner: str, line: str, number: Number, old: float | None) -> float:
        """Count one element of a line, return its new value; where nothing is done or changes, nothing is fetched."""
        operations, names = work(number)
        changed = old is not None and number.value != old
        entry = self(owner, line)
        entry.update(operations)
        if changed or operations:
            entry["reads"] += len(names)
        entry["writes"] += int(changed)
        return number.value
