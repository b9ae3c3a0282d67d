"""Counts times prices, and a list of everything that has no price.

A price that nobody has published is never 0: what it would have covered stands under ``unpriced`` with the
reason, and the total says what it leaves out. Every sum carries low, nominal and high, and the weakest grade
among its figures.

Two kinds of device. An *arithmetic* profile prices operations, whatever they are for. A *neuromorphic*
profile prices events: deliveries through synapses, neuron updates, messages; its learning engine is not
general arithmetic, so what a three-factor rule costs there is known only if its maker says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from neuro_rtrrl.language import KINDS
from neuro_rtrrl.ledger.counting import Line
from neuro_rtrrl.ledger.events import count_events
from neuro_rtrrl.ledger.figure import EnergyFigure, weakest_grade
from neuro_rtrrl.ledger.memory import DEFAULT_BITS, MemoryItem
from neuro_rtrrl.ledger.messages import Messages
from neuro_rtrrl.ledger.profile import HardwareProfile
from neuro_rtrrl.lowering import LoweredCircuit

__all__ = ["Energy", "Priced", "Unpriced", "energy_of_line", "price"]

_ACCESS_BITS = 64
_ARITHMETIC = ("cmos_arithmetic", "processor")
_SUMS = ("derive", "readout", "feedback")  # sections whose lines of projection scope are sums over pre


@dataclass(frozen=True)
class Priced:
    """A count with its energy, joules a decision; ``high`` is None where only a minimum is published."""

    event: str
    count: float
    low: float
    nominal: float
    high: float | None
    grade: str
    source: str
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self))


@dataclass(frozen=True)
class Unpriced:
    """What happens and is not costed: how often a decision (None: only a run can tell), and why."""

    event: str
    count: float | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self))


@dataclass(frozen=True)
class Energy:
    """The priced part of one decision.

    Attributes
    ----------
    profile, precision : str
    items : tuple of Priced
        What the total adds up.
    beside : tuple of Priced
        Priced too, but of another nature and in no total: memory accesses at the price of one SRAM size,
        static power.
    unpriced : tuple of Unpriced
    weakest : str or None
        Weakest grade among ``items``.
    """

    profile: str
    precision: str
    items: tuple[Priced, ...]
    beside: tuple[Priced, ...]
    unpriced: tuple[Unpriced, ...]
    weakest: str | None

    @property
    def total(self) -> dict[str, float | None]:
        """Low, nominal and high of the sum, joules; None: nothing priced, or no maximum known."""
        if not self.items:
            return {"low": None, "nominal": None, "high": None}
        highs = [item.high for item in self.items]
        return {
            "low": sum(item.low for item in self.items),
            "nominal": sum(item.nominal for item in self.items),
            "high": None if None in highs else sum(high for high in highs if high is not None),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form, joules a decision."""
        return {
            "profile": self.profile,
            "precision": self.precision,
            "unit": "joule",
            "per": "decision",
            "total": self.total,
            "weakest_grade": self.weakest,
            "leaves_out": [item.event for item in self.unpriced],
            "items": [item.as_dict() for item in self.items],
            "beside": [item.as_dict() for item in self.beside],
        }


def price(
    lowered: LoweredCircuit,
    lines: Iterable[Line],
    messages: Iterable[Messages],
    memory: Iterable[MemoryItem],
    profile: HardwareProfile,
    precision: str = "fp32",
) -> Energy:
    """Return the energy of one decision on a device, as far as its prices go.

    Parameters
    ----------
    lowered : LoweredCircuit
        The form that was counted.
    lines, messages, memory
        Its counts.
    profile : HardwareProfile
    precision : str
        Of the arithmetic, on an arithmetic profile.
    """
    lines = tuple(lines)
    book = _Book()
    if profile.kind in _ARITHMETIC:
        _price_operations(book, lines, profile, precision)
        _price_memory(book, lines, tuple(memory), profile)
    else:
        _price_events(book, lowered, lines, tuple(messages), profile)
    static = profile.energy_of("static_power")
    if static.priced:
        interval = lowered.circuit.timing.decision_interval
        book.add("static_power", interval, static, "seconds of one idle chip", beside=True)
    else:
        book.leave_out("static_power", None, static.reason)
    return Energy(
        profile.name,
        precision,
        tuple(book.items),
        tuple(book.beside),
        tuple(book.unpriced),
        weakest_grade(book.figures),
    )


