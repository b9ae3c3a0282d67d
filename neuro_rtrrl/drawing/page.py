"""What stands on the page besides boxes and curves: colours, labels, neuromodulators, legend, margins."""

from __future__ import annotations

from neuro_rtrrl.drawing import layout as geometry
from neuro_rtrrl.drawing.activity import Activity
from neuro_rtrrl.drawing.layout import LABEL_SIZE, SMALL_SIZE, Edge, Layout, Node, Point, text_width
from neuro_rtrrl.graph.circuit import Circuit, Projection

__all__ = ["Page", "loop_curve", "modulated"]

_FIXED, _TRANSPORTED = "#7a7a7a", "#B00020"
_RULES = ("#0072B2", "#009E73", "#D55E00", "#56B4E9", "#882255", "#999933")  # Okabe-Ito first
_MODULATORS = ("#E69F00", "#CC79A7", "#44AA99", "#AA4499")
_LONG_LABEL = 1.35  # inches


class Page:
    """A circuit's layout with all that painting needs to know; ``lower`` and ``upper`` are its corners."""

    def __init__(self, circuit: Circuit, activity: Activity | None = None) -> None:
        self.circuit, self.activity = circuit, activity
        self.labels = {name: _label(each) for name, each in circuit.projections.items()}
        self.layout: Layout = geometry.lay_out(circuit, self.labels)
        self.colours = _rule_colours(circuit)
        self.modulators = self._place_modulators()
        self.legend = self._legend()
        left, low = self.layout.lower
        right, high = self.layout.upper
        floor = low - (1.5 if self.modulators else 0.35)
        encodes = [each for each in circuit.populations.values() if each.encodes]
        margin_left = 0.25 + max(
            (text_width(word, SMALL_SIZE) + 0.55 for p in encodes for word in p.encodes), default=0
        )
        acts = bool(circuit.actors)
        loops = [edge for edge in self.layout.edges if edge.loop]
        self.legend_top = floor
        legend_width = max(
            (row[-1][0] + 0.5 + text_width(row[-1][2], SMALL_SIZE) for row in self.legend), default=0
        )
        stand = [x for x, _ in self.modulators.values()]
        start = min(left - margin_left, *(x - 1.55 for x in stand), left)
        wide = max(
            right + (0.8 if acts else 0.25), start + legend_width + 0.4, *(x + 1.0 for x in stand), right
        )
        self.lower = (start, floor - 0.28 * len(self.legend) - 0.12)
        self.upper = (wide, high + (0.4 if loops else 0.25) + (0.25 if activity else 0.0))

    @property
    def size(self) -> Point:
        """Width and height in inches."""
        return self.upper[0] - self.lower[0], self.upper[1] - self.lower[1]

    def look(self, projection: Projection) -> dict:
        """Return the line's colour, style and width: its colour is its rule's, its width its activity's if shown."""
        look = self._plain_look(projection)
        if self.activity is not None:
            look["linewidth"] = self.activity.width(projection.name, look["linewidth"])
        return look

    def _plain_look(self, projection: Projection) -> dict:
        error = any(edge.projection is projection and edge.error for edge in self.layout.edges)
        if projection.transpose_of:
            return {"color": _TRANSPORTED, "linestyle": (0, (5, 1.5, 1, 1.5)), "linewidth": 1.3}
        if not projection.rule.plastic:
            return {"color": _FIXED, "linestyle": (0, (3.2, 1.8)) if error else "-", "linewidth": 1.2}
        return {"color": self.colours[projection.rule.name], "linestyle": "-", "linewidth": 1.9}

    def _place_modulators(self) -> dict[str, Point]:
        """Stand the modulators in a row below the circuit, under the middle of what they reach."""
        low = self.layout.lower[1]
        places: dict[str, Point] = {}
        for name in self.circuit.neuromodulators:
            reached = [self.layout.nodes[each].x for each in modulated(self.circuit, name)] or [0.0]
            x = (min(reached) + max(reached)) / 2
            for other, _ in places.values():
                x = max(x, other + 2.6)  # room for what each hears from its left
            places[name] = (x, low - 1.0)
        return places

    def modulator_colour(self, name: str) -> str:
        """Return the colour of a neuromodulator."""
        return _MODULATORS[list(self.circuit.neuromodulators).index(name) % len(_MODULATORS)]

    def broadcast_curve(self, name: str, reached: str) -> list[Point]:
        """Return the control points of the way from a modulator to a population."""
        x, y = self.modulators[name]
        end, toward = self._reach(self.layout.nodes[reached])
        if self._reached_from_the_side(reached):  # up along the layer, clear of the labels
            return [(x, y + 0.1), (toward[0] + 0.05, y + 0.65), (toward[0], toward[1] - 0.6), end]
        return [(x, y + 0.1), (x, y + max(0.35, 0.55 * (end[1] - y))), toward, end]

    def _reached_from_the_side(self, name: str) -> bool:
        node = self.layout.nodes[name]
        return any(
            other is not node and other.y < node.y and abs(other.x - node.x) < (other.width + node.width) / 2
            for other in self.layout.nodes.values()
        )

    def _reach(self, node: Node) -> tuple[Point, Point]:
        """Return where a broadcast enters a box (from below if it can) and the control point before it."""
        bottom = node.y - node.height / 2
        if not self._reached_from_the_side(node.name):
            x = node.x - 0.22 * node.width
            return (x, bottom - 0.02), (x, bottom - 0.5)
        x = node.x - node.width / 2
        return (x + 0.06, bottom + 0.01), (x - 0.2, bottom - 0.35)

    def _legend(self) -> list[list[tuple[float, dict, str]]]:
        """Return rows of (x offset, look, text)."""
        entries: list[tuple[dict, str]] = []
        edges = sorted(self.layout.edges, key=lambda edge: (not edge.projection.rule.plastic, edge.error))
        for edge in edges:
            projection = edge.projection
            look = self._plain_look(projection)
            text = f"plastic, {projection.rule.name}"
            if projection.transpose_of:
                text = "transposed weights (weight transport)"
            elif not projection.rule.plastic:
                text = "fixed random feedback" if edge.error else "fixed"
            if (look, text) not in entries:
                entries.append((look, text))
        for name in self.circuit.neuromodulators:
            colour = self.modulator_colour(name)
            entries.append(
                ({"color": colour, "linewidth": 6, "alpha": 0.5}, f"{name.replace('_', ' ')} broadcast")
            )
        rows: list[list[tuple[float, dict, str]]] = []
        limit = max(4.5, self.layout.upper[0] - self.layout.lower[0])
        x = limit + 1
        for look, text in entries:
            width = 0.75 + text_width(text, SMALL_SIZE)
            if x + width > limit:
                rows.append([])
                x = 0.0
            rows[-1].append((x, look, text))
            x += width
        return rows


