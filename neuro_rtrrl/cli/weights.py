"""Learned weights that a command is given: a results folder, or a file of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph import Circuit

__all__ = ["read_weights"]


def read_weights(path: str, circuit: Circuit) -> Mapping[str, np.ndarray]:
    """Return what a circuit is to start from: of a results folder the best seed, of an ``.npz`` file its arrays.

    Raises
    ------
    CircuitError
        If there is no such thing, or it does not fit the circuit.
    """
    if Path(path).suffix != ".npz":
        from neuro_rtrrl.results import load_results

        return load_results(path, circuit).best()
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except FileNotFoundError:
        raise CircuitError(Problem(f"there is no file {path}")) from None
    except (OSError, ValueError, BadZipFile, EOFError) as error:
        found = f"{type(error).__name__}: {error}"
        hint = "give a results folder, or what numpy.savez or 'neuro-rtrrl import' wrote"
        raise CircuitError(
            Problem(f"{path} holds no arrays that can be read", found=found, hint=hint)
        ) from None
