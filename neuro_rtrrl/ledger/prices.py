"""Counts of events times published prices, and a list of everything that has no price.

    E = static power * time + energy of an idle cycle * frequency * time + sum of count * marginal energy

The sum is ``total``; with the first two it is ``powered``, what the device takes while it is switched on.

A price that nobody has published is never 0: what it would have covered stands under ``unpriced`` with the
reason, and every sum says what it leaves out. Sums carry low, nominal and high, and the weakest grade among
their figures; every joule names the figure, the source and the arithmetic that it comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.ledger.energy import Demand, Energy, Priced, Unpriced
from neuro_rtrrl.ledger.figure import EnergyFigure, weakest_grade
from neuro_rtrrl.ledger.profile import HardwareProfile
from neuro_rtrrl.ledger.vocabulary import ARITHMETIC, BACKGROUND, EVENTS, POWERS

__all__ = ["price_demands", "price_events"]

_ALL_IN = "all-in: holds at its operating point and rate only"


def price_events(
    counts: Mapping[str, float | None],
    profile: HardwareProfile,
    seconds: float,
    frequency: float | None = None,
) -> Energy:
    """Return the energy of counted events during a time on a device.

    Parameters
    ----------
    counts : mapping of str to float or None
        By event of :data:`~neuro_rtrrl.ledger.vocabulary.EVENTS`, or operation such as ``mac.fp32``; None is a
        count that nobody knows. What happens in the background follows from the time.
    profile : HardwareProfile
    seconds : float
        How long the device is switched on.
    frequency : float, optional
        Hertz of its clock; None is the profile's.

    Raises
    ------
    CircuitError
        If there is no such event, or a count or time is negative.
    """
    for event, count in counts.items():
        if event not in (EVENTS.keys() - BACKGROUND) | ARITHMETIC:
            names = (*(name for name in EVENTS if name not in BACKGROUND), *sorted(ARITHMETIC))
            raise CircuitError(
                Problem(f"unknown event '{event}'", available=names, hint=nearest(event, names))
            )
        if count is not None and not count >= 0:
            raise CircuitError(Problem(f"the count of '{event}' is negative or no number", found=str(count)))
    if not seconds >= 0:
        raise CircuitError(Problem("the time is negative or no number", found=str(seconds)))
    demands = (Demand(event, event, count) for event, count in counts.items())
    return price_demands(demands, profile, seconds, frequency)


def price_demands(
    demands: Iterable[Demand],
    profile: HardwareProfile,
    seconds: float,
    frequency: float | None = None,
    precision: str = "",
) -> Energy:
    """Return the energy of what is asked for during a time; the one place where counts meet prices.

    Parameters
    ----------
    demands : iterable of Demand
    profile, seconds, frequency
        As for :func:`price_events`.
    precision : str
        For the report.
    """
    book = _Book(profile)
    for demand in (*demands, *_background(profile, seconds, frequency)):
        book.enter(demand)
    items, beside = tuple(book.items), tuple(book.beside)
    weakest = weakest_grade(book.figures)
    return Energy(profile.name, precision, items, beside, tuple(book.unpriced), weakest, seconds)


def _background(profile: HardwareProfile, seconds: float, frequency: float | None) -> Iterable[Demand]:
    yield Demand("static_power", "static_power", seconds, "seconds of one idle chip", beside=True)
    if "idle_cycle" in profile.energy:
        clock = profile.clock["frequency"].in_si().nominal if "frequency" in profile.clock else None
        hertz = frequency or clock
        cycles = None if hertz is None else hertz * seconds
        note = "" if hertz is None else f"a clock of {hertz / 1e6:g} MHz runs all the time"
        yield Demand("idle_cycle", "idle_cycle", cycles, note, beside=True)
    if "busy_power" in profile.energy:
        note = "seconds of the whole chip at work: in place of the total, not on top of it"
        yield Demand("busy_power", "busy_power", seconds, note, beside=True)


@dataclass
class _Book:
    profile: HardwareProfile
    items: list[Priced] = field(default_factory=list)
    beside: list[Priced] = field(default_factory=list)
    unpriced: list[Unpriced] = field(default_factory=list)
    figures: list[EnergyFigure] = field(default_factory=list)

    def enter(self, demand: Demand) -> None:
        """Enter a demand at its price, or under what is not costed; nothing is dropped but a count of 0."""
        if demand.reason or not demand.event:
            self.unpriced.append(Unpriced(demand.label, demand.count, demand.reason or "no price"))
            return
        figure = self.profile.energy_of(demand.event)
        bounds = demand.event in POWERS and figure.bounds_only
        if demand.count == 0 and demand.event not in POWERS:
            return
        if not figure.priced and not bounds:
            reason = figure.reason or "no price"
            if figure.bounds_only:
                reason += f"; bounds are: low {figure.low}, high {figure.high} {figure.unit}"
            self.unpriced.append(Unpriced(demand.label, demand.count, reason))
        elif demand.count is None:
            self.unpriced.append(Unpriced(demand.label, None, "how many there are is not known"))
        else:
            (self.beside if demand.beside else self.items).append(self._priced(demand, figure, demand.count))
            if not demand.beside:
                self.figures.append(figure)

    def _priced(self, demand: Demand, figure: EnergyFigure, count: float) -> Priced:
        source = self.profile.sources[figure.source or ""]
        low, nominal, high = (None if x is None else count * x for x in _range(figure))
        all_in = _ALL_IN if figure.scope == "all_in" and demand.event not in POWERS else ""
        reason = figure.reason or ""
        return Priced(
            demand.label,
            count,
            low,
            nominal,
            high,
            figure.grade or "",
            figure.source or "",
            "; ".join(part for part in (demand.note, figure.note, reason, all_in) if part),
            f"energy.{demand.event}",
            ", ".join(part for part in (source.citation, source.identifier) if part),
            source.evidence or "",
            figure.operating_point or "",
            figure.scope or "",
            figure.derivation or "",
        )


def _range(figure: EnergyFigure) -> tuple[float | None, float | None, float | None]:
    """Return the range in joules or watts.

    A single figure is its own range; a published minimum has no high end, a published maximum no low one.
    """
    low, nominal, high = figure.in_si()
    if nominal is None:
        return low, None, high
    minimum_only = low is not None and low == nominal and high is None
    maximum_only = high is not None and high == nominal and low is None
    return (
        nominal if low is None and not maximum_only else low,
        nominal,
        nominal if high is None and not minimum_only else high,
    )
