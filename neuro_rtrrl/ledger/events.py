"""What a neuromorphic chip would be asked to do in one decision, in its own events.

A rate is taken as one event for each synapse and time that the weights are applied. A chip that sends binary
spikes needs as many events as its code has spikes, so for such a chip this is the least that the circuit can
ask.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from neuro_rtrrl.language import KINDS
from neuro_rtrrl.ledger.counting import Line
from neuro_rtrrl.ledger.influence import influences
from neuro_rtrrl.ledger.messages import Messages
from neuro_rtrrl.ledger.neurobench import forward_calls
from neuro_rtrrl.lowering import Assign, Gather, LoweredCircuit, SpikeStep

__all__ = ["Event", "arithmetic_events", "count_events", "is_learning", "learning_operations"]

_SPIKES = "how many spikes there are only a run can tell"
_NOWHERE = "exact RTRL is not local: no synapse or neuron of a chip could hold or follow it"
_RATE = "a rate as one event; binary spikes need one for each spike"


@dataclass(frozen=True)
class Event:
    """So many events of one kind in a decision; ``reason`` says why no profile can price it.

    ``learning`` marks arithmetic that learning is made of, save what spikes set off: where processors run the
    rule, :func:`learning_operations` says the same in operations.
    """

    name: str
    count: float | None
    priced_as: str = ""
    note: str = ""
    reason: str = ""
    learning: bool = False


def count_events(
    lowered: LoweredCircuit, lines: tuple[Line, ...], messages: tuple[Messages, ...]
) -> Iterator[Event]:
    """Yield the events of one decision: synapses, neurons, messages, then learning."""
    yield from _synapses(lowered)
    yield Event(
        "neuron updates", _neuron_updates(lowered), "neuron_update_active", "every neuron taken as active"
    )
    sent = sum(message.count for message in messages if message.kind == "rate")
    yield Event("messages between neurons", sent, "spike_within_tile", "all within one tile: the least")
    if sent:
        yield Event("hops between tiles", None, reason="depend on where the neurons are placed")
    modulators = sum(message.count for message in messages if message.kind == "modulator")
    if modulators:
        yield Event("modulator broadcasts", modulators, reason="no price for a broadcast third factor")
    if any(message.kind == "spike" for message in messages):
        yield Event("spike messages", None, reason=_SPIKES)
    host = sum(message.count for message in messages if message.kind == "host")
    yield Event("messages to and from the host", host, "host_io")
    yield from _learning(lowered)
    if entries := sum(each.words for each in influences(lowered)):
        steps = lowered.circuit.timing.steps
        yield Event("entries of the influence matrix followed", entries * steps, reason=_NOWHERE)
    yield from arithmetic_events(lines)


def _synapses(lowered: LoweredCircuit) -> Iterator[Event]:
    spiking = {s.space.name for s in _pathways(lowered)}
    forward = sum(
        lowered.spaces[name].elements * times
        for name, times in forward_calls(lowered).items()
        if name not in spiking
    )
    yield Event("forward synaptic operations", forward, "synaptic_operation", _RATE)
    feedback = sum(
        lowered.spaces[term.projection].elements
        for statement in lowered.sections.get("feedback", ())
        if isinstance(statement, Gather)
        for term in statement.terms
    )
    yield Event("feedback synaptic operations", feedback, "synaptic_operation", _RATE)
    if spiking:
        yield Event("synaptic operations of spikes", None, reason=_SPIKES)


def _pathways(lowered: LoweredCircuit) -> Iterator[SpikeStep]:
    for statement in lowered.sections.get("spike", ()):
        if isinstance(statement, SpikeStep) and statement.kind == "pathway":
            yield statement


def _neuron_updates(lowered: LoweredCircuit) -> int:
    """Count no clamped population, readouts once a decision, the others every dt."""
    updates = 0
    for population in lowered.circuit.populations.values():
        if not population.model.clamped:
            times = 1 if population.model.instantaneous else lowered.circuit.timing.steps
            updates += population.size * times
    return updates


def _learning(lowered: LoweredCircuit) -> Iterator[Event]:
    """Weight changes and trace updates: one event for each line that sets such a variable, and element."""
    changes: Counter = Counter()
    for section, statement in lowered.statements():
        if not isinstance(statement, Assign) or section == "spike":
            continue
        variable = lowered.variables[statement.target]
        times = lowered.circuit.timing.steps if section == "advance" else 1
        if variable.learned and section in ("learn", "renew"):
            changes["three_factor_update"] += statement.space.elements * times
        elif variable.role in ("local_trace", "eligibility_trace"):
            changes["trace_decay"] += statement.space.elements * times
    names = {"three_factor_update": "three-factor weight changes", "trace_decay": "trace updates"}
    for event, count in changes.items():
        yield Event(names[event], count, event, learning=True)
    if any(
        isinstance(a, Assign) and lowered.variables[a.target].learned
        for s in _pathways(lowered)
        for a in s.actions
    ):
        yield Event("weight changes at spikes", None, reason=f"{_SPIKES}; see per_spike")


def arithmetic_events(lines: tuple[Line, ...]) -> Iterator[Event]:
    """Yield the optimiser and the modulators: arithmetic of neither synapse nor neuron."""
    for phase in ("optimiser", "broadcast"):
        counts = _operations(line for line in lines if _is_arithmetic(line, phase))
        if counts:
            words = ", ".join(f"{counts[kind]:g} {kind}" for kind in KINDS if counts[kind])
            label = "optimiser operations" if phase == "optimiser" else "modulator operations"
            reason = f"no price for general arithmetic ({words})"
            yield Event(label, sum(counts.values()), reason=reason, learning=True)


def learning_operations(lines: tuple[Line, ...]) -> Mapping[str, float]:
    """Return kind -> operations of a decision that all events marked ``learning`` are made of."""
    return _operations(line for line in lines if is_learning(line))


def is_learning(line: Line) -> bool:
    """Whether a line is arithmetic of learning, and no spike sets it off."""
    traces = ("local_trace", "eligibility_trace", "weight_change")
    arithmetic = any(_is_arithmetic(line, phase) for phase in ("optimiser", "broadcast"))
    return arithmetic or (line.phase in traces and not line.trigger)


def _is_arithmetic(line: Line, phase: str) -> bool:
    return line.phase == phase and not line.trigger and (phase == "optimiser" or line.scope == "broadcast")


def _operations(lines: Iterable[Line]) -> Counter:
    counts: Counter = Counter()
    for line in lines:
        counts.update({kind: count for (_, kind), count in line.operations.items()})
    return counts
