"""Identifiers that Brian2 accepts, as close to the circuit's names as can be."""

from __future__ import annotations

import re
from typing import Any

from brian2 import Quantity
from brian2.equations.equations import Equations
from brian2.units.fundamentalunits import get_or_create_dimension

from neuro_rtrrl.units import DIMENSIONLESS, Dimension

__all__ = ["Names", "mangle", "quantity", "unit_text"]

# Brian2 gives every group variables of these names
_TAKEN = frozenset(
    {"N", "dt", "i", "j", "lastspike", "not_refractory", "t", "t_in_timesteps", "delay", "summed"}
)
# what Cython would read as its own words
_TAKEN |= frozenset(
    {"cdef", "char", "cpdef", "ctypedef", "double", "enum", "float", "include", "long", "short"}
)
_TAKEN |= frozenset({"signed", "sizeof", "struct", "union", "unsigned", "void"})
_UNITS = (
    "second",
    "hertz",
    "volt",
    "ampere",
    "siemens",
    "farad",
    "ohm",
    "metre",
    "kilogram",
    "joule",
    "watt",
)


def mangle(text: str) -> str:
    """Return a legal identifier for ``text``: ``adam.m`` → ``adam_m``, ``j`` (an index there) → ``j_``."""
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_") or "x"
    if not name[0].isalpha():
        name = f"x{name}"
    while not _legal(name):
        name += "_"
    return name


def _legal(name: str) -> bool:
    if name in _TAKEN or name.endswith(("_pre", "_post")):
        return False
    try:
        Equations.check_identifier(name)
    except (SyntaxError, ValueError):
        return False
    return True


class Names:
    """The names of one group: its own variables by their last part, all others by their full key."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self._by_key: dict[str, str] = {}

    def __getitem__(self, key: str) -> str:
        if key not in self._by_key:
            wanted = mangle(key.removeprefix(f"{self.owner}."))
            taken = set(self._by_key.values())
            while wanted in taken:
                wanted += "_"
            self._by_key[key] = wanted
        return self._by_key[key]


def unit_text(dimension: Dimension) -> str:
    """Write a dimension as a unit in Brian2's equations."""
    text = str(dimension)
    if text == "1" or text in _UNITS:
        return "amp" if text == "ampere" else text
    parts = zip(
        ("metre", "kilogram", "second", "amp"),
        (dimension.length, dimension.mass, dimension.time, dimension.current),
        strict=True,
    )
    return " * ".join(f"{unit}**{exponent}" for unit, exponent in parts if exponent)


def quantity(value: float, dimension: Dimension) -> Any:
    """Return an SI value with Brian2's unit, a plain number where there is none."""
    if dimension == DIMENSIONLESS:
        return value
    exponents = {
        "m": dimension.length,
        "kg": dimension.mass,
        "s": dimension.time,
        "A": dimension.current,
    }
    return Quantity(value, dim=get_or_create_dimension(**exponents))
