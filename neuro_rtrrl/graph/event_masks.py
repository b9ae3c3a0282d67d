"""Which neurons and synapses an intervention reaches, as arrays of 0 and 1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuro_rtrrl.graph.circuit import Circuit, Projection
from neuro_rtrrl.graph.timed import Intervention
from neuro_rtrrl.graph.wiring import connectivity, mask, silenced_neurons

__all__ = ["event_masks"]


def event_masks(circuit: Circuit) -> dict[str, np.ndarray]:
    """Return the masks of all interventions in force that reach a part of the neurons or synapses.

    Returns
    -------
    dict of str to array, float64
        ``population.name_neurons`` of shape ``(n,)``, ``projection.name_cut`` of shape ``(post, pre)``; the lesion of
        a fraction takes the synapses or neurons that :meth:`Circuit.lesion` of that fraction takes.
    """
    found: dict[str, np.ndarray] = {}
    for event in circuit.events:
        if event.neurons is not None:
            chosen = np.zeros(circuit.populations[event.target].size)
            chosen[list(event.neurons)] = 1.0
            found[f"{event.target}.{event.name}_neurons"] = chosen
        elif event.kind == "lesion" and event.fraction < 1.0:
            if event.target in circuit.projections:
                found[f"{event.target}.{event.name}_cut"] = _cut(circuit, event)
            elif event.target in circuit.populations:
                found[f"{event.target}.{event.name}_neurons"] = _lost(circuit, event)
    return found


def _cut(circuit: Circuit, event: Intervention) -> np.ndarray:
    projection = circuit.projections[event.target]
    shape = (
        circuit.populations[projection.target.population].size,
        circuit.populations[projection.source.population].size,
    )
    after = projection.lesion + (1.0 - projection.lesion) * event.fraction
    return (_existing(projection, shape) & ~_existing(replace(projection, lesion=after), shape)).astype(float)


def _existing(projection: Projection, shape: tuple[int, int]) -> np.ndarray:
    found = mask(projection, *shape)
    return connectivity(projection, *shape) if found is None else found


def _lost(circuit: Circuit, event: Intervention) -> np.ndarray:
    size = circuit.populations[event.target].size
    lost = np.zeros(size)
    sent = [each for each in circuit.projections.values() if each.source.population == event.target]
    for projection in sent[:1]:
        after = projection.silenced + (1.0 - projection.silenced) * event.fraction
        lost[silenced_neurons(replace(projection, silenced=after), size)] = 1.0
    return lost
