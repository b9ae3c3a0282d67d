"""Where the parts of a circuit stand on the page: layers from sensory to motor, curves between them, labels.

Lengths are inches, y grows upwards. The method is Sugiyama's: reverse what closes a cycle, give each
population the layer of its longest path from an input, let a projection over several layers pass through a
waypoint in each, order each layer by the mean position of its neighbours. Every step is deterministic and
follows the order of the circuit file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from neuro_rtrrl.graph.circuit import Circuit, Projection

__all__ = ["Edge", "Layout", "Node", "Point", "lay_out", "text_width"]

Point = tuple[float, float]

NAME_SIZE, SMALL_SIZE, LABEL_SIZE = 9.0, 7.0, 6.8  # points
_HEIGHT, _PORT, _ROW_GAP, _WAYPOINT = 0.92, 0.29, 0.66, 0.3


@lru_cache(maxsize=512)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a line of text in inches, in the font that pictures use."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
    return TextPath((0, 0), text, size=size, prop=font).get_extents().width / 72


@dataclass
class Node:
    """A population's box, or the waypoint (``name`` empty) of a projection that passes a layer."""

    name: str
    layer: int
    title: str = ""
    subtitle: str = ""
    width: float = 0.0
    height: float = _WAYPOINT
    x: float = 0.0
    y: float = 0.0
    left: list[Edge] = field(default_factory=list)
    right: list[Edge] = field(default_factory=list)
    loops: int = 0

    def port(self, edge: Edge, side: str) -> Point:
        """Return where ``edge`` meets that side of the box."""
        if not self.name:
            return self.x, self.y
        edges = self.left if side == "left" else self.right
        place = next(index for index, each in enumerate(edges) if each is edge)
        step = min(_PORT, (self.height - 0.2) / max(len(edges), 1))
        offset = ((len(edges) - 1) / 2 - place) * step
        return self.x + (self.width / 2) * (-1 if side == "left" else 1), self.y + offset


@dataclass
class Edge:
    """A projection and its way: ``chain`` lists the nodes from the left end to the right end.

    ``backward`` ones run from right to left; ``error`` ones carry what is not the source's ordinary signal.
    """

    projection: Projection
    backward: bool
    error: bool = False
    chain: list[Node] = field(default_factory=list)

    @property
    def loop(self) -> bool:
        """Whether it returns to its own population."""
        return self.projection.source.population == self.projection.target.population

    def curve(self) -> list[Point]:
        """Return the control points of a chain of cubic Bézier curves, from source to target."""
        points = [self.chain[0].port(self, "right")]
        for here, there in zip(self.chain, self.chain[1:], strict=False):
            start, end = points[-1], there.port(self, "left")
            reach = 0.5 * (end[0] - start[0])
            points += [(start[0] + reach, start[1]), (end[0] - reach, end[1]), end]
            del here
        return points[::-1] if self.backward else points


@dataclass
class Layout:
    """Nodes by name (waypoints not among them), edges in file order, and the corners of what they cover."""

    nodes: dict[str, Node]
    edges: list[Edge]
    lower: Point
    upper: Point


def lay_out(circuit: Circuit, labels: Mapping[str, str]) -> Layout:
    """Place the populations; ``labels`` (projection → text) decide how far layers stand apart."""
    edges = _edges(circuit)
    layers = _layers(list(circuit.populations), edges)
    nodes = {
        name: Node(
            name, layers[name], name.replace("_", " "), _described(population.size, population.model.name)
        )
        for name, population in circuit.populations.items()
    }
    columns = _columns(nodes, edges)
    _order(columns, edges)
    _measure(nodes, edges)
    _place(columns, edges, labels)
    _order_ports(nodes, edges)
    return Layout(nodes, edges, *_corners(nodes, columns))


def _described(size: int, model: str) -> str:
    return f"{size} {'neuron' if size == 1 else 'neurons'} · {model}"


def _edges(circuit: Circuit) -> list[Edge]:
    """Mark the projections that run backwards: those that carry errors, and those that close a cycle."""
    edges, ahead = [], {name: set() for name in circuit.populations}

    def reaches(start: str, goal: str) -> bool:
        seen, todo = set(), [start]
        while todo:
            name = todo.pop()
            if name == goal:
                return True
            if name not in seen:
                seen.add(name)
                todo += ahead[name]
        return False

    # what carries signals forward sets the direction; an error's way back must not
    for projection in sorted(circuit.projections.values(), key=lambda each: _carries_error(circuit, each)):
        source, target = projection.source.population, projection.target.population
        backward = source != target and reaches(target, source)
        if source != target:
            first, second = (target, source) if backward else (source, target)
            ahead[first].add(second)
        edges.append(Edge(projection, backward, _carries_error(circuit, projection)))
    place = {name: index for index, name in enumerate(circuit.projections)}
    return sorted(edges, key=lambda edge: place[edge.projection.name])


def _carries_error(circuit: Circuit, projection: Projection) -> bool:
    senders = circuit.populations[projection.source.population].model.senders
    return projection.source.port != next(iter(senders), projection.source.port)


def _layers(names: list[str], edges: list[Edge]) -> dict[str, int]:
    before: dict[str, set[str]] = {name: set() for name in names}
    for edge in edges:
        if not edge.loop:
            ends = edge.projection.source.population, edge.projection.target.population
            first, second = ends[::-1] if edge.backward else ends
            before[second].add(first)
    layers: dict[str, int] = {}
    while len(layers) < len(names):  # no cycle is left, so each round finds at least one
        for name in names:
            if name not in layers and before[name] <= layers.keys():
                layers[name] = max((layers[each] + 1 for each in before[name]), default=0)
    for name in names:  # an input stands next to what it feeds, not far to the left of it
        after = [layers[each] for each in names if name in before[each]]
        if after and not before[name]:
            layers[name] = min(after) - 1
    return layers