class _Book:
    def __init__(self) -> None:
        self.items: list[Priced] = []
        self.beside: list[Priced] = []
        self.unpriced: list[Unpriced] = []
        self.figures: list[EnergyFigure] = []

    def add(
        self, event: str, count: float, figure: EnergyFigure, note: str = "", beside: bool = False
    ) -> None:
        """Enter a count at its price, or under what is not costed."""
        if not count:
            return
        if not figure.priced:
            self.leave_out(event, count, figure.reason)
            return
        low, nominal, high = _range(figure)
        assert low is not None
        assert nominal is not None
        priced = Priced(
            event, count, count * low, count * nominal, None if high is None else count * high,
            figure.grade or "", figure.source or "", "; ".join(part for part in (note, figure.note) if part),
        )  # fmt: skip
        (self.beside if beside else self.items).append(priced)
        if not beside:
            self.figures.append(figure)

    def leave_out(self, event: str, count: float | None, reason: str | None) -> None:
        """Enter what has no price."""
        self.unpriced.append(Unpriced(event, count, reason or "no price"))


def _range(figure: EnergyFigure) -> tuple[float | None, float | None, float | None]:
    """Return the range in joules; a single figure is its own range, a published minimum has no high end."""
    low, nominal, high = figure.in_si()
    minimum_only = low is not None and low == nominal and high is None
    return (
        nominal if low is None else low,
        nominal,
        nominal if high is None and not minimum_only else high,
    )


def _price_operations(book: _Book, lines: tuple[Line, ...], profile: HardwareProfile, precision: str) -> None:
    totals: Counter = Counter()
    per_spike: Counter = Counter()
    for line in lines:
        for (_, kind), count in line.operations.items():
            (per_spike if line.trigger else totals)[kind] += count
    for kind in KINDS:
        book.add(f"{kind}.{precision}", totals[kind], profile.energy_of(kind, precision))
    if per_spike:
        book.leave_out(
            "what spikes set off", None, "how many spikes there are only a run can tell; see per_spike"
        )


def _price_memory(
    book: _Book, lines: tuple[Line, ...], memory: tuple[MemoryItem, ...], profile: HardwareProfile
) -> None:
    """Enter reads and writes beside the total: the figure holds for an SRAM of one size."""
    bits = sum(item.bits for item in memory)
    size = profile.memory["sram"].in_si().nominal if "sram" in profile.memory else None
    note = f"{DEFAULT_BITS} bit words, two to an access"
    if size is not None and bits > size:
        note += f"; the price is that of {size / 8192:g} KB and {bits / 8192:.3g} KB are kept: a lower bound"
    for event, words in (
        ("memory_read", sum(line.reads for line in lines if not line.trigger)),
        ("memory_write", sum(line.writes for line in lines if not line.trigger)),
    ):
        book.add(event, words * DEFAULT_BITS / _ACCESS_BITS, profile.energy_of(event), note, beside=True)


def _price_events(
    book: _Book,
    lowered: LoweredCircuit,
    lines: tuple[Line, ...],
    messages: tuple[Messages, ...],
    profile: HardwareProfile,
) -> None:
    for event in count_events(lowered, lines, messages):
        if event.reason:
            book.leave_out(event.name, event.count, event.reason)
        else:
            label = event.name if event.name == event.priced_as else f"{event.name} ({event.priced_as})"
            book.add(label, event.count or 0, profile.energy_of(event.priced_as), event.note)
    book.add("barrier", lowered.circuit.timing.steps, profile.energy_of("barrier"))


def energy_of_line(
    line: Line, profile: HardwareProfile, precision: str = "fp32"
) -> tuple[float | None, tuple[str, ...]]:
    """Return the nominal energy of a line in joules (None: not costed), and the kinds that have no price.

    On a neuromorphic chip only a sum over synapses is an event of its own: one synaptic operation each.
    Neuron updates are priced whole, and so not line by line.
    """
    if profile.kind not in _ARITHMETIC:
        figure = profile.energy_of("synaptic_operation").in_si()
        sums = line.section in _SUMS and line.scope == "projection"
        return (
            figure.nominal * line.elements * line.times if sums and figure.nominal is not None else None
        ), ()
    joules, left_out = 0.0, set()
    for (_, kind), count in line.operations.items():
        nominal = profile.energy_of(kind, precision).in_si().nominal
        if nominal is None:
            left_out.add(kind)
        else:
            joules += nominal * count
    priced = {kind for _, kind in line.operations} - left_out
    return (joules if priced else None), tuple(sorted(left_out))
