"""Functions of short words as tables of all their values, so that no C library can differ from another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Tables"]

_ODD = frozenset({"tanh", "sin"})
_EVEN = frozenset({"cos"})
_ULPS = 8.0  # how far a library's value may be from the rounded one, in its last bits
_COLUMNS = 12


@dataclass(frozen=True)
class _Table:
    name: str
    first: int
    values: np.ndarray
    comment: str


class Tables:
    """The tables of one file.

    Attributes
    ----------
    ties : int
        Entries so close to halfway between two words that a C library might round them the other way than this table
        does. There float64 emulation may depend on the machine; the table does not.
    """

    def __init__(self) -> None:
        self._tables: dict[tuple[str, int, int, int, int], _Table] = {}
        self.ties = 0

    def look_up(
        self, operator: str, argument: str, argument_fraction: int, largest: int, fraction: int, most: int
    ) -> str:
        """Return the expression that looks up a function.

        Parameters
        ----------
        operator : str
        argument : str
            C text of the argument, a whole number of at most ``largest`` times ``2**-argument_fraction``.
        fraction, most : int
            Of the result.
        """
        key = (operator, argument_fraction, largest, fraction, most)
        if key not in self._tables:
            self._tables[key] = self._made(*key)
        table = self._tables[key]
        last = table.first + len(table.values) - 1
        if operator in _ODD:
            return f"look_up_odd({table.name}, {last}, {argument})"
        if operator in _EVEN:
            return f"look_up_even({table.name}, {last}, {argument})"
        return f"look_up({table.name}, {table.first}, {last}, {argument})"

    def _made(self, operator: str, argument_fraction: int, largest: int, fraction: int, most: int) -> _Table:
        lowest = 0 if operator in _ODD | _EVEN else 1 if operator == "log" else -largest
        arguments = np.arange(lowest, largest + 1)
        exact = getattr(np, operator)(arguments * 2.0**-argument_fraction) * 2.0**fraction
        rounded = np.floor(exact + 0.5)
        beyond = np.abs(exact) > most + 1
        self.ties += int(
            np.sum((np.abs(exact + 0.5 - np.round(exact + 0.5)) < _ULPS * np.spacing(exact)) & ~beyond)
        )
        values = np.clip(rounded, -most, most).astype(np.int64)
        # what only repeats the first or the last entry needs no room
        start = int(np.argmax(values != values[0])) - 1 if np.any(values != values[0]) else 0
        if operator in _ODD | _EVEN or start < 0:
            start = 0
        end = (
            len(values) - int(np.argmax(values[::-1] != values[-1]))
            if np.any(values != values[-1])
            else start
        )
        values = values[start : end + 1]
        number = sum(1 for other in self._tables if other[0] == operator)
        name = f"{operator}_of" if number == 0 else f"{operator}_of_{number + 1}"
        comment = (
            f"{operator}(k * 2^{-argument_fraction}) in steps of 2^{-fraction}, k from {lowest + start} "
            f"to {lowest + start + len(values) - 1}"
        )
        return _Table(name, lowest + start, values, comment)

    def text(self) -> list[str]:
        """Return the tables as C."""
        lines: list[str] = []
        for table in self._tables.values():
            lines += [
                f"/* {table.comment} */",
                f"static const int32_t {table.name}[{len(table.values)}] = {{",
            ]
            for start in range(0, len(table.values), _COLUMNS):
                row = ", ".join(map(str, table.values[start : start + _COLUMNS].tolist()))
                lines.append(f"  {row},")
            lines.append("};")
        return lines

    @property
    def bytes(self) -> int:
        """Room that the tables take."""
        return sum(4 * len(table.values) for table in self._tables.values())
