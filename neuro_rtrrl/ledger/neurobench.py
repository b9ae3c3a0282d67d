"""NeuroBench's metrics for the forward part, from structure alone.

NeuroBench (v2) measures a running network; what follows here from the circuit file equals its numbers for the
same network exported with learning frozen, and what does not is null with a reason. One sample is one
decision.

Forward part: the projections whose sums are of the phase ``forward`` (senses, recurrence, readouts).
Feedback, traces, modulators and learning are outside NeuroBench's definitions and inside the rest of the
ledger.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from neuro_rtrrl.lowering import EVERY_DT, Gather, LoweredCircuit, Space, SpikeStep

if TYPE_CHECKING:
    from neuro_rtrrl.ledger.sparsity import ForwardActivity

__all__ = ["BYTES_PER_WORD", "forward_calls", "neurobench_metrics"]

BYTES_PER_WORD = 4

_NOTES = [
    "Effective_MACs takes every input as non-zero: an upper bound, Dense where all are connected",
    "activation_sparsity and the zeros among the inputs need a run",
]


def forward_calls(lowered: LoweredCircuit) -> dict[str, int]:
    """Return forward projection -> how often a decision applies its weights."""
    steps = lowered.circuit.timing.steps
    calls: dict[str, int] = {}
    for section, statement in lowered.statements():
        times = steps if section in EVERY_DT else 1
        if isinstance(statement, Gather) and statement.phase == "forward":
            for term in statement.terms:
                calls[term.projection] = calls.get(term.projection, 0) + times
        if isinstance(statement, SpikeStep) and statement.event == "pre":
            calls[statement.space.name] = times
    return calls


def neurobench_metrics(
    lowered: LoweredCircuit, forward: ForwardActivity | None = None, decisions: int = 0
) -> dict[str, Any]:
    """Return NeuroBench's keys.

    Parameters
    ----------
    lowered : LoweredCircuit
    forward : ForwardActivity, optional
        What a recorded stretch of so many ``decisions`` did: then nothing is null, and nothing a bound.

    Returns
    -------
    dict
        ``footprint``: bytes of all parameters and buffers, fp32: the weight matrices with their zeros, the
        neurons' parameters that differ between neurons, the membranes. ``connection_sparsity``: zero weights
        over all. ``activation_sparsity``: null, it needs a run. ``synaptic_operations``: ``Dense`` is every
        entry of every weight matrix, each time it is applied; ``Effective_MACs`` leaves the missing synapses
        out and takes every input as different from 0, so it is the most that NeuroBench can find;
        ``Effective_ACs`` is 0 for rates and null where spikes are sent; with a recorded stretch both are what
        was measured. ``notes``: the above in words.
    """
    calls = forward_calls(lowered)
    spaces = {name: lowered.spaces[name] for name in calls}
    entries = {name: prod(space.shape) for name, space in spaces.items()}
    weights = sum(entries.values())
    synapses = sum(space.elements for space in spaces.values())
    spiking = {
        statement.space.name
        for statement in lowered.sections.get("spike", ())
        if isinstance(statement, SpikeStep) and statement.event == "pre"
    }
    if forward is not None and decisions:
        sparsity: float | None = forward.silent / forward.sent if forward.sent else None
        macs: float = sum(forward.macs.values()) / decisions
        acs: float | None = sum(forward.acs.values()) / decisions
        notes = [
            f"measured over {decisions:,} decisions; a call whose inputs are all -1, 0 or 1 makes accumulates"
        ]
    else:
        sparsity, macs, acs, notes = (
            None,
            _most(spaces, calls, spiking),
            None if spiking else 0,
            _NOTES.copy(),
        )
        if spiking:
            sent = ", ".join(sorted(spiking))
            notes.append(f"spikes through {sent} are accumulates: their number needs a run")
    dense = sum(entries[name] * times for name, times in calls.items())
    return {
        "footprint": BYTES_PER_WORD * (weights + _kept_by_neurons(lowered)),
        "connection_sparsity": (weights - synapses) / weights if weights else None,
        "activation_sparsity": sparsity,
        "synaptic_operations": {"Effective_MACs": macs, "Effective_ACs": acs, "Dense": dense},
        "notes": notes,
    }


def _most(spaces: dict[str, Space], calls: dict[str, int], spiking: set[str]) -> int:
    """Return the operations of rates if no input is ever 0."""
    return sum(spaces[name].elements * times for name, times in calls.items() if name not in spiking)


def _kept_by_neurons(lowered: LoweredCircuit) -> int:
    """Words of the neurons' own parameters (where they differ) and membranes."""
    return sum(
        variable.space.elements
        for variable in lowered.variables.values()
        if variable.space.kind == "population"
        and variable.role in ("parameter", "membrane")
        and variable.persistent
    )
