"""The circuit as a graph of networkx, for drawing and for graph algorithms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neuro_rtrrl.graph.circuit import Circuit

if TYPE_CHECKING:
    import networkx

__all__ = ["to_networkx"]


def to_networkx(circuit: Circuit) -> networkx.MultiDiGraph:
    """Return populations and neuromodulators as nodes, projections as edges keyed by name.

    Nodes have ``kind`` (``population`` or ``neuromodulator``); populations ``size``, ``model`` and ``role``.
    Edges have ``kind`` (``projection``; ``value`` and ``novelty`` from the populations that a modulator reads to
    that modulator, ``modulation`` from there to the targets of what it gates); projections ``source_port``,
    ``target_port``, ``rule``, ``plastic``, ``group``, ``transpose_of``.
    """
    import networkx  # takes a third of a second: only when a graph is wanted

    graph = networkx.MultiDiGraph(name=circuit.name)
    for population in circuit.populations.values():
        graph.add_node(
            population.name,
            kind="population",
            size=population.size,
            model=population.model.name,
            role=population.role or "",
        )
    for projection in circuit.projections.values():
        graph.add_edge(
            projection.source.population,
            projection.target.population,
            key=projection.name,
            kind="projection",
            source_port=projection.source.port,
            target_port=projection.target.port,
            rule=projection.rule.name,
            plastic=projection.rule.plastic,
            group=projection.group or "",
            transpose_of=projection.transpose_of or "",
        )
    for modulator in circuit.neuromodulators.values():
        graph.add_node(modulator.name, kind="neuromodulator", model=modulator.model.name)
        for what, population in modulator.read.items():
            graph.add_edge(population, modulator.name, key=f"{modulator.name}.{what}", kind=what)
        gated = {
            projection.target.population
            for projection in circuit.projections.values()
            if projection.group and circuit.plasticity[projection.group].modulator == modulator.name
        } | {each.name for each in circuit.populations.values() if each.modulator == modulator.name}
        for target in sorted(gated):
            graph.add_edge(modulator.name, target, key=f"{modulator.name}.{target}", kind="modulation")
    return graph
