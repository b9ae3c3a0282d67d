"""YAML text to a tree of nodes that know where they stand.

The grammar is PyYAML's; what a plain scalar means is ours and follows YAML 1.2: ``1e-3`` is a number, only
``true`` and ``false`` are truth values (``on``, ``yes`` and ``no`` are text). Tags and merge keys are refused
and aliases are expanded within bounds, so that a file of a few lines cannot cost endless memory or time.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from neuro_rtrrl.errors import CircuitError, Location, Problems, nearest

__all__ = ["MAXIMUM_DEPTH", "MAXIMUM_NODES", "Node", "Scalar", "compose", "plain", "resolve_scalar"]

MAXIMUM_NODES = 100_000
MAXIMUM_DEPTH = 50

Scalar = str | int | float | bool | None

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LARGEST_INTEGER = 2**63 - 1
_LONGEST_INTEGER = 40  # digits; Python itself refuses texts of some thousand digits with an error of its own
_CONSTANTS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SYNTAX_HINTS = (
    (r"'\t'", "indent with spaces, not with tabs"),
    ("mapping values are not allowed", "check the indentation, and put text that contains ': ' in quotes"),
    ("could not find expected ':'", "write 'key: value', with a space after the colon"),
    ("expected <block end>", "check that the keys of one section are indented alike"),
    ("expected ',' or", "a bracket or a comma is missing"),
    ("end of stream", "a bracket or a quotation mark is not closed"),
    ("cannot start any token", "put this text in quotes"),
)


@dataclass(frozen=True, slots=True)
class Node:
    """A value in the text: a scalar, a dict of nodes or a list of nodes, and its place.

    Attributes
    ----------
    value : scalar, dict of str to Node, or list of Node
    location : Location
        Where the value begins.
    keys : dict of str to Location
        For a dict: where each key begins.
    """

    value: Scalar | dict[str, Node] | list[Node]
    location: Location
    keys: dict[str, Location] = field(default_factory=dict)


def plain(node: Node) -> Any:
    """Return the node's value as plain dicts, lists and scalars; aliases become copies."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def resolve_scalar(text: str) -> Scalar:
    """Return what unquoted ``text`` means in YAML 1.2's core schema; numbers may come out as inf or nan.

    Raises
    ------
    OverflowError
        If it is a whole number beyond 64 bits.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        number = int(text, base) if len(text) <= _LONGEST_INTEGER else _LARGEST_INTEGER + 1
        if abs(number) > _LARGEST_INTEGER:
            raise OverflowError
        return number
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def compose(text: str, name: str, problems: Problems) -> Node | None:
    """Read one YAML document.

    Parameters
    ----------
    text : str
    name : str
        The file's name, for locations.
    problems : Problems
        Receives what can be stepped over (duplicate keys, NaN, keys that are not text, tags).

    Returns
    -------
    Node or None
        None where the text holds no document.

    Raises
    ------
    CircuitError
        If the text is not YAML, is nested too deeply or expands without bound.
    """
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        return _Composer(loader, name, problems).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Location(name, mark.line + 1, mark.column + 1) if mark else Location(name, 1, 1)
        message = " ".join(part for part in (error.context, error.problem) if part)
        hint = next((hint for sign, hint in _SYNTAX_HINTS if sign in message), "")
        problems.add(f"this is not valid YAML: {message}", location=place, hint=hint)
    except yaml.reader.ReaderError as error:
        position = int(error.position)
        before = text[:position]
        place = Location(name, before.count("\n") + 1, position - before.rfind("\n"))
        problems.add(f"the character U+{ord(text[position]):04X} is not allowed in YAML", location=place)
    except (ValueError, OverflowError):
        # PyYAML lets these through for an escape beyond Unicode and for an absurd version directive.
        mark = loader.get_mark() if loader else None
        place = Location(name, mark.line + 1, mark.column + 1) if mark else Location(name, 1, 1)
        problems.add("this is not valid YAML: a number or an escape is out of range", location=place)
    raise CircuitError(problems.found)


class _Composer:
    """Builds nodes from PyYAML's events; each method returns the node, its expanded size and its height."""

    def __init__(self, loader: yaml.SafeLoader, name: str, problems: Problems):
        self.loader = loader
        self.name = name
        self.problems = problems
        self.anchors: dict[str, tuple[Node, int, int]] = {}
        self.open_anchors: set[str] = set()
        self.total = 0

    def document(self) -> Node | None:
        self.loader.get_event()  # the stream's start
        if self.loader.check_event(yaml.StreamEndEvent):
            return None
        self.loader.get_event()  # the document's start
        node, _, _ = self.node(0)
        self.loader.get_event()  # the document's end
        if not self.loader.check_event(yaml.StreamEndEvent):
            place = self.place(self.loader.peek_event())
            self.stop("a second YAML document begins here", place, "keep one circuit in one file")
        return node

    def place(self, event) -> Location:
        return Location(self.name, event.start_mark.line + 1, event.start_mark.column + 1)

    def stop(self, message: str, place: Location, hint: str = "", available: tuple[str, ...] = ()):
        self.problems.add(message, location=place, hint=hint, available=available)
        raise CircuitError(self.problems.found)

    def count(self, size: int, deepest: int, place: Location) -> None:
        self.total += size
        if self.total > MAXIMUM_NODES:
            self.stop(f"the file expands to more than {MAXIMUM_NODES:,} values", place, "use fewer aliases")
        if deepest > MAXIMUM_DEPTH:
            self.stop(f"the file is nested more than {MAXIMUM_DEPTH} levels deep", place)

    def node(self, depth: int) -> tuple[Node, int, int]:
        event = self.loader.get_event()
        place = self.place(event)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event.anchor, depth, place)
        self.count(1, depth, place)
        if event.tag is not None:
            self.problems.add(f"YAML tags such as '{event.tag}' are not used here", location=place)
        if event.anchor is not None:
            self.open_anchors.add(event.anchor)
        if isinstance(event, yaml.MappingStartEvent):
            result = self.mapping(depth, place)
        elif isinstance(event, yaml.SequenceStartEvent):
            result = self.sequence(depth, place)
        else:
            result = Node(self.scalar(event, place), place), 1, 0
        if event.anchor is not None:
            self.open_anchors.discard(event.anchor)
            self.anchors[event.anchor] = result
        return result

    def alias(self, anchor: str, depth: int, place: Location) -> tuple[Node, int, int]:
        if anchor in self.open_anchors:
            self.stop(f"the alias '*{anchor}' stands inside its own definition", place)
        if anchor not in self.anchors:
            names = tuple(self.anchors)
            self.stop(f"the alias '*{anchor}' has no anchor before it", place, nearest(anchor, names), names)
        node, size, height = self.anchors[anchor]
        self.count(size, depth + height, place)
        # The alias's own place serves errors better than the anchor's; what is inside keeps the anchor's.
        return Node(node.value, place, node.keys), size, height

    def scalar(self, event, place: Location) -> Scalar:
        text = event.value
        if any("\ud800" <= character <= "\udfff" for character in text):
            self.problems.add("an escape in this text is half a character (a surrogate)", location=place)
            return ""
        if event.style is not None or not event.implicit[0]:
            return text
        try:
            value = resolve_scalar(text)
        except OverflowError:
            self.problems.add("this whole number does not fit in 64 bits", location=place, found=text[:40])
            return 0
        if isinstance(value, float) and not math.isfinite(value):
            self.problems.add("every number must be finite", location=place, found=text[:40])
        return value

    def sequence(self, depth: int, place: Location) -> tuple[Node, int, int]:
        children: list[Node] = []
        size, height = 1, 0
        while not self.loader.check_event(yaml.SequenceEndEvent):
            child, child_size, child_height = self.node(depth + 1)
            children.append(child)
            size, height = size + child_size, max(height, child_height + 1)
        self.loader.get_event()
        return Node(children, place), size, height

    def mapping(self, depth: int, place: Location) -> tuple[Node, int, int]:
        children: dict[str, Node] = {}
        keys: dict[str, Location] = {}
        size, height = 1, 0
        while not self.loader.check_event(yaml.MappingEndEvent):
            key, key_size, _ = self.node(depth + 1)
            child, child_size, child_height = self.node(depth + 1)
            size, height = size + key_size + child_size, max(height, child_height + 1)
            if self.accepts(key, keys) and isinstance(key.value, str):
                children[key.value] = child
                keys[key.value] = key.location
        self.loader.get_event()
        return Node(children, place, keys), size, height

    def accepts(self, key: Node, keys: dict[str, Location]) -> bool:
        """Say whether ``key`` may stand here, and note the problem if not."""
        if not isinstance(key.value, str):
            structured = isinstance(key.value, (dict, list))
            hint = "" if structured else "put it in quotes if it is meant as a name"
            found = "" if structured else str(key.value)
            self.problems.add("a key must be text", location=key.location, found=found, hint=hint)
        elif key.value == "<<":
            self.problems.add(
                "merge keys ('<<') are not used here", location=key.location, hint="write the keys out"
            )
        elif key.value in keys:
            hint = f"the first one is on line {keys[key.value].line}; keep one of them"
            self.problems.add(f"the key '{key.value}' appears twice", location=key.location, hint=hint)
        else:
            return True
        return False
