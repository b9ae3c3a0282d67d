"""Graph partitioners: neurons that speak to each other come to lie on one core.

METIS (Karypis & Kumar 1998) where its Python package is installed (``pip install 'neuro-rtrrl[placement]'``), and swaps
between pairs of cores (Kernighan & Lin 1970), which networkx has, for small circuits. Both minimise the synapses that
are cut, which is close to the messages that cross, and not the same; so the messages are counted afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from neuro_rtrrl.ledger.fit.extent import Extent

__all__ = ["partitions"]

SWAPPED = 20_000  # synapses; beyond it swaps take longer than anybody waits for a ledger
PARTITIONED = 300_000  # of METIS
CROWDED = 10  # neurons of a core at least: with fewer METIS loses its way, and says so on standard output
SEED = 0
_FINE = 10_000  # shares of a core, as whole numbers

Cores = dict[str, np.ndarray]


def partitions(
    extent: Extent, core: Cores, sent: Mapping[str, int], weights: np.ndarray
) -> Iterator[tuple[str, Cores]]:
    """Yield other ways to put neurons on as many cores, each with its partitioner's name, the better one first.

    Parameters
    ----------
    extent : Extent
    core : dict
        Population -> core of each neuron, as they are.
    sent : mapping
        Projection -> messages of one source neuron in a decision.
    weights : array
        Share of a core that each neuron takes, population by population.
    """
    synapses = sum(
        extent.synapses[name] for name, ends in extent.ends.items() if ends[0] in core and ends[1] in core
    )
    if synapses > PARTITIONED:
        return
    edges, between = _edges(extent, core, sent)
    if (parts := _metis(core, edges, between, weights)) is not None:
        yield "metis", _split(parts, core)
    if synapses <= SWAPPED:
        yield "kernighan_lin", _split(_swapped(core, edges, between), core)


def _edges(extent: Extent, core: Cores, sent: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of neurons, each once and the lower first, and what is sent between them."""
    sizes = np.cumsum([0, *(len(each) for each in core.values())])
    first = dict(zip(core, sizes, strict=False))
    found, strength = [np.zeros((0, 2), dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for projection, (source, target) in extent.ends.items():
        if source in core and target in core:
            existing = extent.masks.get(projection)
            if existing is None:
                existing = np.ones((len(core[target]), len(core[source])), dtype=bool)
            pairs = np.argwhere(existing) + np.array([first[target], first[source]])
            found.append(pairs[pairs[:, 0] != pairs[:, 1]])
            strength.append(np.full(len(found[-1]), sent.get(projection, 1)))
    pairs = np.sort(np.concatenate(found), axis=1)
    keys, place = np.unique(pairs[:, 0] * sizes[-1] + pairs[:, 1], return_inverse=True)
    total = np.bincount(place, weights=np.concatenate(strength), minlength=len(keys)).astype(np.int64)
    return np.stack([keys // sizes[-1], keys % sizes[-1]], axis=1), total


def _split(parts: np.ndarray, core: Cores) -> Cores:
    ends = np.cumsum([len(each) for each in core.values()])[:-1]
    return dict(zip(core, np.split(parts, ends), strict=True))


def _swapped(core: Cores, edges: np.ndarray, between: np.ndarray) -> np.ndarray:
    """Swap neurons between each pair of cores once."""
    import networkx as nx

    home = np.concatenate(list(core.values()))
    graph = nx.Graph()
    graph.add_nodes_from(range(len(home)))
    graph.add_weighted_edges_from(
        (int(one), int(other), int(weight)) for (one, other), weight in zip(edges, between, strict=True)
    )
    for one in range(home.max()):
        for other in range(one + 1, home.max() + 1):
            halves = [np.flatnonzero(home == each).tolist() for each in (one, other)]
            ours = nx.Graph(graph.subgraph([*halves[0], *halves[1]]))
            # the search swaps like for like: empty places of the emptier core are swapped as neurons are
            empty = [-1 - index for index in range(abs(len(halves[0]) - len(halves[1])))]
            min(halves, key=len).extend(empty)
            ours.add_nodes_from(empty)
            moved = nx.community.kernighan_lin_bisection(
                ours, (set(halves[0]), set(halves[1])), max_iter=4, weight="weight", seed=SEED
            )
            for number, nodes in zip((one, other), moved, strict=True):
                home[[node for node in nodes if node >= 0]] = number
    return home


def _metis(core: Cores, edges: np.ndarray, between: np.ndarray, weights: np.ndarray) -> np.ndarray | None:
    """Partition from scratch; None where the package is missing, or cores hold too few neurons."""
    count, cores = len(weights), 1 + max(int(each.max(initial=0)) for each in core.values())
    if count < CROWDED * cores:
        return None
    try:
        import pymetis  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    ends = np.concatenate([edges, edges[:, ::-1]])
    order = np.argsort(ends[:, 0], kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(ends[:, 0], minlength=count))])
    _, parts = pymetis.part_graph(
        cores,
        xadj=starts,
        adjncy=ends[order, 1],
        eweights=np.concatenate([between, between])[order],
        vweights=np.maximum(1, np.rint(weights * _FINE)).astype(np.int64),
        options=pymetis.Options(seed=SEED),
        recursive=False,
    )
    return np.asarray(parts, dtype=np.int64)
