"""Physical quantities at the edge of the program: text with units in, SI floats inside.

A dimension is a tuple of integer exponents over (length, mass, time, current); everything that a circuit needs
(seconds, volts, amperes, siemens, farads, hertz, metres) is spanned by those four.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

__all__ = [
    "DIMENSIONLESS",
    "Dimension",
    "Quantity",
    "UnitError",
    "format_si",
    "parse_quantity",
    "unit_dimension",
]


class UnitError(ValueError):
    """The text is not a quantity of the expected dimension."""


@dataclass(frozen=True)
class Dimension:
    """Exponents of metre, kilogram, second and ampere."""

    length: int = 0
    mass: int = 0
    time: int = 0
    current: int = 0

    def _exponents(self) -> tuple[int, int, int, int]:
        return (self.length, self.mass, self.time, self.current)

    def __mul__(self, other: Dimension) -> Dimension:
        return Dimension(*(a + b for a, b in zip(self._exponents(), other._exponents(), strict=True)))

    def __truediv__(self, other: Dimension) -> Dimension:
        return Dimension(*(a - b for a, b in zip(self._exponents(), other._exponents(), strict=True)))

    def __pow__(self, power: int) -> Dimension:
        return Dimension(*(a * power for a in self._exponents()))

    def halved(self) -> Dimension | None:
        """Return the dimension of a square root, or None where an exponent is odd."""
        if any(a % 2 for a in self._exponents()):
            return None
        return Dimension(*(a // 2 for a in self._exponents()))

    def __str__(self) -> str:
        for name in (
            "1",
            "second",
            "hertz",
            "volt",
            "ampere",
            "siemens",
            "farad",
            "ohm",
            "metre",
            "kilogram",
        ):
            if BASE_UNITS[name] == self:
                return name
        parts = [
            f"{unit}^{exponent}" if exponent != 1 else unit
            for unit, exponent in zip(
                ("metre", "kilogram", "second", "ampere"), self._exponents(), strict=True
            )
            if exponent
        ]
        return " ".join(parts)


DIMENSIONLESS = Dimension()

BASE_UNITS: dict[str, Dimension] = {
    "1": DIMENSIONLESS,
    "metre": Dimension(length=1),
    "kilogram": Dimension(mass=1),
    "second": Dimension(time=1),
    "ampere": Dimension(current=1),
    "hertz": Dimension(time=-1),
    "volt": Dimension(2, 1, -3, -1),
    "siemens": Dimension(-2, -1, 3, 2),
    "farad": Dimension(-2, -1, 4, 2),
    "ohm": Dimension(2, 1, -3, -2),
    "joule": Dimension(2, 1, -2, 0),
    "watt": Dimension(2, 1, -3, 0),
}

_SYMBOLS = {
    "s": "second",
    "second": "second",
    "seconds": "second",
    "Hz": "hertz",
    "hertz": "hertz",
    "V": "volt",
    "volt": "volt",
    "A": "ampere",
    "amp": "ampere",
    "ampere": "ampere",
    "S": "siemens",
    "siemens": "siemens",
    "F": "farad",
    "farad": "farad",
    "ohm": "ohm",
    "Ω": "ohm",
    "m": "metre",
    "metre": "metre",
    "meter": "metre",
    "J": "joule",
    "W": "watt",
}
_PREFIXES = {
    "": 1.0,
    "f": 1e-15,
    "p": 1e-12,
    "n": 1e-9,
    "u": 1e-6,
    "µ": 1e-6,
    "μ": 1e-6,
    "m": 1e-3,
    "c": 1e-2,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
}
_EXTRA = {
    "min": (60.0, "second"),
    "minute": (60.0, "second"),
    "h": (3600.0, "second"),
    "hour": (3600.0, "second"),
}
_QUANTITY = re.compile(r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-zµμΩ]*)\s*$")


@dataclass(frozen=True)
class Quantity:
    """A value in SI units with its dimension."""

    value: float
    dimension: Dimension


def _unit(text: str) -> tuple[float, Dimension]:
    if text in ("", "1"):
        return 1.0, DIMENSIONLESS
    if text in _EXTRA:
        factor, name = _EXTRA[text]
        return factor, BASE_UNITS[name]
    if text in _SYMBOLS:
        return 1.0, BASE_UNITS[_SYMBOLS[text]]
    for prefix, factor in _PREFIXES.items():
        if prefix and text.startswith(prefix) and text[len(prefix) :] in _SYMBOLS:
            return factor, BASE_UNITS[_SYMBOLS[text[len(prefix) :]]]
    raise UnitError(f"unknown unit '{text}'")


def unit_dimension(text: str) -> Dimension:
    """Return the dimension of a unit such as ``second``, ``mV`` or ``1``.

    Raises
    ------
    UnitError
        If the unit is unknown.
    """
    return _unit(text.strip())[1]


def parse_quantity(text: str) -> Quantity:
    """Read ``"20 ms"`` as ``Quantity(0.02, second)``; a bare number is dimensionless.

    Raises
    ------
    UnitError
        If the text is not a number with an optional known unit.
    """
    match = _QUANTITY.match(text)
    if not match:
        raise UnitError(f"'{text}' is not a number with a unit")
    factor, dimension = _unit(match.group(2))
    return Quantity(float(match.group(1)) * factor, dimension)


_STEPS = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))


def format_si(value: float, unit: str, digits: int = 3) -> str:
    """Write an SI value for people: ``format_si(0.02, "s") == "20 ms"``."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}".strip()
    for factor, prefix in _STEPS:
        if abs(value) >= factor * 0.9995:
            return f"{value / factor:.{digits}g} {prefix}{unit}".strip()
    return f"{value:.{digits}g} {unit}".strip()
