"""The user's own program of an assay: where trials and windows do not say what is to be measured.

A Python file beside the assay with two functions:

- ``run(circuit, seeds) -> (numbers, traces)``: ``numbers`` maps the name of a measure to one number for each seed,
  ``traces`` holds whatever the figure needs;
- ``draw(runs, path)``: writes the figure; ``runs`` maps ``intact`` and each control to what ``run`` returned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuro_rtrrl.assays.load import Assay
from neuro_rtrrl.environments.own_file import module_of, place_in
from neuro_rtrrl.errors import CircuitError, Location, NeuroRtrrlError, Problem, RunError, nearest
from neuro_rtrrl.graph import Circuit
from neuro_rtrrl.language import names

__all__ = ["Program"]

Run = tuple[Mapping[str, np.ndarray], Any]
FUNCTIONS = {"run": "def run(circuit, seeds): ...", "draw": "def draw(runs, path): ..."}


class Program:
    """The program of an assay, loaded.

    Raises
    ------
    CircuitError
        If the file cannot be run or lacks a function.
    """

    def __init__(self, assay: Assay) -> None:
        assert assay.program is not None
        self.assay, self.path = assay, assay.program.path
        module = module_of(assay.program, "program", "assay")
        found = {name: getattr(module, name, None) for name in FUNCTIONS}
        missing = [
            Problem(
                f"the program has no function '{name}'",
                location=Location(str(self.path), 1, 1),
                hint=f"write '{written}'",
            )
            for name, written in FUNCTIONS.items()
            if not callable(found[name])
        ]
        if missing:
            raise CircuitError(missing)
        self._functions: Mapping[str, Any] = found

    def run(self, circuit: Circuit) -> Run:
        """Run one variant; every measure has a number for each seed, and all that the expectations name are there.

        Raises
        ------
        RunError
            Located in the program, if it fails or returns something else.
        """
        returned = self._call("run", circuit, self.assay.seeds)
        if not (isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[0], Mapping)):
            raise self._wrong(
                "'run' returns (numbers, traces), numbers by name", found=type(returned).__name__
            )
        numbers = {str(name): self._numbers(str(name), values) for name, values in returned[0].items()}
        wanted = {each for expression in self.assay.expectations.values() for each in names(expression)}
        for name in sorted(wanted - set(numbers)):
            message = f"an expectation reads '{name}', which 'run' does not return"
            raise self._wrong(message, available=tuple(numbers), hint=nearest(name, numbers))
        return numbers, returned[1]

    def draw(self, runs: Mapping[str, Run], path: Path) -> None:
        """Write the figure."""
        self._call("draw", runs, path)

    def _numbers(self, name: str, values: Sequence[float]) -> np.ndarray:
        try:
            found = np.asarray(values, dtype=float)
        except (TypeError, ValueError):
            found = np.empty(0)
        if found.shape != (len(self.assay.seeds),):
            message = f"'{name}' has one number for each of {len(self.assay.seeds)} seeds"
            raise self._wrong(message, found=f"shape {found.shape}")
        return found

    def _call(self, name: str, *arguments: Any) -> Any:
        try:
            return self._functions[name](*arguments)
        except NeuroRtrrlError:
            raise
        except Exception as error:
            place = place_in(error, self.path)
            message = f"the program failed in '{name}': {type(error).__name__}: {str(error)[:300]}"
            raise RunError(Problem(message, location=place)) from error

    def _wrong(self, message: str, **details: Any) -> RunError:
        return RunError(Problem(message, location=Location(str(self.path), 1, 1), **details))
