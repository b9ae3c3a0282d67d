"""What a device is asked for, and the energy of it: what has a price, what has none, and where prices are from.

How the one becomes the other: :mod:`neuro_rtrrl.ledger.prices`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from neuro_rtrrl.ledger.figure import GRADES

__all__ = ["Demand", "Energy", "Priced", "Unpriced"]


@dataclass(frozen=True)
class Demand:
    """So many events of one kind: what a device is asked for.

    Attributes
    ----------
    label : str
        What a report calls it.
    event : str
        A key of the profile's ``energy``; empty where no profile could price it, and ``reason`` says why.
    count : float or None
        None: only a run can tell.
    note, reason : str
    beside : bool
        Priced, but of another nature than what the total adds up.
    """

    label: str
    event: str
    count: float | None
    note: str = ""
    reason: str = ""
    beside: bool = False


@dataclass(frozen=True)
class Priced:
    """A count with its energy in joules, and the published figure that it comes from.

    ``high`` is None where only a minimum is published, ``nominal`` (of a power, which is in no total) where only
    bounds are.
    """

    event: str
    count: float
    low: float | None
    nominal: float | None
    high: float | None
    grade: str
    source: str
    note: str = ""
    figure: str = ""
    citation: str = ""
    evidence: str = ""
    operating_point: str = ""
    scope: str = ""
    derivation: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self))


@dataclass(frozen=True)
class Unpriced:
    """What happens and is not costed: how often (None: only a run can tell), and why."""

    event: str
    count: float | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self))


@dataclass(frozen=True)
class Energy:
    """The priced part of what a device was asked for.

    Attributes
    ----------
    profile, precision : str
    items : tuple of Priced
        What the total adds up.
    beside : tuple of Priced
        Priced too, but of another nature and in no total: memory accesses at the price of one SRAM size, and
        powers times time.
    unpriced : tuple of Unpriced
    weakest : str or None
        Weakest grade among ``items``.
    seconds : float
        The time that powers are priced for.
    """

    profile: str
    precision: str
    items: tuple[Priced, ...]
    beside: tuple[Priced, ...]
    unpriced: tuple[Unpriced, ...]
    weakest: str | None
    seconds: float = 0.0

    @property
    def total(self) -> dict[str, float | None]:
        """Low, nominal and high of the sum, joules; None: nothing priced, or no bound known."""
        return _sum(self.items)

    @property
    def powered(self) -> dict[str, float | None]:
        """The total, and what the device takes besides for being switched on all the time, joules.

        All None where the static power or that of a running clock is not known, or where an all-in price among
        the items holds a share of it already.
        """
        background = self._background
        unknown = {item.event for item in self.unpriced} & {"static_power", "idle_cycle"}
        known = any(item.event == "static_power" for item in background)
        if unknown or not known or any(item.scope == "all_in" for item in self.items):
            return dict.fromkeys(("low", "nominal", "high"))
        return _sum((*self.items, *background))

    @property
    def weakest_powered(self) -> str | None:
        """Weakest grade among what :attr:`powered` adds up."""
        grades = [item.grade for item in (*self.items, *self._background)]
        return max(grades, key=list(GRADES).index, default=None)

    @property
    def _background(self) -> list[Priced]:
        return [item for item in self.beside if item.figure in _BACKGROUND]

    def sources(self) -> dict[str, dict[str, Any]]:
        """Return figure -> what it says and where it was published, for every figure that a joule comes from.

        Keys of each: ``grade``, ``source``, ``citation``, ``evidence``, ``operating_point``, ``scope``,
        ``derivation`` and ``events``, the names of what it prices here.
        """
        found: dict[str, dict[str, Any]] = {}
        keys = ("grade", "source", "citation", "evidence", "operating_point", "scope", "derivation")
        for item in (*self.items, *self.beside):
            entry = found.setdefault(item.figure, {key: getattr(item, key) for key in keys} | {"events": []})
            entry["events"].append(item.event)
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form, joules a decision."""
        return {
            "profile": self.profile,
            "precision": self.precision,
            "unit": "joule",
            "per": "decision",
            "total": self.total,
            "powered": self.powered,
            "weakest_grade": self.weakest,
            "leaves_out": [item.event for item in self.unpriced],
            "items": [item.as_dict() for item in self.items],
            "beside": [item.as_dict() for item in self.beside],
            "sources": self.sources(),
        }


_BACKGROUND = ("energy.static_power", "energy.idle_cycle")


def _sum(items: Iterable[Priced]) -> dict[str, float | None]:
    items = tuple(items)
    found: dict[str, float | None] = {}
    for end in ("low", "nominal", "high"):
        values = [getattr(item, end) for item in items]
        found[end] = None if not values or None in values else sum(values)
    return found
