"""``neuro-rtrrl import``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neuro_rtrrl.cli.output import print_json
from neuro_rtrrl.errors import CircuitError, Problem, RunError
from neuro_rtrrl.exchange import import_nir

__all__ = ["run_import"]


def run_import(file: str, out: Path | None, json: bool) -> int:
    """Write the circuit file and, where numbers were changed, a file of weights beside it."""
    imported = import_nir(file)
    target = out if out is not None else Path(f"{Path(file).stem}.yaml")
    weights = target.with_suffix(".npz")
    for path in [target, weights] if imported.weights else [target]:
        if path.exists():
            hint = "name another file with --out"
            raise CircuitError(Problem(f"{path} is there already, and is left as it is", hint=hint))
    try:
        target.write_text(imported.text, encoding="utf-8")
        if imported.weights:
            arrays: dict[str, Any] = dict(imported.weights)
            np.savez(weights, **arrays)
    except OSError as error:
        raise RunError(Problem(f"{target} cannot be written: {error.strerror or error}")) from None
    written = [str(target), str(weights)] if imported.weights else [str(target)]
    if json:
        print_json(
            {
                "circuit": imported.circuit.name,
                "hash": imported.circuit.hash,
                "files": written,
                "changed": sorted(imported.weights),
            }
        )
        return 0
    print(*(f"wrote {path}" for path in written), sep="\n")
    if imported.weights:
        names = ", ".join(sorted(imported.weights))
        print(f"{len(imported.weights)} arrays are not what the circuit draws with seed 0: {names}")
    return 0
