"""The picture of a circuit: boxes for populations, curves for projections, a cloud of dopamine below them."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuro_rtrrl.drawing import layout as geometry
from neuro_rtrrl.drawing.labels import Box, place_labels
from neuro_rtrrl.drawing.layout import (
    LABEL_SIZE,
    NAME_SIZE,
    SMALL_SIZE,
    Edge,
    Layout,
    Node,
    Point,
    text_width,
)
from neuro_rtrrl.errors import CircuitError, Problem, RunError, nearest
from neuro_rtrrl.graph.circuit import Circuit, Projection

__all__ = ["FORMATS", "Picture", "draw"]

FORMATS = ("svg", "png", "pdf")

_INK, _SOFT, _FIXED = "#222222", "#6b6b6b", "#7a7a7a"
_RULES = ("#0072B2", "#009E73", "#D55E00", "#56B4E9", "#882255", "#999933")  # Okabe-Ito first
_MODULATORS = ("#E69F00", "#CC79A7", "#44AA99", "#AA4499")
_LONG_LABEL = 1.35
_FILLS = {"input": "#EEF1F4", "dynamic": "#FBFBF8", "actor": "#EAF4EF", "critic": "#FDF3E1"}


@dataclass(frozen=True)
class Picture:
    """A finished picture; shown by itself in a notebook."""

    svg: str
    _render: Callable[[str], bytes]

    def _repr_svg_(self) -> str:
        return self.svg

    def data(self, format: str) -> bytes:
        """Return the picture as ``svg``, ``png`` or ``pdf``."""
        return self._render(format)

    def save(self, path: str | os.PathLike, format: str | None = None) -> Path:
        """Write the picture; the format follows from the path's ending unless it is given.

        Raises
        ------
        CircuitError
            If the format is unknown.
        RunError
            If the file cannot be written.
        """
        path = Path(path)
        data = self.data(_format(path, format))
        try:
            path.write_bytes(data)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise RunError(
                Problem(f"{path} could not be written: {reason}", hint="choose another --out")
            ) from error
        return path


def draw(circuit: Circuit, path: str | os.PathLike | None = None, format: str | None = None) -> Picture:
    """Draw a circuit.

    Parameters
    ----------
    circuit : Circuit
    path : path, optional
        Where to save it.
    format : {"svg", "png", "pdf"}, optional
        By default what the path ends in.

    Raises
    ------
    CircuitError
        If the format is unknown.
    RunError
        If the file cannot be written.
    """
    wanted = _format(Path(path), format) if path is not None else None
    figure = _figure(circuit)

    def render(kind: str) -> bytes:
        import matplotlib

        stream = io.BytesIO()
        # fixed ids and no date: the same circuit gives the same bytes
        with matplotlib.rc_context({"svg.hashsalt": "neuro-rtrrl", "svg.fonttype": "path"}):
            metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
            figure.savefig(stream, format=kind, dpi=200, metadata=metadata)
        return stream.getvalue()

    picture = Picture(render("svg").decode("utf-8"), render)
    if path is not None:
        picture.save(path, wanted)
    return picture


def _format(path: Path, format: str | None) -> str:
    name = (format or path.suffix.lstrip(".") or "svg").lower()
    if name not in FORMATS:
        hint = nearest(name, FORMATS) or "end the file's name in .svg, .png or .pdf"
        raise CircuitError(Problem("unknown picture format", found=name, available=FORMATS, hint=hint))
    return name


def _figure(circuit: Circuit):
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.family": "DejaVu Sans", "svg.hashsalt": "neuro-rtrrl"}):
        page = _Page(circuit)
        width, height = page.size
        figure = Figure(
            figsize=(width, height), facecolor="white"
        )  # not pyplot's: the user's backend is left alone
        FigureCanvasAgg(figure)
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set_axis_off()
        ax.set_xlim(page.lower[0], page.upper[0])
        ax.set_ylim(page.lower[1], page.upper[1])
        page.paint(ax)
    return figure


class _Page:
    """One circuit's layout, colours and page, then the painting of it, back to front."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
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
        acts = circuit.actor is not None
        loops = [edge for edge in self.layout.edges if edge.loop]
        self.legend_top = floor
        legend_width = max(
            (row[-1][0] + 0.5 + text_width(row[-1][2], SMALL_SIZE) for row in self.legend), default=0
        )
        wide = max(right + (0.8 if acts else 0.25), left - margin_left + legend_width + 0.4)
        self.lower = (left - margin_left, floor - 0.28 * len(self.legend) - 0.12)
        self.upper = (wide, high + (0.4 if loops else 0.25))

    @property
    def size(self) -> Point:
        return self.upper[0] - self.lower[0], self.upper[1] - self.lower[1]

    def paint(self, ax) -> None:
        for name in self.modulators:
            self._broadcast(ax, name)
        for edge in self.layout.edges:
            self._projection(ax, edge)
        for node in self.layout.nodes.values():
            self._population(ax, node)
        for name in self.modulators:
            self._modulator(ax, name)
        self._outside(ax)
        self._write_labels(ax)
        self._write_legend(ax)

    # --- populations ----------------------------------------------------------------------------------------

    def _population(self, ax, node: Node) -> None:
        from matplotlib.patches import FancyBboxPatch

        population = self.circuit.populations[node.name]
        kind = population.role or (
            "input" if population.model.clamped or population.model.noise else "dynamic"
        )
        corner = node.x - node.width / 2, node.y - node.height / 2
        radius = 0.06 if kind == "input" else 0.2
        style = f"round,pad=0,rounding_size={radius}"
        ax.add_patch(
            FancyBboxPatch(
                corner, node.width, node.height, boxstyle=style, facecolor=_FILLS[kind], edgecolor=_INK,
                linewidth=1.1, zorder=5,
            )
        )  # fmt: skip
        ax.text(
            node.x, node.y + 0.24, node.title, ha="center", va="center", fontsize=NAME_SIZE, weight="bold",
            color=_INK, zorder=7,
        )  # fmt: skip
        self._neurons(ax, node, population)
        ax.text(
            node.x,
            node.y - 0.25,
            node.subtitle,
            ha="center",
            va="center",
            fontsize=SMALL_SIZE,
            color=_SOFT,
            zorder=7,
        )

    def _neurons(self, ax, node: Node, population) -> None:
        """Hint at the neurons: a row of circles; ticks of a raster where they spike."""
        from matplotlib.patches import Circle

        shown = min(population.size, 7)
        step = 0.125
        start = node.x - step * (shown - 1) / 2
        for index in range(shown):
            x = start + index * step
            if population.model.spikes:
                for row in range(3):
                    spike = x + ((index * 5 + row * 4) % 7 - 3) * 0.026
                    y = node.y + (row - 1) * 0.07
                    ax.plot(
                        [spike, spike], [y - 0.026, y + 0.026], color=_INK, linewidth=0.8, zorder=7,
                        solid_capstyle="butt",
                    )  # fmt: skip
            else:
                tone = ("#ffffff", "#d9d9d9", "#9a9a9a", "#efefef", "#bdbdbd", "#ffffff", "#8a8a8a")[index]
                ax.add_patch(
                    Circle((x, node.y), 0.045, facecolor=tone, edgecolor=_INK, linewidth=0.7, zorder=7)
                )

    # --- projections ----------------------------------------------------------------------------------------

    def _look(self, projection: Projection) -> dict:
        error = any(edge.projection is projection and edge.error for edge in self.layout.edges)
        if projection.transpose_of:
            return {"color": "#B00020", "linestyle": (0, (5, 1.5, 1, 1.5)), "linewidth": 1.3}
        if not projection.rule.plastic:
            return {"color": _FIXED, "linestyle": (0, (3.2, 1.8)) if error else "-", "linewidth": 1.2}
        return {"color": self.colours[projection.rule.name], "linestyle": "-", "linewidth": 1.9}

    def _projection(self, ax, edge: Edge) -> None:
        from matplotlib.patches import FancyArrowPatch
        from matplotlib.path import Path as Curve

        points = _loop(edge, self.layout) if edge.loop else edge.curve()
        codes = [Curve.MOVETO] + [Curve.CURVE4] * (len(points) - 1)
        look = self._look(edge.projection)
        body = dict(look, facecolor="none", edgecolor=look["color"], zorder=3)
        del body["color"]
        ax.add_patch(
            FancyArrowPatch(
                path=Curve(points, codes), arrowstyle="-", capstyle="round" if look["linestyle"] == "-" else
                "butt", shrinkA=0, shrinkB=0, **body,
            )
        )  # fmt: skip
        _head(ax, points[-2], points[-1], look["color"])

    def _write_labels(self, ax) -> None:
        boxes = [_box(node) for node in self.layout.nodes.values()]
        boxes += [Box(x, y, 1.1, 0.62) for x, y in self.modulators.values()]
        curves = {
            edge.projection.name: _loop(edge, self.layout) if edge.loop else edge.curve()
            for edge in self.layout.edges
        }
        loops = {edge.projection.name for edge in self.layout.edges if edge.loop}
        broadcasts = [
            self._broadcast_curve(name, reached)
            for name in self.modulators
            for reached in _modulated(self.circuit, name)
        ]
        placed = place_labels(curves, self.labels, boxes, loops, LABEL_SIZE, broadcasts)
        for name, (x, y) in placed.items():
            projection = self.circuit.projections[name]
            text = ax.text(
                x, y, self.labels[name], linespacing=1.1, ha="center", va="center", fontsize=LABEL_SIZE,
                zorder=9, color=_darker(self._look(projection)["color"]),
            )  # fmt: skip
            _halo(text)

    # --- neuromodulators ------------------------------------------------------------------------------------

    def _place_modulators(self) -> dict[str, Point]:
        """Stand the modulators in a row below the circuit, under the middle of what they reach."""
        low = self.layout.lower[1]
        places: dict[str, Point] = {}
        for name in self.circuit.neuromodulators:
            reached = [self.layout.nodes[each].x for each in _modulated(self.circuit, name)] or [0.0]
            x = (min(reached) + max(reached)) / 2
            for other, _ in places.values():
                x = max(x, other + 1.9)
            places[name] = (x, low - 1.0)
        return places

    def _modulator_colour(self, name: str) -> str:
        return _MODULATORS[list(self.circuit.neuromodulators).index(name) % len(_MODULATORS)]

    def _broadcast(self, ax, name: str) -> None:
        """Paint soft, wide arrows from the modulator to every population whose synapses it gates."""
        from matplotlib.patches import FancyArrowPatch, PathPatch
        from matplotlib.path import Path as Curve

        colour = self._modulator_colour(name)
        for reached in _modulated(self.circuit, name):
            points = self._broadcast_curve(name, reached)
            toward, end = points[-2:]
            curve = Curve(points, [Curve.MOVETO] + [Curve.CURVE4] * 3)
            for width, alpha in ((9, 0.16), (5.5, 0.22), (2.2, 0.45)):  # soft edges: diffusion, not a wire
                ax.add_patch(
                    PathPatch(
                        curve,
                        facecolor="none",
                        edgecolor=colour,
                        linewidth=width,
                        alpha=alpha,
                        capstyle="round",
                        zorder=1,
                    )
                )
            ax.add_patch(
                FancyArrowPatch(
                    path=Curve([toward, end], [Curve.MOVETO, Curve.LINETO]), arrowstyle="-|>",
                    mutation_scale=15, linewidth=0, color=colour, shrinkA=0, shrinkB=0, zorder=4,
                )
            )  # fmt: skip

    def _broadcast_curve(self, name: str, reached: str) -> list[Point]:
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
        """Return where a broadcast enters a box and the control point before it: from below if the way is free."""
        bottom = node.y - node.height / 2
        if not self._reached_from_the_side(node.name):
            x = node.x - 0.22 * node.width
            return (x, bottom - 0.02), (x, bottom - 0.5)
        x = node.x - node.width / 2
        return (x + 0.06, bottom + 0.01), (x - 0.2, bottom - 0.35)

    def _modulator(self, ax, name: str) -> None:
        from matplotlib.patches import Ellipse

        x, y = self.modulators[name]
        modulator, colour = self.circuit.neuromodulators[name], self._modulator_colour(name)
        for scale, alpha in ((1.3, 0.14), (1.15, 0.2)):
            ax.add_patch(
                Ellipse(
                    (x, y), 1.15 * scale, 0.56 * scale, facecolor=colour, alpha=alpha, linewidth=0, zorder=4
                )
            )
        ax.add_patch(
            Ellipse((x, y), 1.15, 0.56, facecolor="#FFF6E0", edgecolor=colour, linewidth=1.4, zorder=5)
        )
        ax.text(
            x,
            y + 0.07,
            name.replace("_", " "),
            ha="center",
            va="center",
            fontsize=NAME_SIZE,
            weight="bold",
            zorder=7,
        )
        subtitle = modulator.model.name.replace("_", " ").replace("td ", "TD ")
        gain = modulator.parameters.get("gain", 1.0)
        subtitle += f", {gain:.0%}" if gain != 1.0 else ""
        ax.text(x, y - 0.12, subtitle, ha="center", va="center", fontsize=SMALL_SIZE, color=_SOFT, zorder=7)
        critic = self.layout.nodes.get(modulator.critic)
        if critic is None:
            return
        start = critic.x + 0.25 * critic.width, critic.y - critic.height / 2
        points = [start, (start[0], y + 0.05), (start[0] - 0.1, y), (x + 0.6, y)]
        _thin_curve(ax, points)
        label = ax.text((start[0] + x + 0.6) / 2 + 0.12, y + 0.1, "value", ha="center", va="center",
                        fontsize=SMALL_SIZE, color=_SOFT, zorder=9)  # fmt: skip
        _halo(label)
        if self.circuit.environment is not None:
            ax.text(x - 1.0, y, "reward", ha="right", va="center", fontsize=SMALL_SIZE, color=_SOFT, zorder=9)
            _thin_curve(ax, [(x - 0.95, y), (x - 0.85, y), (x - 0.7, y), (x - 0.6, y)])

    # --- the world ------------------------------------------------------------------------------------------

    def _outside(self, ax) -> None:
        """Write what enters at the left and leaves at the right."""
        for name, population in self.circuit.populations.items():
            node = self.layout.nodes[name]
            left = node.x - node.width / 2
            for index, word in enumerate(population.encodes):
                y = node.y + ((len(population.encodes) - 1) / 2 - index) * 0.22
                ax.text(
                    left - 0.42, y, word, ha="right", va="center", fontsize=SMALL_SIZE, color=_SOFT, zorder=9
                )
                _thin_curve(ax, [(left - 0.37, y), (left - 0.25, y), (left - 0.12, y), (left, y)])
            if population.role == "actor":
                right = node.x + node.width / 2
                _thin_curve(
                    ax, [(right, node.y), (right + 0.1, node.y), (right + 0.2, node.y), (right + 0.3, node.y)]
                )
                ax.text(
                    right + 0.36,
                    node.y,
                    "action",
                    ha="left",
                    va="center",
                    fontsize=SMALL_SIZE,
                    color=_SOFT,
                    zorder=9,
                )

    # --- legend ---------------------------------------------------------------------------------------------

    def _legend(self) -> list[list[tuple[float, dict, str]]]:
        """Return rows of (x offset, look, text)."""
        entries: list[tuple[dict, str]] = []
        edges = sorted(self.layout.edges, key=lambda edge: (not edge.projection.rule.plastic, edge.error))
        for edge in edges:
            projection = edge.projection
            look = self._look(projection)
            text = f"plastic, {projection.rule.name}"
            if projection.transpose_of:
                text = "transposed weights (weight transport)"
            elif not projection.rule.plastic:
                text = "fixed random feedback" if edge.error else "fixed"
            if (look, text) not in entries:
                entries.append((look, text))
        for name in self.circuit.neuromodulators:
            colour = self._modulator_colour(name)
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

    def _write_legend(self, ax) -> None:
        left = self.lower[0] + 0.25
        for number, row in enumerate(self.legend):
            y = self.legend_top - 0.14 - 0.28 * number
            for offset, look, text in row:
                x = left + offset
                ax.plot([x, x + 0.36], [y, y], solid_capstyle="butt", zorder=9, **look)
                ax.text(
                    x + 0.45,
                    y,
                    text,
                    ha="left",
                    va="center_baseline",
                    fontsize=SMALL_SIZE,
                    color=_INK,
                    zorder=9,
                )


