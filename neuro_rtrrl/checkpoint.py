"""Where a run stands, in one file that is renewed every few minutes: a run that was killed goes on from it.

Kept is all that the run goes on from: what the program carries from tick to tick, the episodes so far, and what a
caller adds. The streams of noise are functions of the decision's index, so a run that goes on makes what it would have
made, to the last bit.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuro_rtrrl.errors import RunError
from neuro_rtrrl.results.replacing import replacing

__all__ = ["EVERY", "Checkpoint"]

EVERY = 120.0  # seconds

Arrays = Mapping[str, np.ndarray]


class Checkpoint:
    """A file of arrays.

    Parameters
    ----------
    path : Path
        Its folder must exist.
    name : str
        Of what is run; the checkpoint of anything else is none.
    beside, restore : callable, optional
        Returns what else is kept, each an array; is given what was found, where a run goes on from it.
    every : float, optional
        Seconds between two checkpoints, :data:`EVERY` by default.

    Attributes
    ----------
    found : dict of str to array
        What was in the file; empty where there is none that is whole.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        beside: Callable[[], Arrays] | None = None,
        restore: Callable[[Arrays], None] | None = None,
        every: float | None = None,
    ) -> None:
        self.path, self.name, self.beside, self.restore = path, name, beside, restore
        self.every = EVERY if every is None else every
        self.found = self._read()
        self._due = time.monotonic() + self.every

    def _read(self) -> dict[str, np.ndarray]:
        try:
            with np.load(self.path, allow_pickle=False) as file:
                found = {key: file[key] for key in file.files}
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
            return {}
        return found if str(found.get("name")) == self.name else {}

    def look(self, made: Callable[[], Arrays | None], now: bool = False) -> None:
        """Keep what ``made`` returns, where it is time or ``now`` is asked for; nothing where it returns None."""
        if not now and time.monotonic() < self._due:
            return
        arrays: Any = made()
        if arrays is not None:
            arrays = {**arrays, **(self.beside() if self.beside else {}), "name": np.array(self.name)}
            try:
                with replacing(self.path) as target, target.open("wb") as file:
                    np.savez(file, **arrays)
            except RunError:
                pass  # the run needs none: it goes on, and would only lose more if it were killed
        self._due = time.monotonic() + self.every

    def remove(self) -> None:
        """Remove the file: the run has ended."""
        self.path.unlink(missing_ok=True)
