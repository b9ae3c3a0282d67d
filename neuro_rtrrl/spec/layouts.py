"""Reads weights that follow from where neurons stand: ``grid``, ``ring``, ``ring_lateral``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neuro_rtrrl.spec.faults import Fault, Refused, shown
from neuro_rtrrl.units import DIMENSIONLESS, Quantity

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KEYS", "Layout", "read_layout"]

#: kind → key → default; None is required
KEYS: dict[str, dict[str, float | None]] = {
    "grid": {"low": None, "high": None, "shape": None},
    "ring": {"scale": 1.0},
    "ring_lateral": {"excitation": None, "inhibition": None, "sharpness": 8.0},
}
_PURE = ("shape", "sharpness")
_FORMS = {
    "grid": "write {grid: {low: [0, 0], high: [1, 1], shape: [11, 11]}}",
    "ring": "write {ring: {scale: 1}}",
    "ring_lateral": "write {ring_lateral: {excitation: 3 mV, inhibition: -6 mV, sharpness: 8}}",
}


@dataclass(frozen=True)
class Layout:
    """Weights of a kind, with the quantities of each of its keys in the order of :data:`KEYS`."""

    kind: str
    parts: tuple[tuple[Quantity, ...], ...]

    @property
    def weights(self) -> tuple[tuple[str, int, Quantity], ...]:
        """The quantities in the unit of the weights: key, place in its list, quantity."""
        return tuple(
            (key, index, quantity)
            for key, part in zip(KEYS[self.kind], self.parts, strict=True)
            if key not in _PURE
            for index, quantity in enumerate(part)
        )


def read_layout(kind: str, content: Any, read: Callable[[Any], Quantity]) -> Layout:
    """Read the keys of a layout; ``read`` reads a quantity."""
    keys, form = KEYS[kind], _FORMS[kind]
    if not isinstance(content, dict):
        raise Refused(Fault(f"the keys of a {kind} are due here", (kind,), shown(content), tuple(keys), form))
    unknown = [key for key in content if key not in keys]
    if unknown:
        available = tuple(keys)
        faults = (
            Fault(f"'{key}' is not known here", (kind, key), "", available, key=True) for key in unknown
        )
        raise Refused(*faults)
    missing = [key for key, default in keys.items() if default is None and key not in content]
    if missing:
        raise Refused(Fault(f"'{missing[0]}' of a {kind} is missing", (kind,), shown(content), hint=form))
    parts = [_part(kind, key, content.get(key, default), read) for key, default in keys.items()]
    lengths = {len(part) for part in parts}
    if len(lengths) > 1:
        message = "'low', 'high' and 'shape' have a number for each dimension"
        raise Refused(Fault(message, (kind,), shown(content), hint=form))
    return Layout(kind, tuple(parts))


def _part(kind: str, key: str, value: Any, read: Callable[[Any], Quantity]) -> tuple[Quantity, ...]:
    if kind == "grid" and (not isinstance(value, list) or not value):
        raise Refused(Fault("a list with a number for each dimension is due here", (kind, key), shown(value)))
    found = []
    for index, item in enumerate(value if kind == "grid" else [value]):
        place = (kind, key, index) if kind == "grid" else (kind, key)
        try:
            quantity = read(item)
        except Refused as refused:
            raise Refused(*(fault.below(*place) for fault in refused.faults)) from None
        if key in _PURE and quantity.dimension != DIMENSIONLESS:
            raise Refused(Fault(f"'{key}' is a pure number, without a unit", place, shown(item)))
        if key == "shape" and (quantity.value < 1 or quantity.value != int(quantity.value)):
            raise Refused(Fault("a side of a grid is a whole number from 1", place, shown(item)))
        found.append(quantity)
    return tuple(found)
