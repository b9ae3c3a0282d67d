"""Operating points: one chip at several voltages and clocks, in one file.

A profile with several lists them under ``operating_points`` and names one as ``default_point``. A figure that
differs between them is then written for every one of them, under ``at``::

    static_power:
      at:
        0.5V: {nominal: 235.4, unit: mW, ...}
        0.8V: {nominal: 564.7, unit: mW, ...}

``chip@0.8V`` asks for one. What is read in the end holds for one point and has no ``at`` any more.
"""

from __future__ import annotations

from typing import Any

from neuro_rtrrl.errors import Problem, nearest
from neuro_rtrrl.spec.document import Document

__all__ = ["SECTIONS", "at_point", "place_at", "point_names", "problems_of_points", "split_name"]

SECTIONS = ("energy", "latency", "clock", "memory", "word_widths", "capacity", "measured")
"""The sections of a profile that hold figures by name."""


def split_name(text: str) -> tuple[str, str | None]:
    """Return a profile's name or path, and the operating point asked for behind an ``@``.

    >>> split_name("spinnaker2@0.8V")
    ('spinnaker2', '0.8V')
    """
    name, mark, point = text.rpartition("@")
    if not mark or "/" in point or "\\" in point or point.endswith((".yaml", ".yml")):
        return text, None
    return name, point


def point_names(data: dict[str, Any]) -> tuple[str, ...]:
    """Return the operating points that a profile's file lists, in its order."""
    points = data.get("operating_points")
    return tuple(str(name) for name in points) if isinstance(points, dict) else ()


def at_point(data: dict[str, Any], point: str | None) -> dict[str, Any]:
    """Return the content of a profile with every ``at`` replaced by its entry for one point."""
    resolved = dict(data)
    for section in SECTIONS:
        figures = data.get(section)
        if isinstance(figures, dict):
            resolved[section] = {name: _chosen(figure, point) for name, figure in figures.items()}
    if point is not None:
        resolved["point"] = point
    return resolved


def _chosen(figure: Any, point: str | None) -> Any:
    return (_alternatives(figure) or {}).get(point or "", figure)


def _alternatives(figure: Any) -> dict[str, Any] | None:
    """Return a figure by operating point; None where it is one for all."""
    found = figure.get("at") if isinstance(figure, dict) else None
    return found if isinstance(found, dict) else None


def place_at(data: dict[str, Any], path: tuple, point: str | None) -> tuple:
    """Return where in the file a part of the profile at one point stands."""
    if len(path) >= 2 and path[0] in SECTIONS:
        section = data.get(path[0])
        figure = section.get(path[1]) if isinstance(section, dict) else None
        if point in (_alternatives(figure) or {}):
            return (*path[:2], "at", point, *path[2:])
    return path


def problems_of_points(document: Document) -> list[Problem]:
    """Return what is wrong with the operating points themselves, before any figure is read."""
    data, names, problems = document.data, point_names(document.data), []

    def add(path: tuple, message: str, available: tuple[str, ...] = (), hint: str = "") -> None:
        where = ".".join(str(part) for part in path)
        problems.append(Problem(message, where, document.locate(path), "", available, hint))

    if len(names) == 1:
        add(("operating_points",), "one operating point needs no list", (), "leave the section out")
    default = data.get("default_point")
    if names and str(default) not in names:
        message = f"'{default}' is no operating point" if default else "'default_point' is missing"
        add(("default_point",), message, names, nearest(str(default), names))
    if "point" in data:
        add(("point",), "unknown key 'point'", (), "'default_point' says which one is meant without an '@'")
    for section in SECTIONS:
        figures = data.get(section)
        for name, figure in figures.items() if isinstance(figures, dict) else ():
            if isinstance(figure, dict) and "at" in figure:
                for message, hint in _faults(figure, names):
                    add((section, name, "at"), message, names, hint)
    return problems


def _faults(figure: dict[str, Any], names: tuple[str, ...]):
    if not names:
        yield "'at' needs the profile's 'operating_points'", "list them at the top of the file"
        return
    if not isinstance(figure["at"], dict):
        yield "'at' holds one figure for each operating point", ""
        return
    if len(figure) > 1:
        yield "beside 'at' stands nothing: a figure is whole at each point", ""
    for name in figure["at"]:
        if name not in names:
            yield f"'{name}' is no operating point", nearest(str(name), names)
    missing = [name for name in names if name not in figure["at"]]
    if missing:
        yield f"no figure for {', '.join(missing)}", "write 'nominal: null' with a reason"
