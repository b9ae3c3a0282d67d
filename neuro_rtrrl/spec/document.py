"""A YAML file (a circuit, a hardware profile) as plain data that remembers the line and column of every value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from neuro_rtrrl.errors import CircuitError, Location, Problem, Problems, nearest
from neuro_rtrrl.spec.nodes import Node, compose, plain, resolve_scalar

__all__ = [
    "CIRCUIT_FILE",
    "HARDWARE_PROFILE",
    "MAXIMUM_BYTES",
    "Document",
    "Kind",
    "compose_document",
    "parse_document",
    "read_document",
    "read_text",
]

MAXIMUM_BYTES = 1_000_000


@dataclass(frozen=True)
class Kind:
    """What messages call a file, and the first key of one."""

    name: str
    first_key: str


CIRCUIT_FILE = Kind("circuit file", "circuit")
HARDWARE_PROFILE = Kind("hardware profile", "profile")


@dataclass(frozen=True)
class Document:
    """The content of a file.

    Attributes
    ----------
    name : str
        The file's name as the user wrote it.
    text : str
        The file's text, without the overrides.
    root : Node
        The values and their places, overrides included.
    """

    name: str
    text: str
    root: Node

    @cached_property
    def data(self) -> dict[str, Any]:
        """The content as plain dicts, lists and scalars, in the order of the file."""
        return plain(self.root)

    def locate(self, path: tuple[str | int, ...], key: bool = False) -> Location:
        """Return where the value at ``path`` begins.

        Parameters
        ----------
        path : tuple of str and int
            Keys and list indices from the top; where it leads nowhere, the nearest existing ancestor counts.
        key : bool
            Return the place of the key in front of the value (of a list item: of the item).
        """
        node, place = self.root, self.root.location
        for part in path:
            if isinstance(node.value, dict) and part in node.value:
                child = node.value[str(part)]
                place = node.keys[str(part)] if key else child.location
            elif isinstance(node.value, list) and isinstance(part, int) and 0 <= part < len(node.value):
                child = node.value[part]
                place = child.location
            else:
                break
            node = child
        return place

    def dump(self) -> str:
        """Return the content as YAML text that :func:`parse_document` reads back as the same data."""
        return yaml.dump(
            self.data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
        )


class _Dumper(yaml.SafeDumper):
    """Quotes whatever our reader, rather than PyYAML's, would take for something else than text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    try:
        is_text = isinstance(resolve_scalar(text), str)
    except OverflowError:
        is_text = False
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_text else "'")


_Dumper.add_representer(str, _represent_text)


def compose_document(text: str, name: str, kind: Kind = CIRCUIT_FILE) -> tuple[Document, Problems]:
    """Read ``text``, handing back what can be stepped over so that it is reported with later problems.

    Raises
    ------
    CircuitError
        If there is nothing to go on with: no YAML, no content, or no ``key: value`` pairs at the top.
    """
    problems = Problems()
    root = compose(text, name, problems)
    if root is None or root.value is None:
        hint = f"begin with '{kind.first_key}: a_name'"
        raise CircuitError(Problem("the file is empty", location=Location(name, 1, 1), hint=hint))
    if not isinstance(root.value, dict):
        problems.add(f"a {kind.name} holds 'key: value' pairs at the top", location=root.location)
        raise CircuitError(problems.found)
    return Document(name, text, root), problems


def parse_document(text: str, name: str, kind: Kind = CIRCUIT_FILE) -> Document:
    """Read the text of a file.

    Parameters
    ----------
    text : str
    name : str
        What to call the text in messages.
    kind : Kind
        What it is to be.

    Raises
    ------
    CircuitError
        If it is not YAML of the kind described in :mod:`neuro_rtrrl.spec.nodes`, with all problems found.
    """
    document, problems = compose_document(text, name, kind)
    problems.raise_if_any()
    return document


def read_document(path: str | Path, kind: Kind = CIRCUIT_FILE) -> Document:
    """Read a file; see :func:`parse_document`.

    Raises
    ------
    CircuitError
        Also if the file is missing, unreadable, larger than 1 MB or not UTF-8.
    """
    return parse_document(read_text(path, kind), str(path), kind)


def read_text(path: str | Path, kind: Kind = CIRCUIT_FILE) -> str:
    """Return the text of a small UTF-8 file.

    Raises
    ------
    CircuitError
        If it is missing, a folder, unreadable, larger than 1 MB (told before it is read) or not UTF-8.
    """
    name, path = str(path), Path(path)
    if not name.strip():
        raise CircuitError(Problem(f"the name of the {kind.name} is empty"))
    try:
        if path.is_dir():
            raise _refused(name, f"this is a folder, not a {kind.name}", "name a file in it", _files(path))
        if path.stat().st_size > MAXIMUM_BYTES:
            raise _too_large(name, kind)
        with path.open("rb") as stream:
            content = stream.read(MAXIMUM_BYTES + 1)  # a device or a growing file has no honest size
    except FileNotFoundError:
        names = _files(path.parent)
        raise _refused(name, "there is no such file", nearest(path.name, names), names) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refused(name, f"the file cannot be read: {reason}") from None
    if len(content) > MAXIMUM_BYTES:
        raise _too_large(name, kind)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line_start = before.rfind(b"\n") + 1
        column = len(before[line_start:].decode("utf-8", "replace")) + 1
        place = Location(name, before.count(b"\n") + 1, column)
        found = f"byte 0x{content[error.start]:02X}"
        hint = "save it as UTF-8"
        raise CircuitError(
            Problem("the file is not UTF-8 text", location=place, found=found, hint=hint)
        ) from None


def _refused(name: str, message: str, hint: str = "", available: tuple[str, ...] = ()) -> CircuitError:
    return CircuitError(Problem(message, location=Location(name, 1, 1), hint=hint, available=available))


def _too_large(name: str, kind: Kind) -> CircuitError:
    hint = f"a {kind.name} is text of some kilobytes; is this the right file?"
    return _refused(name, f"the file is larger than {MAXIMUM_BYTES // 1_000_000} MB", hint)


def _files(folder: Path) -> tuple[str, ...]:
    """Return the YAML files of a folder, for messages; nothing where it cannot be read."""
    try:
        return tuple(sorted(path.name for path in folder.iterdir() if path.suffix in (".yaml", ".yml")))[:12]
    except (OSError, ValueError):
        return ()