def _columns(nodes: dict[str, Node], edges: list[Edge]) -> list[list[Node]]:
    columns: list[list[Node]] = [[] for _ in range(max(node.layer for node in nodes.values()) + 1)]
    for node in nodes.values():
        columns[node.layer].append(node)
    for edge in edges:
        ends = [nodes[edge.projection.source.population], nodes[edge.projection.target.population]]
        if edge.loop:
            edge.chain = [ends[0]]
            ends[0].loops += 1
            continue
        first, last = sorted(ends, key=lambda node: node.layer)
        passed = [Node("", layer) for layer in range(first.layer + 1, last.layer)]
        for node in passed:
            columns[node.layer].append(node)
        edge.chain = [first, *passed, last]
    return columns


def _order(columns: list[list[Node]], edges: list[Edge]) -> None:
    neighbours: dict[int, list[Node]] = {id(node): [] for column in columns for node in column}
    for edge in edges:
        for left, right in zip(edge.chain, edge.chain[1:], strict=False):
            neighbours[id(left)].append(right)
            neighbours[id(right)].append(left)
    for sweep in range(8):
        forward = sweep % 2 == 0
        for number in range(len(columns)) if forward else reversed(range(len(columns))):
            beside = number - 1 if forward else number + 1
            place = {
                id(node): (at + 0.5) / len(column) for column in columns for at, node in enumerate(column)
            }
            wish = {}
            for node in columns[number]:
                places = [place[id(each)] for each in neighbours[id(node)] if each.layer == beside]
                wish[id(node)] = sum(places) / len(places) if places else place[id(node)]
            columns[number].sort(key=lambda node, wish=wish: wish[id(node)])


def _measure(nodes: dict[str, Node], edges: list[Edge]) -> None:
    for edge in edges:
        if not edge.loop:
            edge.chain[0].right.append(edge)
            edge.chain[-1].left.append(edge)
    for node in nodes.values():
        ports = max(len(node.left), len(node.right))
        node.height = max(_HEIGHT, _PORT * ports + 0.2)
        texts = text_width(node.title, NAME_SIZE, True), text_width(node.subtitle, SMALL_SIZE)
        node.width = max(1.25, max(texts) + 0.4)


def _place(columns: list[list[Node]], edges: list[Edge], labels: Mapping[str, str]) -> None:
    widths = [max(node.width for node in column) for column in columns]
    gaps = [0.9] * len(columns)
    for edge in edges:
        if not edge.loop:  # a label needs one gap of its projection to fit in
            middle = (edge.chain[0].layer + edge.chain[-1].layer - 1) // 2
            lines = labels[edge.projection.name].split("\n")
            gaps[middle] = max(gaps[middle], *(text_width(line, LABEL_SIZE) + 0.6 for line in lines))
    x = 0.0
    for column, width, gap in zip(columns, widths, gaps, strict=True):
        for node in column:
            node.x = x + width / 2
        x += width + gap
        # a loop and its label stand above the box
        spans = [node.height + 0.5 * bool(node.loops) for node in column]
        y = (sum(spans) + _ROW_GAP * (len(column) - 1)) / 2
        for node, span in zip(column, spans, strict=True):
            node.y = y - span + node.height / 2
            y -= span + _ROW_GAP
    _straighten(columns, edges)


def _straighten(columns: list[list[Node]], edges: list[Edge]) -> None:
    """Draw nodes towards the mean height of their neighbours, as far as the others of the layer let them."""
    beside: dict[int, list[Node]] = {id(node): [] for column in columns for node in column}
    for edge in edges:
        for left, right in zip(edge.chain, edge.chain[1:], strict=False):
            beside[id(left)].append(right)
            beside[id(right)].append(left)
    for _ in range(40):
        for column in columns:
            for index, node in enumerate(column):
                if not beside[id(node)]:
                    continue
                wish = sum(each.y for each in beside[id(node)]) / len(beside[id(node)])
                if index:
                    above = column[index - 1]
                    wish = min(wish, above.y - _apart(above, node))
                if index + 1 < len(column):
                    below = column[index + 1]
                    wish = max(wish, below.y + _apart(node, below))
                node.y += 0.5 * (wish - node.y)


def _apart(above: Node, below: Node) -> float:
    return (above.height + below.height) / 2 + _ROW_GAP + 0.5 * bool(below.loops)


def _order_ports(nodes: dict[str, Node], edges: list[Edge]) -> None:
    """Sort each side's ports by the height of the other end, forward first, so that pairs do not cross."""
    file_order = {id(edge): index for index, edge in enumerate(edges)}
    for node in nodes.values():
        node.right.sort(key=lambda edge: (-edge.chain[1].y, edge.backward, file_order[id(edge)]))
        node.left.sort(key=lambda edge: (-edge.chain[-2].y, edge.backward, file_order[id(edge)]))


def _corners(nodes: dict[str, Node], columns: list[list[Node]]) -> tuple[Point, Point]:
    every = [node for column in columns for node in column]
    left = min(node.x - node.width / 2 for node in nodes.values())
    right = max(node.x + node.width / 2 for node in nodes.values())
    low = min(node.y - node.height / 2 for node in every)
    high = max(node.y + node.height / 2 + 0.42 * bool(node.loops) for node in every)
    return (left, low), (right, high)
