"""What one decision of a circuit asks of a device, put in the device's own events and priced.

Two kinds of device. An *arithmetic* profile prices operations, whatever they are for. A *neuromorphic*
profile prices events: deliveries through synapses, neuron updates, messages; its learning engine is not
general arithmetic, so what a three-factor rule costs there is known only if its maker says so. Where processors
run the rule as a program and their arithmetic has a price, learning is priced by its operations.

What the prices are and how they are summed: :mod:`neuro_rtrrl.ledger.prices`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from neuro_rtrrl.language import KINDS
from neuro_rtrrl.ledger.counting import Line
from neuro_rtrrl.ledger.energy import Demand, Energy, Priced, Unpriced
from neuro_rtrrl.ledger.events import Event, count_events, is_learning, learning_operations
from neuro_rtrrl.ledger.memory import DEFAULT_BITS, MemoryItem
from neuro_rtrrl.ledger.messages import Messages
from neuro_rtrrl.ledger.prices import price_demands, price_events
from neuro_rtrrl.ledger.profile import HardwareProfile
from neuro_rtrrl.lowering import LoweredCircuit

__all__ = [
    "Energy",
    "Priced",
    "Unpriced",
    "chip_seconds",
    "demands_of",
    "energy_of_line",
    "price",
    "price_events",
]

_ACCESS_BITS = 64
_ARITHMETIC = ("cmos_arithmetic", "processor")
_SUMS = ("derive", "readout", "feedback")  # sections whose lines of projection scope are sums over pre


def price(
    lowered: LoweredCircuit,
    lines: Iterable[Line],
    messages: Iterable[Messages],
    memory: Iterable[MemoryItem],
    profile: HardwareProfile,
    precision: str = "fp32",
    frequency: float | None = None,
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
    frequency : float, optional
        Hertz of the device's clock; None is the profile's.
    """
    demands = demands_of(lowered, lines, messages, memory, profile, precision)
    return price_demands(demands, profile, chip_seconds(lowered, profile), frequency, precision)


def chip_seconds(lowered: LoweredCircuit, profile: HardwareProfile) -> float:
    """Return how long a decision interval lasts on the device, whose time may run faster than the model's."""
    acceleration = profile.capacity.get("acceleration")
    factor = None if acceleration is None else acceleration.in_si().nominal
    return lowered.circuit.timing.decision_interval / (factor or 1.0)


def demands_of(
    lowered: LoweredCircuit,
    lines: Iterable[Line],
    messages: Iterable[Messages],
    memory: Iterable[MemoryItem],
    profile: HardwareProfile,
    precision: str = "fp32",
    events: Iterable[Event] | None = None,
) -> tuple[Demand, ...]:
    """Return what one decision asks of a device, in the events that this kind of device has.

    ``events`` stand in for those of a neuromorphic chip that follow from the structure: what a run was seen to do.
    """
    lines = tuple(lines)
    if profile.kind in _ARITHMETIC:
        operations = _operations(lines, profile, precision)
        return (*operations, *_accesses(lines, tuple(memory), profile))
    events = count_events(lowered, lines, tuple(messages)) if events is None else events
    return tuple(_events(lowered, lines, events, profile, precision))


def _operations(lines: tuple[Line, ...], profile: HardwareProfile, precision: str) -> Iterator[Demand]:
    totals: Counter = Counter()
    per_spike: Counter = Counter()
    for line in lines:
        for (_, kind), count in line.operations.items():
            (per_spike if line.trigger else totals)[kind] += count
    for kind in KINDS:
        event = f"{kind}.{precision}"
        yield Demand(event, event, totals[kind])
    if per_spike:
        reason = "how many spikes there are only a run can tell; see per_spike"
        yield Demand("what spikes set off", "", None, reason=reason)


def _accesses(
    lines: tuple[Line, ...], memory: tuple[MemoryItem, ...], profile: HardwareProfile
) -> Iterator[Demand]:
    """Yield reads and writes, beside the total: the figure holds for an SRAM of one size."""
    bits = sum(item.bits for item in memory)
    size = profile.memory["sram"].in_si().nominal if "sram" in profile.memory else None
    note = f"{DEFAULT_BITS} bit words, two to an access"
    if size is not None and bits > size:
        note += f"; the price is that of {size / 8192:g} KB and {bits / 8192:.3g} KB are kept: a lower bound"
    for event, words in (
        ("memory_read", sum(line.reads for line in lines if not line.trigger)),
        ("memory_write", sum(line.writes for line in lines if not line.trigger)),
    ):
        yield Demand(event, event, words * DEFAULT_BITS / _ACCESS_BITS, note, beside=True)


def _events(
    lowered: LoweredCircuit,
    lines: tuple[Line, ...],
    events: Iterable[Event],
    profile: HardwareProfile,
    precision: str,
) -> Iterator[Demand]:
    as_program = _learns_as_program(profile, precision)
    for event in events:
        if event.learning and as_program:
            continue
        label = event.name
        if not event.reason and event.name != event.priced_as:
            label = f"{event.name} ({event.priced_as})"
        yield Demand(label, event.priced_as, event.count, event.note, event.reason)
    if as_program:
        counts = learning_operations(lines)
        for kind in KINDS:
            event = f"{kind}.{precision}"
            yield Demand(f"learning as a program ({event})", event, counts.get(kind, 0), _PROGRAM)
    yield Demand("barrier", "barrier", lowered.circuit.timing.steps)


_PROGRAM = "arithmetic of the rule alone, without fetching its words: a lower bound"


def _learns_as_program(profile: HardwareProfile, precision: str) -> bool:
    """Whether learning is priced by its operations: a program does it, and only operations have prices."""
    engine = profile.learning_engine
    return (
        engine is not None
        and engine.kind == "program"
        and not profile.energy_of("three_factor_update").priced
        and any(profile.energy_of(kind, precision).priced for kind in KINDS)
    )


def energy_of_line(
    line: Line, profile: HardwareProfile, precision: str = "fp32"
) -> tuple[float | None, tuple[str, ...]]:
    """Return the nominal energy of a line in joules (None: not costed), and the kinds that have no price.

    On a neuromorphic chip only a sum over synapses is an event of its own: one synaptic operation each.
    Neuron updates are priced whole, and so not line by line; learning is where a program does it.
    """
    by_operations = is_learning(line) and _learns_as_program(profile, precision)
    if profile.kind not in _ARITHMETIC and not by_operations:
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
