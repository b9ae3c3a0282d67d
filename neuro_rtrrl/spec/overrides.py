"""``--set path=value``: change one value of a circuit file without editing it."""

from __future__ import annotations

from collections.abc import Iterable

from neuro_rtrrl.errors import CircuitError, Location, Problem, Problems, nearest
from neuro_rtrrl.spec.document import Document
from neuro_rtrrl.spec.nodes import Node, compose

__all__ = ["apply_overrides"]

OPTION = "--set"

# Sections that may be absent from the file and still be written into; any other must exist already, or a slip
# of the keyboard would make a new population.
OPTIONAL_SECTIONS = {
    ("timing",),
    ("environment",),
    ("environment", "parameters"),
    ("neuromodulators",),
    ("plasticity",),
    ("projections",),
    ("interventions",),
    ("models",),
    ("models", "neurons"),
    ("models", "rules"),
    ("models", "optimisers"),
}


def apply_overrides(document: Document, overrides: Iterable[str]) -> Document:
    """Return the document with values replaced, later overrides last.

    Parameters
    ----------
    document : Document
        Left as it is.
    overrides : iterable of str
        Each ``path.to.key=value``; list items by their index from 0; the value is YAML (``20 ms``,
        ``[x, theta]``). A key may be new (whether it is known is for the schema to say), its section may not.

    Raises
    ------
    CircuitError
        With every override whose path leads nowhere or whose value is not YAML.
    """
    problems = Problems()
    root = document.root
    for override in overrides:
        path, separator, _ = override.partition("=")
        if not separator or not all(part.strip() for part in path.split(".")):
            place = Location(OPTION, 1, 1)
            hint = "write path=value, such as timing.dt='10 ms'"
            problems.add("this override has no path and value", location=place, found=override, hint=hint)
            continue
        try:
            root = _replace(root, _parts(path), 0, _value(override, len(path) + 1))
        except CircuitError as error:
            problems.found.extend(error.problems)
    problems.raise_if_any()
    return Document(document.name, document.text, root)


def _parts(path: str) -> list[tuple[str, Location]]:
    """Return the keys of a path, each with its place in the option's text."""
    parts, column = [], 1
    for part in path.split("."):
        parts.append((part.strip(), Location(OPTION, 1, column)))
        column += len(part) + 1
    return parts


def _value(override: str, start: int) -> Node:
    """Read what stands behind the equals sign; blanks in front of it keep the columns right."""
    problems = Problems()
    node = compose(" " * start + override[start:], OPTION, problems)
    problems.raise_if_any()
    return node or Node(None, Location(OPTION, 1, start + 1))


def _replace(node: Node, parts: list[tuple[str, Location]], depth: int, value: Node) -> Node:
    """Return a copy of ``node`` with ``value`` at the end of the path; aliased twins stay as they are."""
    if depth == len(parts):
        return value
    path = tuple(part for part, _ in parts[: depth + 1])
    part, place = parts[depth]
    last = depth == len(parts) - 1
    if node.value is None and path[:-1] in OPTIONAL_SECTIONS:
        node = Node({}, node.location)
    if isinstance(node.value, dict):
        children, keys = dict(node.value), dict(node.keys)
        child = children.get(part)
        if child is None:
            if not last and path not in OPTIONAL_SECTIONS:
                available = tuple(children)
                hint = nearest(part, available)
                raise _lost(path, place, f"there is no '{part}' here to set a value in", available, hint)
            child = Node({}, place)
            keys[part] = place
        children[part] = _replace(child, parts, depth + 1, value)
        return Node(children, node.location, keys)
    if isinstance(node.value, list):
        if not part.isascii() or not part.isdigit() or len(part) > 9 or int(part) >= len(node.value):
            available = tuple(str(index) for index in range(len(node.value)))
            raise _lost(path, place, f"this is a list, and '{part}' is not one of its items", available)
        items = list(node.value)
        items[int(part)] = _replace(items[int(part)], parts, depth + 1, value)
        return Node(items, node.location)
    section = path[-2] if len(path) > 1 else ""
    raise _lost(
        path, place, f"'{section}' is a single value and holds no '{part}'", found=str(node.value)[:60]
    )


def _lost(
    path: tuple[str, ...],
    place: Location,
    message: str,
    available: tuple[str, ...] = (),
    hint: str = "",
    found: str = "",
) -> CircuitError:
    return CircuitError(
        Problem(message, ".".join(path), location=place, found=found, available=available, hint=hint)
    )
