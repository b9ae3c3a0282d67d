"""A NIR file and its side file into a circuit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem, Problems, nearest
from neuro_rtrrl.exchange.network import Network, network_of
from neuro_rtrrl.exchange.nir_file import NirFile, read_nir
from neuro_rtrrl.exchange.side_file import SideFile, read_side_file, side_file_of
from neuro_rtrrl.graph import Circuit, initial_values

__all__ = ["Imported", "import_nir"]


@dataclass(frozen=True)
class Imported:
    """What was read.

    Attributes
    ----------
    circuit : Circuit
        With ``weights`` as its initial values.
    text : str
        The circuit file: the resolved YAML of the circuit that was exported.
    weights : mapping of str to array
        Weights and neuron parameters that differ from those that the circuit draws with seed 0; SI. Empty where none
        does: then the text alone says everything.
    """

    circuit: Circuit
    text: str
    weights: Mapping[str, np.ndarray]


def import_nir(path: str | PathLike) -> Imported:
    """Read what :func:`export_nir` wrote; where another tool has changed weights, the circuit starts from those.

    Parameters
    ----------
    path : path
        The NIR file; its side file stands beside it.

    Raises
    ------
    CircuitError
        If a file is missing or no such file, if the two do not belong together, or if the graph was changed in more
        than the numbers that the circuit can start from; with everything that does not fit.
    RunError
        If the package ``nir`` is missing.
    """
    file = Path(path)
    if file.suffix != ".nir":
        raise CircuitError(Problem("a NIR file ends in .nir", found=str(path)))
    stored = read_nir(file)
    side = read_side_file(side_file_of(file))
    _belong_together(file, stored, side)
    expected = network_of(side.circuit)
    _same_graph(file, stored, expected)
    values = _values(stored, expected)
    drawn = initial_values(side.circuit, 0)
    weights = {key: value for key, value in values.items() if not np.array_equal(value, drawn[key])}
    circuit = side.circuit.with_weights(weights) if weights else side.circuit
    _same_numbers(file, stored, network_of(circuit))
    return Imported(circuit, side.text, weights)


def _belong_together(file: Path, stored: NirFile, side: SideFile) -> None:
    path = side_file_of(file)
    if side.hash != stored.hash:
        raise CircuitError(
            Problem(
                f"{file.name} and {path.name} do not belong together: they come from different exports",
                found=f"circuit {stored.hash} in the NIR file, {side.hash} in the side file",
                hint="export the circuit again, and keep the two files together",
            )
        )
    if side.circuit.hash != side.hash:
        raise CircuitError(
            Problem(
                f"the circuit in {path} is not the one that was exported",
                found=f"circuit {side.circuit.hash} instead of {side.hash}",
                hint="leave the side file as it is and edit the circuit file that 'import' writes",
            )
        )


def _same_graph(file: Path, stored: NirFile, expected: Network) -> None:
    """Refuse another structure: nodes, their kinds and shapes, edges."""
    problems = Problems()
    where = str(file)
    for name in stored.nodes.keys() - expected.nodes.keys():
        hint = nearest(name, expected.nodes)
        problems.add(f"node '{name}' is not part of the circuit that was exported", where=where, hint=hint)
    for name, node in expected.nodes.items():
        found = stored.nodes.get(name)
        if found is None:
            problems.add(f"node '{name}' ({node.kind}) is missing", where=where)
        elif found.kind != node.kind:
            problems.add(f"node '{name}' is {found.kind} and was {node.kind}", where=where)
        else:
            for parameter, array in node.arrays.items():
                shape = found.arrays[parameter].shape if parameter in found.arrays else "nothing"
                if shape != array.shape:
                    problems.add(
                        f"'{parameter}' of node '{name}' is {shape} and was {array.shape}", where=where
                    )
    edges = frozenset(expected.edges)
    for source, target in sorted(stored.edges ^ edges):
        told = "missing" if (source, target) in edges else "new"
        problems.add(f"the edge from '{source}' to '{target}' is {told}", where=where)
    if problems.found:
        hint = "the side file describes the graph that was exported; only its numbers may change"
        problems.add("the graph is another than the one that was exported", where=where, hint=hint)
    problems.raise_if_any()


def _values(stored: NirFile, expected: Network) -> dict[str, np.ndarray]:
    """Return the circuit's weights and parameters as the file has them."""
    values = {key: stored.beside[key] for key in expected.beside if key in stored.beside}
    for name, node in expected.nodes.items():
        values |= {key: stored.nodes[name].arrays[parameter] for parameter, key in node.holds.items()}
    return {key: np.asarray(value, dtype=np.float64) for key, value in values.items()}


def _same_numbers(file: Path, stored: NirFile, expected: Network) -> None:
    """Refuse numbers that the circuit does not take: every array must come out again as it was read."""
    problems = Problems()
    for name, node in expected.nodes.items():
        for parameter, array in node.arrays.items():
            found = stored.nodes[name].arrays[parameter]
            if not np.array_equal(found, array):
                key = node.holds.get(parameter)
                reason = (
                    f"'{key}' has no synapse there, or takes other values"
                    if key
                    else "it follows from the circuit, which does not give this"
                )
                message = (
                    f"'{parameter}' of node '{name}' was changed to what the circuit cannot be: {reason}"
                )
                problems.add(message, where=str(file))
    problems.raise_if_any()
