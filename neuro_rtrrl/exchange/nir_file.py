"""Our plain graph to and from a file of NIR, through the package ``nir`` (HDF5; nothing is ever unpickled)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem, RunError
from neuro_rtrrl.exchange.network import Network, Node

__all__ = ["METADATA", "NirFile", "read_nir", "write_nir"]

METADATA = "neuro_rtrrl"
"""Section of the graph's metadata that is ours; other tools pass it over."""


@dataclass(frozen=True)
class NirFile:
    """What a file holds: nodes (without ``holds``), edges, the hash of its circuit, values that no node holds."""

    nodes: Mapping[str, Node]
    edges: frozenset[tuple[str, str]]
    hash: str
    beside: Mapping[str, np.ndarray]


def write_nir(path: Path, network: Network, circuit_hash: str) -> None:
    """Write a network; a file that is there is replaced only by a whole one.

    Raises
    ------
    RunError
        If the package ``nir`` is missing or the file cannot be written.
    """
    nir = _package()
    if not path.parent.is_dir():  # HDF5 says it in five lines of its own
        hint = "make it first, or name another file"
        raise RunError(Problem(f"{path} cannot be written: there is no folder {path.parent}", hint=hint))
    nodes = {name: _to_nir(nir, node) for name, node in network.nodes.items()}
    ours: dict[str, Any] = {"circuit_hash": circuit_hash, **network.beside}
    graph = nir.NIRGraph(nodes, list(network.edges), metadata={METADATA: ours})
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        nir.write(str(unfinished), graph)
        unfinished.replace(path)
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else "the system refused"
        raise RunError(Problem(f"{path} cannot be written: {reason}")) from None
    finally:
        unfinished.unlink(missing_ok=True)


def read_nir(path: Path) -> NirFile:
    """Read a file that :func:`write_nir` wrote, and that other tools may have given other numbers.

    Raises
    ------
    CircuitError
        If it is missing, no NIR file, or none of ours.
    RunError
        If the package ``nir`` is missing.
    """
    nir = _package()
    if not path.is_file():
        raise CircuitError(Problem(f"there is no file {path}"))
    try:
        graph = nir.read(str(path))
        nodes = {str(name): _from_nir(node) for name, node in graph.nodes.items()}
        edges = frozenset((str(source), str(target)) for source, target in graph.edges)
        ours = dict(graph.metadata.get(METADATA, {}))
    except MemoryError:
        raise
    except Exception as error:  # what h5py and nir raise of a damaged or foreign file is no closed list
        found = f"{type(error).__name__}: {str(error)[:200]}"
        hint = "give the .nir file that 'neuro-rtrrl export --target nir' wrote"
        raise CircuitError(
            Problem(f"{path} is no NIR file that can be read", found=found, hint=hint)
        ) from None
    name = ours.pop("circuit_hash", None)
    if not isinstance(name, str):
        raise CircuitError(
            Problem(
                f"{path} is a NIR file, but not one of 'neuro-rtrrl export': it does not name its circuit",
                hint="tools that change it must keep the graph's metadata, as nir.read and nir.write do",
            )
        )
    return NirFile(nodes, edges, name, {key: np.asarray(value) for key, value in ours.items()})


def _package() -> Any:
    try:
        import nir
    except ImportError:
        hint = "install it: pip install 'neuro-rtrrl[exchange]'"
        raise RunError(Problem("the package 'nir' is not installed", hint=hint)) from None
    return nir


def _to_nir(nir: Any, node: Node) -> Any:
    if node.kind == "Input":
        return nir.Input(input_type={"input": node.arrays["shape"]})
    if node.kind == "Output":
        return nir.Output(output_type={"output": node.arrays["shape"]})
    return getattr(nir, node.kind)(**{name: np.asarray(array) for name, array in node.arrays.items()})


def _from_nir(node: Any) -> Node:
    plain = {name: value for name, value in node.to_dict().items() if name not in ("type", "metadata")}
    return Node(type(node).__name__, {name: np.asarray(value) for name, value in plain.items()})