def _label(projection: Projection) -> str:
    """Return a projection's name and what is special about it."""
    name = projection.name.replace("_", " ")
    if text_width(name, LABEL_SIZE) > _LONG_LABEL:  # a long name would push the layers apart
        name = "\nto ".join(name.rsplit(" to ", 1))
    parts = [name]
    if projection.probability < 1.0:
        parts.append(f"p = {projection.probability:g}")
    if projection.delay > 0.0:
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


def _modulated(circuit: Circuit, modulator: str) -> list[str]:
    groups = {name for name, group in circuit.plasticity.items() if group.modulator == modulator}
    gated = {each.target.population for each in circuit.projections.values() if each.group in groups}
    gated |= {each.name for each in circuit.populations.values() if each.plasticity in groups}
    return [name for name in circuit.populations if name in gated]


def _box(node: Node) -> Box:
    return Box(node.x, node.y, node.width, node.height)


def _loop(edge: Edge, layout: Layout) -> list[Point]:
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


def _head(ax, before: Point, tip: Point, colour: str) -> None:
    from matplotlib.patches import Polygon

    dx, dy = tip[0] - before[0], tip[1] - before[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    dx, dy = dx / length, dy / length
    size, half = 0.13, 0.055
    back = tip[0] - size * dx, tip[1] - size * dy
    corners = [tip, (back[0] - half * dy, back[1] + half * dx), (back[0] + half * dy, back[1] - half * dx)]
    ax.add_patch(
        Polygon(
            corners,
            closed=True,
            facecolor=colour,
            edgecolor=colour,
            linewidth=0.4,
            joinstyle="round",
            zorder=6,
        )
    )


def _thin_curve(ax, points: list[Point]) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Curve

    curve = Curve(points, [Curve.MOVETO] + [Curve.CURVE4] * 3)
    ax.add_patch(PathPatch(curve, facecolor="none", edgecolor=_SOFT, linewidth=0.9, zorder=3))
    _head(ax, points[-2], points[-1], _SOFT)


def _halo(text) -> None:
    from matplotlib.patheffects import withStroke

    text.set_path_effects([withStroke(linewidth=2.6, foreground="white")])


def _darker(colour: str) -> str:
    from matplotlib.colors import to_hex, to_rgb

    return to_hex(tuple(0.72 * part for part in to_rgb(colour)))
