"""How large a circuit is: neurons, synapses, and how many of them each neuron receives.

Kept apart from what its synapses do, which is the same at any size: so a circuit of ten thousand neurons is wired
once, however many other rules are then tried on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.lowering import Act, Choose, LoweredCircuit, SpikeStep, Statement, lower

__all__ = ["Extent", "extent_of", "structure_of"]


@dataclass(frozen=True, eq=False)
class Extent:
    """Sizes of a circuit.

    Attributes
    ----------
    neurons : mapping
        Population -> how many neurons.
    synapses : mapping
        Projection -> how many synapses it really has.
    ends : mapping
        Projection -> (source, target).
    masks : mapping
        Projection -> which pairs are connected, bool ``(post, pre)``; absent where all are.
    clamped : frozenset of str
        Populations that the environment sets: their numbers come from outside.
    """

    neurons: Mapping[str, int]
    synapses: Mapping[str, int]
    ends: Mapping[str, tuple[str, str]]
    masks: Mapping[str, np.ndarray]
    clamped: frozenset[str]

    def received(self, projection: str) -> np.ndarray:
        """Return how many synapses each target neuron has of a projection, int ``(post,)``."""
        source, target = self.ends[projection]
        if projection in self.masks:
            return np.count_nonzero(self.masks[projection], axis=1)
        return np.full(self.neurons[target], self.neurons[source])

    def onto(self, population: str) -> tuple[str, ...]:
        """Return the projections that end there."""
        return tuple(name for name, (_, target) in self.ends.items() if target == population)

    def resized(self, population: str, size: int) -> Extent:
        """Return the extent with fewer neurons in one population: the first of them, with their synapses."""
        masks = {
            name: mask[: size if target == population else None, : size if source == population else None]
            for name, mask in self.masks.items()
            for source, target in (self.ends[name],)
        }
        sizes = {**self.neurons, population: size}
        synapses = {
            name: np.count_nonzero(masks[name]) if name in masks else sizes[source] * sizes[target]
            for name, (source, target) in self.ends.items()
        }
        return replace(self, neurons=sizes, synapses=synapses, masks=masks)

    def without(self, projections: set[str]) -> Extent:
        """Return the extent after projections have been taken out."""

        def kept(items: Mapping) -> dict:
            return {name: item for name, item in items.items() if name not in projections}

        return replace(self, synapses=kept(self.synapses), ends=kept(self.ends), masks=kept(self.masks))


def extent_of(lowered: LoweredCircuit) -> Extent:
    """Return the sizes of a lowered circuit; weights carried backwards count as synapses of their own."""
    circuit = lowered.circuit
    return Extent(
        {name: population.size for name, population in circuit.populations.items()},
        {name: lowered.spaces[name].elements for name in circuit.projections},
        {
            name: (projection.source.population, projection.target.population)
            for name, projection in circuit.projections.items()
        },
        {name: mask for name, mask in lowered.masks.items() if name in circuit.projections},
        frozenset(name for name, p in circuit.populations.items() if p.model.clamped),
    )


def structure_of(circuit: Circuit, extent: Extent) -> LoweredCircuit:
    """Return the lowered circuit, as written, with as many synapses as it has and no word on which they are."""
    projections = {
        name: replace(
            projection, probability=1.0, self_connections=True, groups=None, sources=None, targets=None,
            lesion=0.0, silenced=0.0, layers=None, layers_of_source=None,
        )
        for name, projection in circuit.projections.items()
    }  # fmt: skip
    lowered = lower(circuit.replace(projections=projections, record=(), initial={}))
    spaces = {
        name: replace(space, elements=extent.synapses[name]) if name in extent.synapses else space
        for name, space in lowered.spaces.items()
    }

    def counted(statement: Statement) -> Statement:
        if isinstance(statement, Choose | Act):
            return statement
        if isinstance(statement, SpikeStep):
            actions = tuple(counted(action) for action in statement.actions)
            statement = replace(statement, actions=actions)  # type: ignore[arg-type]
        return replace(statement, space=spaces.get(statement.space.name, statement.space))

    variables = {
        key: replace(variable, space=spaces.get(variable.space.name, variable.space))
        for key, variable in lowered.variables.items()
    }
    sections = {name: tuple(map(counted, body)) for name, body in lowered.sections.items()}
    return lowered.replace(spaces=spaces, variables=variables, sections=sections)