def _label(projection: Projection) -> str:
    """Return a projection's name and what is special about it."""
    name = projection.name.replace("_", " ")
    if text_width(name, LABEL_SIZE) > _LONG_LABEL:  # a long name would push the layers apart
        name = "\nto ".join(name.rsplit(" to ", 1))
    parts = [name]
    if projection.probability < 1.0:
        parts.append(f"p = {projection.probability:g}")
    if projection.groups:
        parts.append("group by group")
    if projection.delays:
        parts.append(f"≤ {projection.longest_delay * 1e3:g} ms")
    elif projection.delay > 0.0:
        parts.append(f"{projection.delay * 1e3:g} ms")
    lost = 1.0 - (1.0 - projection.lesion) * (1.0 - projection.silenced)
    if lost > 0.0:
        parts.append(f"{lost:.0%} lesioned")
    if projection.gain != 1.0:
        parts.append(f"× {projection.gain:g}")
    return " · ".join(parts)


def _rule_colours(circuit: Circuit) -> dict[str, str]:
    rules = dict.fromkeys(each.rule.name for each in circuit.projections.values() if each.rule.plastic)
    return {name: _RULES[index % len(_RULES)] for index, name in enumerate(rules)}


def modulated(circuit: Circuit, modulator: str) -> list[str]:
    """Return the populations whose synapses, or whose own parameters, a modulator gates."""
    groups = {name for name, group in circuit.plasticity.items() if group.modulator == modulator}
    gated = {each.target.population for each in circuit.projections.values() if each.group in groups}
    gated |= {each.name for each in circuit.populations.values() if each.plasticity in groups}
    gated |= {each.name for each in circuit.populations.values() if each.modulator == modulator}
    return [name for name in circuit.populations if name in gated]


def loop_curve(edge: Edge, layout: Layout) -> list[Point]:
    """Return a loop over the top of the box; several of one population grow outwards."""
    node = edge.chain[0]
    same = [each for each in layout.edges if each.loop and each.chain[0] is node]
    size = 1.0 + 0.45 * same.index(edge)
    top, half = node.y + node.height / 2, 0.2 * size
    height = 0.48 * size
    return [
        (node.x + half, top),
        (node.x + half * 2, top + height),
        (node.x - half * 2, top + height),
        (node.x - half, top),
    ]
