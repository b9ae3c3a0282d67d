"""What a recorded run asked of a neuromorphic chip, in the chip's own events: measured, where dense ones are a bound.

The events are those of :mod:`~neuro_rtrrl.ledger.events`, with four differences. A synapse is an event where neither
its weight nor what comes is zero. A neuron that stays as it is takes an update of its own kind. A weight or a trace is
updated where it changes. And what depends on spikes has a number.
"""

from __future__ import annotations

from collections.abc import Iterator

from neuro_rtrrl.ledger.effective import EffectiveCounts
from neuro_rtrrl.ledger.events import Event, arithmetic_events
from neuro_rtrrl.lowering import LoweredCircuit

__all__ = ["effective_events"]

_RATE = "a rate as one event, none where it is zero; binary spikes need one for each spike"
_TRACES = ("local_trace", "eligibility_trace")


def effective_events(counts: EffectiveCounts, lowered: LoweredCircuit) -> Iterator[Event]:
    """Yield the events of a mean decision of a recorded stretch: synapses, neurons, messages, then learning."""
    yield from _synapses(counts)
    active, idle = (sum(both[i] for both in counts.neuron_updates.values()) for i in (0, 1))
    yield Event("neuron updates", active, "neuron_update_active", "neurons that changed or fired")
    yield Event("updates of idle neurons", idle, "neuron_update_inactive", "neurons that stayed as they were")
    yield from _messages(counts)
    yield from _learning(counts, lowered)
    yield from arithmetic_events(counts.lines)


def _synapses(counts: EffectiveCounts) -> Iterator[Event]:
    spiking = {message.owner for message in counts.messages if message.kind == "spike"}
    decisions = counts.activity.decisions
    rates = delivered = 0.0
    for sums in (counts.forward.macs, counts.forward.acs):
        for projection, number in sums.items():
            if projection in spiking:
                delivered += number / decisions
            else:
                rates += number / decisions
    yield Event("forward synaptic operations", rates, "synaptic_operation", _RATE)
    feedback = 0.0
    for line in counts.lines:
        if line.section == "feedback" and line.scope == "projection":
            # a weighted rate is a mac, a weight alone is added
            feedback += line.operations["projection", "mac"] or line.operations["projection", "add"]
    yield Event("feedback synaptic operations", feedback, "synaptic_operation", _RATE)
    if spiking:
        yield Event("synaptic operations of spikes", delivered, "synaptic_operation")


def _messages(counts: EffectiveCounts) -> Iterator[Event]:
    sent: dict[str, float] = {}
    for message in counts.messages:
        sent[message.kind] = sent.get(message.kind, 0) + message.count
    note = "all within one tile: the least"
    yield Event("messages between neurons", sent.get("rate", 0), "spike_within_tile", note)
    if "spike" in sent:
        yield Event("spike messages", sent["spike"], "spike_within_tile", note)
    if sent.get("rate") or sent.get("spike"):
        yield Event("hops between tiles", None, reason="depend on where the neurons are placed")
    if "modulator" in sent:
        reason = "no price for a broadcast third factor"
        yield Event("modulator broadcasts", sent["modulator"], reason=reason)
    yield Event("messages to and from the host", sent.get("host", 0), "host_io")


def _learning(counts: EffectiveCounts, lowered: LoweredCircuit) -> Iterator[Event]:
    weights = traces = at_spikes = 0.0
    learns = set()
    for line in counts.lines:
        variable = lowered.variables.get(line.target)
        if variable is None:
            continue
        if variable.learned and line.section == "spike":
            at_spikes += line.writes
            learns.add("spikes")
        elif variable.learned and line.section in ("learn", "renew"):
            weights += line.writes
            learns.add("weights")
        elif variable.role in _TRACES and line.section != "spike":
            traces += line.writes
            learns.add("traces")
    if "weights" in learns:
        yield Event("three-factor weight changes", weights, "three_factor_update", learning=True)
    if "traces" in learns:
        yield Event("trace updates", traces, "trace_decay", learning=True)
    if "spikes" in learns:
        yield Event("weight changes at spikes", at_spikes, "synaptic_update", learning=True)
