"""Joules and seconds to a criterion: what a device takes until a circuit has learned.

    energy = decisions until the criterion * energy of a decision
    time on the device = decisions * the longer of its time for one and the decision interval

How many decisions that takes is read off learning curves (:func:`neuro_rtrrl.studies.scores.reached`); a seed that
never gets there has no energy, and counts as later than all others in the median.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import Any

from neuro_rtrrl.ledger.energy import Energy
from neuro_rtrrl.ledger.latency import Latency
from neuro_rtrrl.units import format_si

__all__ = ["Reached", "ToCriterion", "duration", "to_criterion"]

_ENDS = ("low", "nominal", "high")


@dataclass(frozen=True)
class Reached:
    """After how many decisions each seed reached a return.

    Attributes
    ----------
    criterion : float
    decisions : tuple of int or None
        For each seed; None: never.
    resolution : int
        How many decisions the numbers may be too large by: 0 where they are of single episodes.
    """

    criterion: float
    decisions: tuple[int | None, ...]
    resolution: int = 0

    @property
    def median(self) -> float | None:
        """The median over seeds; None where half of them or more never got there, or there is no seed."""
        if not self.decisions:
            return None
        middle = median(math.inf if each is None else each for each in self.decisions)
        return middle if math.isfinite(middle) else None


@dataclass(frozen=True)
class ToCriterion:
    """What learning took on one device.

    Attributes
    ----------
    profile : str
    reached : Reached
    joules : dict
        ``low``, ``nominal``, ``high``, of the median; None where nothing has a price or it was never reached.
    powered : dict
        The same with what the device takes for being switched on, where that is known.
    device_seconds : dict
        ``low`` and ``high``; a ``high`` of None is not known.
    model_seconds : float or None
        In the circuit's own time.
    lower_bound : bool
        Whether something has no price.
    weakest : str or None
        Weakest grade of the prices.
    unpriced : tuple of str
    """

    profile: str
    reached: Reached
    joules: dict[str, float | None]
    powered: dict[str, float | None]
    device_seconds: dict[str, float | None]
    model_seconds: float | None
    lower_bound: bool
    weakest: str | None
    unpriced: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "profile": self.profile,
            "criterion": self.reached.criterion,
            "decisions": list(self.reached.decisions),
            "median_decisions": self.reached.median,
            "resolution": self.reached.resolution,
            "joules": self.joules,
            "powered": self.powered,
            "device_seconds": self.device_seconds,
            "model_seconds": self.model_seconds,
            "lower_bound": self.lower_bound,
            "weakest_grade": self.weakest,
            "unpriced": list(self.unpriced),
        }

    def energy_text(self) -> str:
        """Return the nominal energy, as a report says it."""
        if self.reached.median is None:
            return "never"
        nominal = self.joules["nominal"]
        if nominal is None:
            return "no price"
        return f"{'≥ ' if self.lower_bound else ''}{format_si(nominal, 'J')}"

    def time_text(self) -> str:
        """Return the time on the device, as a report says it."""
        low, high = self.device_seconds["low"], self.device_seconds["high"]
        if low is None:
            return "-"
        if high is None:
            return f"≥ {duration(low)}"
        return duration(low) if low == high else f"{duration(low)} – {duration(high)}"


def duration(seconds: float | None) -> str:
    """Return a time as people say it; a dash where there is none."""
    if seconds is None:
        return "-"
    for limit, unit, name in (
        (120, 1, "s"),
        (7200, 60, "min"),
        (172_800, 3600, "h"),
        (math.inf, 86_400, "days"),
    ):
        if seconds < limit:
            return format_si(seconds, "s") if seconds < 1 else f"{seconds / unit:.3g} {name}"
    return f"{seconds} s"


def to_criterion(energy: Energy, latency: Latency, reached: Reached, decision_interval: float) -> ToCriterion:
    """Return what it took.

    Parameters
    ----------
    energy : Energy
        Of one decision.
    latency : Latency
        Of one decision.
    reached : Reached
    decision_interval : float
        Seconds, in the circuit's own time.
    """
    decisions = reached.median
    unpriced = tuple(item.event for item in energy.unpriced)
    events = [item for item in unpriced if item not in ("static_power", "idle_cycle", "busy_power")]
    return ToCriterion(
        energy.profile,
        reached,
        _times(energy.total, decisions),
        # being switched on costs more where a decision takes longer than its interval, by how much nobody knows
        _times(energy.powered, None if latency.verdict == "does not keep up" else decisions),
        _device_seconds(latency, decisions),
        None if decisions is None else decisions * decision_interval,
        bool(events),
        energy.weakest,
        unpriced,
    )


def _times(joules: dict[str, float | None], decisions: float | None) -> dict[str, float | None]:
    return {end: _product(joules[end], decisions) for end in _ENDS}


def _device_seconds(latency: Latency, decisions: float | None) -> dict[str, float | None]:
    """Return the shortest and the longest time; an event without a published time leaves the longest open."""
    low = max(latency.interval, latency.low or 0.0)
    high = None if latency.high is None or latency.untimed else max(latency.interval, latency.high)
    return {"low": _product(low, decisions), "high": _product(high, decisions)}


def _product(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one * other
