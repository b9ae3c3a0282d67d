"""The matrix exponential of a small linear system and its integral over a step, correct to the last digit.

Computed with sixty decimal digits and rounded once: coefficients of a circuit differ by many orders of magnitude (a
current in amperes moves a potential in volts), which costs the usual algorithms in floats most of their digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["propagator"]

Matrix = list[list[float]]
_DIGITS = 60


def propagator(matrix: Sequence[Sequence[float]], dt: float) -> tuple[Matrix, Matrix]:
    """Return ``P = exp(A dt)`` and ``Q``, the integral of ``exp(A s)`` for s from 0 to dt.

    Both are blocks of the exponential of one matrix, ``[[A, 1], [0, 0]]`` (Van Loan 1978, IEEE Trans. Autom. Control
    23, 395-404), by scaling and squaring.

    Parameters
    ----------
    matrix : (n, n) numbers, per second
    dt : seconds

    Returns
    -------
    P, Q : lists of rows
        What no chain of coefficients reaches is exactly 0.
    """
    from decimal import Decimal, localcontext

    n = len(matrix)
    with localcontext() as context:
        context.prec = _DIGITS
        step = Decimal(dt)
        whole = [
            [Decimal(matrix[i][j]) * step if j < n else step * int(i == j - n) for j in range(2 * n)]
            if i < n
            else [Decimal(0)] * (2 * n)
            for i in range(2 * n)
        ]
        norm = max((sum(abs(entry) for entry in row) for row in whole), default=Decimal(0))
        halvings = 0
        while norm > Decimal("0.5"):
            norm, halvings = norm / 2, halvings + 1
        scale = Decimal(2) ** halvings
        scaled = [[entry / scale for entry in row] for row in whole]
        identity = [[Decimal(int(i == j)) for j in range(2 * n)] for i in range(2 * n)]
        result, power = identity, identity
        for order in range(1, 40):  # 0.5**40/40! is below the last digit kept
            power = [[entry / order for entry in row] for row in _product(power, scaled)]
            result = [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(result, power, strict=True)]
        for _ in range(halvings):
            result = _product(result, result)
        return (
            [[float(result[i][j]) for j in range(n)] for i in range(n)],
            [[float(result[i][j + n]) for j in range(n)] for i in range(n)],
        )


def _product(left: list[list[Any]], right: list[list[Any]]) -> list[list[Any]]:
    columns, nothing = list(zip(*right, strict=True)), left[0][0] * 0
    return [
        [sum((a * b for a, b in zip(row, column, strict=True) if a and b), nothing) for column in columns]
        for row in left
    ]
