"""Painting a page, back to front: dopamine, projections, populations, labels, legend."""

from __future__ import annotations

from neuro_rtrrl.drawing.labels import Box, place_labels
from neuro_rtrrl.drawing.layout import LABEL_SIZE, NAME_SIZE, SMALL_SIZE, Edge, Node, Point
from neuro_rtrrl.drawing.page import Page, loop_curve, modulated

__all__ = ["paint", "write_labels"]

_INK, _SOFT = "#222222", "#6b6b6b"
_FILLS = {"input": "#EEF1F4", "dynamic": "#FBFBF8", "actor": "#EAF4EF", "critic": "#FDF3E1"}


def paint(page: Page, ax) -> None:
    """Paint ``page`` on matplotlib axes whose data unit is an inch."""
    for name in page.modulators:
        _broadcast(page, ax, name)
    for edge in page.layout.edges:
        _projection(page, ax, edge)
    for node in page.layout.nodes.values():
        _population(page, ax, node)
    for name in page.modulators:
        _modulator(page, ax, name)
    _outside(page, ax)
    write_labels(page, ax)
    _write_legend(page, ax)


def _population(page: Page, ax, node: Node) -> None:
    from matplotlib.patches import FancyBboxPatch

    population = page.circuit.populations[node.name]
    kind = population.role or ("input" if population.model.clamped or population.model.noise else "dynamic")
    corner = node.x - node.width / 2, node.y - node.height / 2
    fill = _FILLS[kind] if page.activity is None else page.activity.colour(node.name)
    radius = 0.06 if kind == "input" else 0.2
    style = f"round,pad=0,rounding_size={radius}"
    ax.add_patch(
        FancyBboxPatch(
            corner, node.width, node.height, boxstyle=style, facecolor=fill, edgecolor=_INK,
            linewidth=1.1, zorder=5,
        )
    )  # fmt: skip
    _write(ax, node.x, node.y + 0.24, node.title, NAME_SIZE, _INK, weight="bold")
    _neurons(ax, node, population)
    shown = page.activity.populations.get(node.name) if page.activity is not None else None
    _write(ax, node.x, node.y - 0.25, shown[1] if shown else node.subtitle, colour=_INK if shown else _SOFT)


def _neurons(ax, node: Node, population) -> None:
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
            ax.add_patch(Circle((x, node.y), 0.045, facecolor=tone, edgecolor=_INK, linewidth=0.7, zorder=7))


def _projection(page: Page, ax, edge: Edge) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Curve

    points = loop_curve(edge, page.layout) if edge.loop else edge.curve()
    codes = [Curve.MOVETO] + [Curve.CURVE4] * (len(points) - 1)
    look = page.look(edge.projection)
    body = dict(look, facecolor="none", edgecolor=look["color"], zorder=3)
    del body["color"]
    cap = "round" if look["linestyle"] == "-" else "butt"
    ax.add_patch(PathPatch(Curve(points, codes), capstyle=cap, **body))
    _head(ax, points[-2], points[-1], look["color"])


def write_labels(page: Page, ax) -> None:
    """Write each projection's name beside its curve."""
    boxes = [_box(node) for node in page.layout.nodes.values()]
    boxes += [Box(x, y, 1.1, 0.62) for x, y in page.modulators.values()]
    curves = {
        edge.projection.name: loop_curve(edge, page.layout) if edge.loop else edge.curve()
        for edge in page.layout.edges
    }
    loops = {edge.projection.name for edge in page.layout.edges if edge.loop}
    broadcasts = [
        page.broadcast_curve(name, reached)
        for name in page.modulators
        for reached in modulated(page.circuit, name)
    ]
    placed = place_labels(curves, page.labels, boxes, loops, LABEL_SIZE, broadcasts)
    for name, (x, y) in placed.items():
        projection = page.circuit.projections[name]
        _halo(_write(ax, x, y, page.labels[name], LABEL_SIZE, _darker(page.look(projection)["color"])))


def _broadcast(page: Page, ax, name: str) -> None:
    """Paint soft, wide arrows from the modulator to every population whose synapses it gates."""
    from matplotlib.patches import FancyArrowPatch, PathPatch
    from matplotlib.path import Path as Curve

    colour = page.modulator_colour(name)
    for reached in modulated(page.circuit, name):
        points = page.broadcast_curve(name, reached)
        toward, end = points[-2:]
        curve = Curve(points, [Curve.MOVETO] + [Curve.CURVE4] * 3)
        for width, alpha in ((9, 0.16), (5.5, 0.22), (2.2, 0.45)):  # soft edges: diffusion, not a wire
            soft = {"linewidth": width, "alpha": alpha, "edgecolor": colour, "capstyle": "round"}
            ax.add_patch(PathPatch(curve, facecolor="none", zorder=1, **soft))
        ax.add_patch(
            FancyArrowPatch(
                path=Curve([toward, end], [Curve.MOVETO, Curve.LINETO]), arrowstyle="-|>",
                mutation_scale=15, linewidth=0, color=colour, shrinkA=0, shrinkB=0, zorder=4,
            )
        )  # fmt: skip


