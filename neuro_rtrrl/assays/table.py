"""The table that an assay keeps: every measure for every seed, and what the numbers were made of.

Lines that begin with ``#`` say the latter: hashes of the circuits (which name every number and equation in them) and of
the program or the measures. A table whose lines are no longer those of the assay beside it is to be made anew.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neuro_rtrrl.assays.load import Assay
from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.results.replacing import replacing

__all__ = ["Table", "made_of", "read_table", "write_table"]

HEAD = ("variant", "measure")


@dataclass(frozen=True)
class Table:
    """What is kept.

    Attributes
    ----------
    measures : mapping
        Variant → measure → array (S,).
    made_of : mapping
        ``circuits`` and ``program`` or ``measures`` → twelve digits.
    """

    measures: Mapping[str, Mapping[str, np.ndarray]]
    made_of: Mapping[str, str]


def made_of(assay: Assay) -> dict[str, str]:
    """Return what the numbers of an assay follow from, as :attr:`Table.made_of`.

    The circuits of all variants and runs; the program with those files beside it that it imports, or the measures, the
    number of decisions and the backend. Seeds stand in the table's head; expectations are judged whenever it is read.
    """
    hashes = {
        variant: {run: circuit.hash for run, circuit in runs.items()}
        for variant, runs in assay.circuits.items()
    }
    found = {"circuits": _digits([json.dumps(hashes, sort_keys=True).encode()])}
    if assay.program is not None:
        found["program"] = _digits(path.read_bytes() for path in _program(assay.program.path))
    else:
        measures = {name: vars(each) for name, each in assay.spec.measures.items()}
        runs = {"decisions": dict(assay.decisions), "until": dict(assay.until), "backend": assay.spec.backend}
        found["measures"] = _digits([json.dumps([measures, runs], sort_keys=True, default=vars).encode()])
    return found


def write_table(
    path: Path,
    seeds: Sequence[int],
    measures: Mapping[str, Mapping[str, np.ndarray]],
    made: Mapping[str, str],
) -> None:
    """Write a table whole, or leave what is there."""
    with replacing(path) as target, target.open("w", newline="", encoding="utf-8") as stream:
        stream.writelines(f"# {name} {digits}\n" for name, digits in made.items())
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*HEAD, *(f"seed {seed}" for seed in seeds)])
        for variant, found in measures.items():
            for name, values in found.items():
                writer.writerow([variant, name, *(f"{value:.6g}" for value in values)])


def read_table(path: str | Path) -> Table:
    """Read a table that :func:`write_table` wrote.

    Raises
    ------
    CircuitError
        If it is none.
    """
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    said = [line[1:].split() for line in lines if line.startswith("#")]
    head, *rows = csv.reader(line for line in lines if not line.startswith("#"))
    measures: dict[str, dict[str, np.ndarray]] = {}
    try:
        if tuple(head[:2]) != HEAD:
            raise ValueError
        for variant, measure, *values in rows:
            measures.setdefault(variant, {})[measure] = np.array(values, dtype=float)
        made = dict(said)
    except ValueError:
        raise CircuitError(
            Problem(f"{path} is no table of an assay", hint="run: neuro-rtrrl verify")
        ) from None
    return Table(measures, made)


def _program(path: Path) -> list[Path]:
    """Return a program's file and those beside it that it imports, in the order of their names."""
    found, waiting = {path}, [path]
    while waiting:
        tree = ast.parse(waiting.pop().read_bytes())
        for node in ast.walk(tree):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            beside = {path.parent / f"{name.split('.')[0]}.py" for name in names}
            new = {each for each in beside if each.is_file()} - found
            found |= new
            waiting += new
    return sorted(found)


def _digits(parts: Iterable[bytes]) -> str:
    sha = hashlib.sha256()
    for part in parts:
        sha.update(part + b"\n")
    return sha.hexdigest()[:12]
