"""Which pairs of neurons are connected, and which synapses a lesion takes.

Wiring belongs to the circuit and not to a run: it follows from ``wiring_seed`` and the projection's name, so
that all seeds of a run, both backends and the ledger see the same synapses.
"""

from __future__ import annotations

import numpy as np

from neuro_rtrrl.graph import ncp
from neuro_rtrrl.graph.circuit import Circuit, Projection
from neuro_rtrrl.randomness import Stream, below, stream_key, uniform

__all__ = ["connectivity", "mask", "silenced_neurons", "synapse_count"]


def connectivity(projection: Projection, n_post: int, n_pre: int) -> np.ndarray:
    """Return which pairs are connected in health, bool ``(post, pre)``.

    Each pair is connected with the projection's ``probability``, independently; ``self_connections: false``
    takes the diagonal out. With ``groups``, the larger population is cut into as many runs of neighbours as the
    smaller one has neurons, and neuron i of that is connected with run i alone; ``sources`` and ``targets`` leave only
    the synapses of these neurons. Where an end is wired as a neural circuit policy, only its pairs are left of them
    (:mod:`neuro_rtrrl.graph.ncp`).
    """
    connected = _policy(projection, n_post, n_pre)
    if projection.probability < 1.0:
        key = stream_key(projection.wiring_seed, Stream.CONNECTIVITY, projection.name)
        drawn = below(key, (n_post, n_pre), projection.probability)
        connected = drawn if connected is None else connected & drawn
    if connected is None:
        connected = np.ones((n_post, n_pre), dtype=bool)
    if projection.groups:  # checked: one size is a whole multiple of the other
        fewer = min(n_post, n_pre)
        of_post, of_pre = np.arange(n_post) * fewer // n_post, np.arange(n_pre) * fewer // n_pre
        connected = connected & (of_post[:, np.newaxis] == of_pre[np.newaxis, :])
    if not projection.self_connections:
        connected = connected & ~np.eye(n_post, n_pre, dtype=bool)
    if projection.targets is not None:
        connected = connected & np.isin(np.arange(n_post), projection.targets)[:, np.newaxis]
    if projection.sources is not None:
        connected = connected & np.isin(np.arange(n_pre), projection.sources)
    return connected


def _policy(projection: Projection, n_post: int, n_pre: int) -> np.ndarray | None:
    """Return the pairs that a neural circuit policy connects, None without one."""
    layers, of_source = projection.layers, projection.layers_of_source
    if layers is None and of_source is None:
        return None
    key = stream_key(projection.wiring_seed, Stream.CONNECTIVITY, f"{projection.name}.ncp")
    if layers is not None and projection.source.population == projection.target.population:
        return ncp.recurrent(layers, key, n_post)
    sources = np.ones(n_pre, dtype=bool) if of_source is None else ncp.from_motor(of_source, n_pre)
    if layers is not None:
        return ncp.from_sensory(layers, key, n_post, sources)
    return np.repeat(sources[np.newaxis, :], n_post, axis=0)


def mask(projection: Projection, n_post: int, n_pre: int) -> np.ndarray | None:
    """Return which synapses exist, bool ``(post, pre)``, or None where all of them do.

    A lesion of the projection takes ``round(fraction * count)`` of its synapses, chosen by the stream
    ``LESION``; a larger lesion takes those of a smaller one and more. A lesion of the source population takes
    all synapses of the neurons that :func:`silenced_neurons` names. A projection that carries another's
    weights backwards is masked with them, so only its own lesion shows here.
    """
    if projection.dense:
        return None
    existing = connectivity(projection, n_post, n_pre)
    if projection.lesion:
        present = np.flatnonzero(existing)
        key = stream_key(projection.wiring_seed, Stream.LESION, projection.name)
        order = np.argsort(uniform(key, existing.size)[present], kind="stable")
        existing.flat[present[order[: round(projection.lesion * present.size)]]] = False
    if projection.silenced:
        existing[:, silenced_neurons(projection, n_pre)] = False
    return existing


def silenced_neurons(projection: Projection, n_pre: int) -> np.ndarray:
    """Return the indices of the source neurons that a lesion of their population took.

    They follow from the population's name, so that all projections of one population lose the same neurons.
    """
    key = stream_key(0, Stream.LESION, projection.source.population)
    order = np.argsort(uniform(key, n_pre), kind="stable")
    return np.sort(order[: round(projection.silenced * n_pre)])


def synapse_count(circuit: Circuit, name: str) -> int:
    """Return how many synapses a projection really has (what the ledger counts)."""
    projection = circuit.projections[name]
    n_post = circuit.populations[projection.target.population].size
    n_pre = circuit.populations[projection.source.population].size
    existing = mask(projection, n_post, n_pre)
    return n_post * n_pre if existing is None else int(existing.sum())
