"""The forward part of a circuit in NIR's words, as plain arrays.

NIR (Pedersen et al. 2024, Nature Communications 15:8122) has populations of leaky integrators, with and without
spikes, linear maps, scales and delays. What it lacks is cut out: the graph then ends in an ``Output`` node before
the missing function and goes on from an ``Input`` node behind it, so that what *is* said stays exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from neuro_rtrrl.exchange.neurons import Said, say
from neuro_rtrrl.exchange.paths import Path, forward_paths
from neuro_rtrrl.graph import Circuit, initial_values

__all__ = ["Cut", "Network", "Node", "network_of"]


@dataclass(frozen=True)
class Node:
    """One node of the graph.

    Attributes
    ----------
    kind : str
        NIR's name of it: ``Input``, ``Output``, ``Linear``, ``Affine``, ``Scale``, ``Delay``, ``LI``, ``LIF``.
    arrays : mapping of str to array
        NIR's parameters, SI; of ``Input`` and ``Output`` the ``shape``. Weights are ``(post, pre)``.
    holds : mapping of str to str
        Parameter → key of the circuit's value that it is, such as ``cortex_recurrent.w``. A parameter that is not
        here follows from the circuit.
    """

    kind: str
    arrays: Mapping[str, np.ndarray]
    holds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """A place where NIR has no word: ``part`` of the circuit, the ``nodes`` at the cut, and what is missing."""

    part: str
    nodes: tuple[str, ...]
    missing: str


@dataclass(frozen=True)
class Network:
    """Nodes, edges from name to name, cuts, and ``beside``: values of the circuit that no node holds."""

    nodes: Mapping[str, Node]
    edges: tuple[tuple[str, str], ...]
    cuts: tuple[Cut, ...]
    beside: Mapping[str, np.ndarray]


def network_of(circuit: Circuit, seed: int = 0) -> Network:
    """Return the forward part of a circuit as a NIR graph.

    Forward is whatever moves neurons: feedback of errors, modulators and plasticity are not in it. Which nodes and
    edges there are follows from the circuit alone, never from its weights.

    Parameters
    ----------
    circuit : Circuit
        Its ``initial`` values replace those that ``seed`` draws.
    seed : int
        Of the initial weights and neuron parameters.
    """
    values = initial_values(circuit, seed)
    paths = forward_paths(circuit)
    builder = _Builder(values)
    said = {name: say(circuit, population, paths, values) for name, population in circuit.populations.items()}
    for name, words in said.items():
        builder.population(name, words)
    for path in paths:
        builder.projection(path, said)
    readouts = {population.name for population in circuit.populations.values() if population.role}
    builder.close(said, paths, readouts)
    held = {key for node in builder.nodes.values() for key in node.holds.values()}
    beside = {key: value for key, value in values.items() if key not in held}
    return Network(builder.nodes, tuple(builder.edges), tuple(builder.cuts), beside)


class _Builder:
    """Collects nodes and edges; names are those of the circuit's parts, made unique by underscores."""

    def __init__(self, values: Mapping[str, np.ndarray]) -> None:
        self.values = values
        self.nodes: dict[str, Node] = {}
        self.edges: list[tuple[str, str]] = []
        self.cuts: list[Cut] = []
        self.whole: dict[str, str] = {}  # population -> the node that it is
        self.entries: dict[tuple[str, str], str] = {}  # (population, variable) -> node that takes it
        self.exits: dict[tuple[str, str], str] = {}  # (population, variable) -> node that sends it
        self.biased: set[tuple[str, str]] = set()

    def add(self, name: str, node: Node) -> str:
        while name in self.nodes:
            name += "_"
        self.nodes[name] = node
        return name

    def population(self, name: str, words: Said) -> None:
        shape = {"shape": np.array([words.size])}
        if words.kind:
            whole = self.whole[name] = self.add(name, Node(words.kind, words.arrays, words.holds))
            self.entries |= {(name, variable): whole for variable in words.takes}
            self.exits |= {(name, variable): whole for variable in words.sends}
        ends = [self.whole[name]] if words.kind == "Input" else []
        for variable in words.ends:
            ends.append(self.add(f"{name}_{variable}", Node("Output", shape)))
            self.entries[name, variable] = ends[-1]
        for variable in words.starts:
            ends.append(self.add(f"{name}_{variable}", Node("Input", shape)))
            if words.kind:  # the integrator behind the function that NIR lacks
                self.edges.append((ends[-1], self.whole[name]))
            else:
                self.exits[name, variable] = ends[-1]
        if words.missing:
            self.cuts.append(Cut(name, tuple(ends), words.missing))

    def projection(self, path: Path, said: Mapping[str, Said]) -> None:
        projection, entry = path.projection, self.entries[path.target]
        n_pre = said[path.source[0]].size
        previous = self.exits[path.source]
        if path.missing:
            end = self.add(f"{projection.name}_pre", Node("Output", {"shape": np.array([n_pre])}))
            start_shape = np.array([said[path.target[0]].size])
            start = self.add(f"{projection.name}_post", Node("Input", {"shape": start_shape}))
            self.edges += [(previous, end), (start, entry)]
            self.cuts.append(Cut(projection.name, (end, start), path.missing))
            return
        if projection.delay:
            delay = Node("Delay", {"delay": np.full(n_pre, projection.delay)})
            previous = self.chain(previous, f"{projection.name}_delay", delay)
        if projection.gain != 1.0:
            gain = Node("Scale", {"scale": np.full(n_pre, projection.gain)})
            previous = self.chain(previous, f"{projection.name}_gain", gain)
        weight = {"weight": self.values[f"{projection.name}.w"]}
        holds = {"weight": f"{projection.name}.w"}
        bias = said[path.target[0]].biases.get(path.target[1])
        if bias and path.target not in self.biased:  # the first projection onto an input carries its bias
            self.biased.add(path.target)
            node = Node("Affine", weight | {"bias": self.values[bias]}, holds | {"bias": bias})
        else:
            node = Node("Linear", weight, holds)
        self.edges.append((self.chain(previous, projection.name, node), entry))

    def chain(self, previous: str, name: str, node: Node) -> str:
        name = self.add(name, node)
        self.edges.append((previous, name))
        return name

    def close(self, said: Mapping[str, Said], paths: tuple[Path, ...], readouts: set[str]) -> None:
        """Give populations that hear nothing an ``Input`` and those that end something an ``Output``.

        These are the actor and the critic, and those that speak to nobody but themselves.

        Where that leaves a closed loop, all of its populations get both: a graph of NIR has both.
        """
        whole = [name for name, words in said.items() if words.kind in ("LIF", "LI", "Scale")]
        heard = {target for _, target in self.edges}
        deaf = [name for name in whole if self.whole[name] not in heard]
        mute = [name for name in whole if name in readouts or not _reaches_another(name, paths)]
        for name, words in said.items():
            for variable in words.biases:
                if (name, variable) in self.entries.keys() - self.biased:
                    missing = "its bias, for no linear map onto it carries one"
                    self.cuts.append(Cut(name, (self.entries[name, variable],), missing))
        kinds = {node.kind for node in self.nodes.values()}
        for name in deaf if deaf or "Input" in kinds else whole:
            start = self.add(f"{name}_in", Node("Input", {"shape": np.array([said[name].size])}))
            self.edges.append((start, self.whole[name]))
        for name in mute if mute or "Output" in kinds else whole:
            self.chain(
                self.whole[name], f"{name}_out", Node("Output", {"shape": np.array([said[name].size])})
            )


def _reaches_another(name: str, paths: tuple[Path, ...]) -> bool:
    return any(path.source[0] == name != path.target[0] for path in paths)
