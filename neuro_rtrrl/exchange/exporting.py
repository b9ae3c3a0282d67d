"""A circuit into a NIR file and its side file."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from neuro_rtrrl.errors import CircuitError, NeuroRtrrlError, Problem
from neuro_rtrrl.exchange.network import Cut, network_of
from neuro_rtrrl.exchange.nir_file import write_nir
from neuro_rtrrl.exchange.side_file import side_file_of, write_side_file
from neuro_rtrrl.graph import Circuit, build_circuit
from neuro_rtrrl.lowering.gates import refuse_events
from neuro_rtrrl.spec.document import parse_document
from neuro_rtrrl.spec.load import spec_from_document

__all__ = ["Exported", "export_nir"]


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    nir, side_file : Path
    nodes : int
        Nodes of the graph.
    cuts : tuple of Cut
        Where the graph is cut for want of a word; what stands there, an importing tool cannot run.
    """

    nir: Path
    side_file: Path
    nodes: int
    cuts: tuple[Cut, ...]


def export_nir(circuit: Circuit, path: str | PathLike, seed: int = 0) -> Exported:
    """Write ``path`` (NIR, HDF5) and beside it ``NAME.plasticity.yaml``.

    The NIR file holds the forward part with all its numbers, in SI units and float64: weights and neuron parameters
    are the circuit's ``initial`` values and, where it has none, those that ``seed`` draws. :func:`import_nir` makes
    the same circuit of the two files.

    Parameters
    ----------
    circuit : Circuit
        As a file describes it, if need be ``with_weights``; not lesioned and not frozen.
    path : path
        Ends in ``.nir``.
    seed : int

    Raises
    ------
    CircuitError
        If the path has another ending or the circuit is not what its document says.
    RunError
        If the package ``nir`` is missing or a file cannot be written.
    """
    target = Path(path)
    if target.suffix != ".nir":
        raise CircuitError(Problem("a NIR file ends in .nir", found=str(path), hint=f"{target.stem}.nir"))
    refuse_events(circuit, "in a NIR file, which has no times", "export the circuit without it")
    _refuse_interventions(circuit)
    network = network_of(circuit, seed)
    side_file = side_file_of(target)
    write_nir(target, network, circuit.hash)
    write_side_file(side_file, circuit, target, network.cuts)
    return Exported(target, side_file, len(network.nodes), network.cuts)


def _refuse_interventions(circuit: Circuit) -> None:
    """Raise where the text does not say all of the circuit: lesions and frozen weights are no part of a file."""
    own = circuit.environment.own if circuit.environment else None
    name = str(Path(own.folder) / "circuit.yaml") if own else "circuit.yaml"
    try:
        document = parse_document(circuit.document, name)
        same = build_circuit(spec_from_document(document), document).hash == circuit.hash
    except NeuroRtrrlError:
        same = False
    if not same:
        raise CircuitError(
            Problem(
                f"circuit '{circuit.name}' is not what its file says: it is lesioned, frozen or changed",
                hint="export the circuit as it was loaded; with_weights is allowed",
            )
        )
