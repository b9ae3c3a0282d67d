"""How long a device needs for one decision, and whether that keeps up with real time.

Published is the time of one event in one core. All events one after another in a single core are the longest
that a decision can take (``high``), all of them spread over every core the shortest (``low``); synchronisation
at the end of each step is never spread. A device with one core has a ``nominal`` time besides.

Nothing is guessed: an event without a published time makes "it keeps up" unknown, but what is known may
already be too long. A published maximum bounds ``high`` and says nothing about ``low``; peak rates of a
processor, the reverse.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from neuro_rtrrl.ledger.energy import Demand, Unpriced
from neuro_rtrrl.ledger.figure import Figure
from neuro_rtrrl.ledger.profile import HardwareProfile
from neuro_rtrrl.units import format_si

__all__ = ["VERDICTS", "Latency", "Timed", "latency_of"]

VERDICTS = ("keeps up", "does not keep up", "not known")

_SEQUENTIAL = ("barrier",)
_MEMORY = ("memory_read", "memory_write")


@dataclass(frozen=True)
class Timed:
    """A count with its time in one core, seconds; None where no such bound is published."""

    event: str
    count: float
    low: float | None
    nominal: float | None
    high: float | None
    grade: str
    source: str
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self))


@dataclass(frozen=True)
class Latency:
    """The time of one decision on a device.

    Attributes
    ----------
    profile : str
    interval : float
        Seconds that a decision may take, in the device's time.
    lanes : int
        Cores that could share the work.
    low, nominal, high : float or None
        Seconds of what has a published time; None where that end is not known.
    items : tuple of Timed
    untimed : tuple of Unpriced
        What has no published time.
    verdict : str
        One of :data:`VERDICTS`.
    reason : str
    """

    profile: str
    interval: float
    lanes: int
    low: float | None
    nominal: float | None
    high: float | None
    items: tuple[Timed, ...]
    untimed: tuple[Unpriced, ...]
    verdict: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form, seconds."""
        fields = ("profile", "interval", "lanes", "low", "nominal", "high", "verdict", "reason")
        return {
            **{name: getattr(self, name) for name in fields},
            "items": [item.as_dict() for item in self.items],
            "untimed": [item.as_dict() for item in self.untimed],
        }


def latency_of(demands: Iterable[Demand], profile: HardwareProfile, interval: float) -> Latency:
    """Return the time that a device needs for what one decision asks of it, with a verdict.

    Parameters
    ----------
    demands : iterable of Demand
        As priced; see :func:`~neuro_rtrrl.ledger.pricing.demands_of`.
    profile : HardwareProfile
    interval : float
        Seconds that it may take.
    """
    items: list[Timed] = []
    untimed: list[Unpriced] = []
    for demand in demands:
        if demand.count == 0:
            continue
        figure = profile.latency.get(demand.event)
        if demand.reason or demand.count is None:
            reason = demand.reason or "how many there are is not known"
            untimed.append(Unpriced(demand.label, demand.count, reason))
        elif figure is None or not (figure.priced or figure.bounds_only):
            reason = "no time in this profile" if figure is None else figure.reason or ""
            untimed.append(Unpriced(demand.label, demand.count, reason))
        else:
            items.append(_timed(demand, figure, demand.count))
    lanes = _lanes(profile)
    low, nominal, high = _bounds(items, lanes)
    verdict, reason = _verdict(low, high, interval, items, untimed)
    return Latency(
        profile.name, interval, lanes, low, nominal, high, tuple(items), tuple(untimed), verdict, reason
    )


def _timed(demand: Demand, figure: Figure, count: float) -> Timed:
    low, nominal, high = figure.in_si()
    if nominal is not None:
        minimum_only = low is not None and low == nominal and high is None
        maximum_only = high is not None and high == nominal and low is None
        low = nominal if low is None and not maximum_only else low
        high = nominal if high is None and not minimum_only else high
    low, nominal, high = (None if x is None else count * x for x in (low, nominal, high))
    note = "; ".join(part for part in (figure.note, figure.reason) if part)
    return Timed(demand.event, count, low, nominal, high, figure.grade or "", figure.source or "", note)


def _lanes(profile: HardwareProfile) -> int:
    cores = profile.capacity.get("cores")
    count = None if cores is None else cores.in_si().nominal
    return max(1, int(count or 1))


def _bounds(items: list[Timed], lanes: int) -> tuple[float | None, float | None, float | None]:
    """Return the least time (all cores share), that of a single core, and the longest (one after another).

    Where a processor fetches while it computes, the least is the longer of the two.
    """
    if not items:
        return None, None, None
    shared = [item for item in items if item.event not in (*_SEQUENTIAL, *_MEMORY)]
    fetched = [item for item in items if item.event in _MEMORY]
    waited = sum(item.low or 0.0 for item in items if item.event in _SEQUENTIAL)
    least = max(sum(item.low or 0.0 for item in part) / lanes for part in (shared, fetched)) + waited
    low = least if any(item.low is not None for item in items) else None
    nominal, high = (_all(getattr(item, end) for item in items) for end in ("nominal", "high"))
    return low, nominal if lanes == 1 else None, high


def _all(values: Iterable[float | None]) -> float | None:
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _verdict(
    low: float | None, high: float | None, interval: float, items: list[Timed], untimed: list[Unpriced]
) -> tuple[str, str]:
    limit = format_si(interval, "s")
    if low is not None and low > interval:
        return VERDICTS[1], f"the least time, {format_si(low, 's')}, is longer than the interval of {limit}"
    if not items:
        return VERDICTS[2], "no time of any of its events is published"
    kinds = f"{len(untimed)} kind{'s' if len(untimed) != 1 else ''} of event without a published time"
    if high is None:
        least = "" if low is None else f"; the least time is {format_si(low, 's')}"
        more = f", and {kinds}" if untimed else ""
        return VERDICTS[2], f"no longest time is published for some of its events{more}{least}"
    if high > interval:
        least = format_si(low or 0.0, "s")
        return VERDICTS[2], f"between {least} and {format_si(high, 's')}, by how the work is shared"
    if untimed:
        return VERDICTS[2], f"{format_si(high, 's')} at most for what has a published time; {kinds}"
    return VERDICTS[0], f"{format_si(high, 's')} at most, in an interval of {limit}"
