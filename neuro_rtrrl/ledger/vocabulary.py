"""The names that prices go by: operations, precisions, and the events of a chip."""

from __future__ import annotations

__all__ = ["ARITHMETIC", "BACKGROUND", "EVENTS", "OPERATIONS", "POWERS", "PRECISIONS", "REQUIRED"]

OPERATIONS = ("add", "multiply", "mac", "divide", "transcendental", "compare")
PRECISIONS = ("fp32", "fp16", "int32", "int8")

ARITHMETIC = frozenset(f"{operation}.{precision}" for operation in OPERATIONS for precision in PRECISIONS)
"""Prices of operations, such as ``mac.fp32``."""

_STATED = {
    "synaptic_operation": "one spike delivered through one synapse",
    "synaptic_update": "one pairwise-STDP update of one synapse",
    "three_factor_update": "one weight change by a trace times a broadcast modulator",
    "trace_decay": "one decay step of one synaptic trace",
    "neuron_update_active": "one update of a neuron that spikes",
    "neuron_update_inactive": "one update of a neuron that does not",
    "spike_within_tile": "one spike to a core of the same tile",
    "hop": "one spike over one link of the mesh",
    "barrier": "one synchronisation of all cores at the end of a time step",
    "memory_read": "one 64 bit word read from local memory",
    "memory_write": "one 64 bit word written to local memory",
    "host_io": "one message between host and chip",
    "static_power": "power of the idle chip, in watts and not per event",
}
_WHERE_PRESENT = {
    "idle_cycle": "one cycle of a clock that runs whether or not anything happens",
    "processor_cycle": "one cycle of a processor core at work, its part of the chip included",
    "busy_power": "power of the chip at full work, in watts and not per event",
}
EVENTS: dict[str, str] = _STATED | _WHERE_PRESENT
"""Priced events besides arithmetic, and their meaning."""

POWERS = frozenset({"static_power", "busy_power"})
"""Events that are powers, priced by the second."""

BACKGROUND = POWERS | {"idle_cycle"}
"""What happens while a device is switched on, whatever it is asked for."""

REQUIRED = frozenset({*_STATED, *(f"{operation}.fp32" for operation in OPERATIONS)})
"""What every profile states, if only as a null; the others are for devices that have them."""