def _modulator(page: Page, ax, name: str) -> None:
    from matplotlib.patches import Ellipse

    x, y = page.modulators[name]
    modulator, colour = page.circuit.neuromodulators[name], page.modulator_colour(name)
    for scale, alpha in ((1.3, 0.14), (1.15, 0.2)):
        ax.add_patch(
            Ellipse((x, y), 1.15 * scale, 0.56 * scale, facecolor=colour, alpha=alpha, linewidth=0, zorder=4)
        )
    ax.add_patch(Ellipse((x, y), 1.15, 0.56, facecolor="#FFF6E0", edgecolor=colour, linewidth=1.4, zorder=5))
    _write(ax, x, y + 0.07, name.replace("_", " "), NAME_SIZE, _INK, weight="bold")
    subtitle = modulator.model.name.replace("_", " ").replace("td ", "TD ")
    gain = modulator.parameters.get("gain", 1.0)
    subtitle += f", {gain:.0%}" if gain != 1.0 else ""
    _write(ax, x, y - 0.12, subtitle)
    for what, population in modulator.read.items():
        node = page.layout.nodes.get(population)
        if node is None or what.startswith("value_"):
            continue
        start = node.x + 0.25 * node.width, node.y - node.height / 2
        side = 1 if start[0] > x else -1
        end = (x + 0.6, y) if side > 0 else (x - 0.5, y - 0.16)  # the reward comes from the left
        _thin_curve(ax, [start, (start[0], end[1] + 0.05), (start[0] - 0.1 * side, end[1]), end])
        _halo(_write(ax, (start[0] + end[0]) / 2 + 0.12 * side, end[1] + 0.1 * side, what))
    if page.circuit.environment is not None and "reward" in modulator.model.reads:
        _write(ax, x - 1.0, y, "reward", ha="right")
        _thin_curve(ax, [(x - 0.95, y), (x - 0.85, y), (x - 0.7, y), (x - 0.6, y)])


def _outside(page: Page, ax) -> None:
    """Write what enters at the left and leaves at the right."""
    for name, population in page.circuit.populations.items():
        node = page.layout.nodes[name]
        left = node.x - node.width / 2
        for index, word in enumerate(population.encodes):
            y = node.y + ((len(population.encodes) - 1) / 2 - index) * 0.22
            _write(ax, left - 0.42, y, word, ha="right")
            _thin_curve(ax, [(left - 0.37, y), (left - 0.25, y), (left - 0.12, y), (left, y)])
        if population.role == "actor":
            right = node.x + node.width / 2
            _thin_curve(ax, [(right + step, node.y) for step in (0.0, 0.1, 0.2, 0.3)])
            _write(ax, right + 0.36, node.y, "action", ha="left")


def _write_legend(page: Page, ax) -> None:
    left = page.lower[0] + 0.25
    for number, row in enumerate(page.legend):
        y = page.legend_top - 0.14 - 0.28 * number
        for offset, look, text in row:
            x = left + offset
            ax.plot([x, x + 0.36], [y, y], solid_capstyle="butt", zorder=9, **look)
            _write(ax, x + 0.45, y, text, SMALL_SIZE, _INK, ha="left", va="center_baseline")


def _write(ax, x: float, y: float, text: str, size: float = SMALL_SIZE, colour: str = _SOFT, **how):
    """Write text in front of everything; centred unless ``how`` says otherwise."""
    how = {"ha": "center", "va": "center", "linespacing": 1.1, "zorder": 9, **how}
    return ax.text(x, y, text, fontsize=size, color=colour, **how)


def _box(node: Node) -> Box:
    return Box(node.x, node.y, node.width, node.height)


def _head(ax, before: Point, tip: Point, colour: str) -> None:
    from matplotlib.patches import Polygon

    dx, dy = tip[0] - before[0], tip[1] - before[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    dx, dy = dx / length, dy / length
    size, half = 0.13, 0.055
    back = tip[0] - size * dx, tip[1] - size * dy
    corners = [tip, (back[0] - half * dy, back[1] + half * dx), (back[0] + half * dy, back[1] - half * dx)]
    ax.add_patch(Polygon(corners, closed=True, color=colour, linewidth=0.4, joinstyle="round", zorder=6))


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

    red, green, blue = to_rgb(colour)
    return to_hex((0.72 * red, 0.72 * green, 0.72 * blue))
