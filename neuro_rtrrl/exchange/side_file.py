"""``NAME.plasticity.yaml``: what NIR cannot say of a circuit, and where the NIR file was cut for it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

from neuro_rtrrl.errors import CircuitError, Problem, RunError
from neuro_rtrrl.exchange.network import Cut
from neuro_rtrrl.graph import Circuit, build_circuit
from neuro_rtrrl.spec.document import Document, Kind, read_document
from neuro_rtrrl.spec.load import spec_from_document

__all__ = ["FORMAT", "SideFile", "read_side_file", "side_file_of", "write_side_file"]

FORMAT = 1  # raised when a reader of the old form would misread the new one
KIND = Kind("side file of a NIR file", "format")
KEYS = ("format", "nir", "circuit_hash", "cuts", "circuit")


@dataclass(frozen=True)
class SideFile:
    """The circuit that a side file describes, its resolved text, and the hash it had when it was exported."""

    circuit: Circuit
    text: str
    hash: str


def side_file_of(nir_file: Path) -> Path:
    """Return where the side file of a NIR file stands: ``bg.plasticity.yaml`` beside ``bg.nir``."""
    return nir_file.with_name(f"{nir_file.stem}.plasticity.yaml")


def write_side_file(path: Path, circuit: Circuit, nir_file: Path, cuts: tuple[Cut, ...]) -> None:
    """Write the side file.

    Raises
    ------
    RunError
        If it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(_text(circuit, nir_file, cuts), encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise RunError(Problem(f"{path} cannot be written: {error.strerror or error}")) from None
    finally:
        unfinished.unlink(missing_ok=True)


def read_side_file(path: Path) -> SideFile:
    """Read and check a side file; problems inside the circuit have their line and column in it.

    Raises
    ------
    CircuitError
        If it is missing, of another format, or does not describe a circuit.
    """
    if not path.is_file():
        raise CircuitError(
            Problem(
                f"the side file {path} is missing: a NIR file says nothing of plasticity, modulators and the task",
                hint="'neuro-rtrrl export --target nir' writes both; keep them together, under one name",
            )
        )
    document = read_document(path, KIND)
    data = document.data
    _check(document, data)
    sections = document.root.value
    assert isinstance(sections, dict)
    inner = Document(document.name, document.text, sections["circuit"])
    circuit = build_circuit(spec_from_document(inner), inner)
    return SideFile(circuit, circuit.document, str(data["circuit_hash"]))


def _check(document: Document, data: Mapping[str, Any]) -> None:
    def refuse(message: str, *path: str, **details: Any) -> CircuitError:
        return CircuitError(Problem(message, where=".".join(path), location=document.locate(path), **details))

    if data.get("format") != FORMAT:
        raise refuse(
            "the side file was written in another format" if "format" in data else "this is no side file",
            *(("format",) if "format" in data else ()),
            found=str(data.get("format", "")),
            available=(f"format: {FORMAT}",),
            hint="export the circuit again with this version of neuro-rtrrl",
        )
    for key in ("circuit_hash", "circuit"):
        if key not in data:
            raise refuse(f"the side file has no '{key}'", available=KEYS, hint="export the circuit again")
    if not isinstance(data["circuit"], dict):
        raise refuse("'circuit' must be a circuit file's content", "circuit")


def _text(circuit: Circuit, nir_file: Path, cuts: tuple[Cut, ...]) -> str:
    """Return the file's text; JSON's quoted strings are YAML's, so no name is taken for a number."""
    file = nir_file.name
    lines = [
        f"# What NIR cannot say of the circuit in {file}: 'neuro-rtrrl import {file}' reads both.",
        f"format: {FORMAT}",
        f"nir: {json.dumps(file, ensure_ascii=False)}",
        f"circuit_hash: {json.dumps(circuit.hash)}",
        "# Where the graph ends in an Output node or goes on from an Input node, for want of a word for what is there.",
        "cuts:" if cuts else "cuts: []",
    ]
    for cut in cuts:
        lines.append(f"- part: {json.dumps(cut.part)}")
        lines.append(f"  nodes: {json.dumps(list(cut.nodes))}")
        lines.append(f"  missing: {json.dumps(cut.missing)}")
    return "\n".join([*lines, "circuit:", indent(circuit.document, "  ")])
