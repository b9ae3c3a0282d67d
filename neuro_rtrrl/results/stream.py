"""A run's results on disk while it goes on: what was recorded, and from where another run can continue."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from neuro_rtrrl.errors import Problem, RunError
from neuro_rtrrl.results.recorder import Recorder

if TYPE_CHECKING:
    from neuro_rtrrl.results.folder import ResultsFolder
    from neuro_rtrrl.results.result import Result

__all__ = ["Stream"]

SECONDS = 3.0  # at least, between two flushes
SHARE = 20.0  # times what a flush takes, until the next one
MOST_BYTES = 1 << 26  # of recordings in memory


class Stream:
    """Flushes what a :class:`Recorder` holds to a results folder every few seconds, or when it is much.

    Attributes
    ----------
    parts : int
        How many parts of the recordings are on disk.
    decisions : int
        How many decisions they tell of.
    failed : bool
        Whether a flush has failed: the disk has no more room.
    """

    def __init__(self, folder: ResultsFolder, recorder: Recorder, snapshot: Callable[[Any], Result]) -> None:
        self.folder, self.recorder = folder, recorder
        self._snapshot = snapshot
        self.parts = self.decisions = 0
        self.failed = False
        self._due = time.monotonic() + SECONDS

    def look(self) -> None:
        """Flush if it is time.

        Raises
        ------
        RunError
            If the folder cannot be written; what was flushed before stays.
        """
        if self.recorder.bytes > MOST_BYTES or time.monotonic() > self._due:
            self.flush()

    def salvage(self) -> Problem:
        """Keep what can be kept of a run whose first flush failed, and return what that is."""
        where = self.folder.path
        result = self._snapshot(None)
        try:
            self.folder.salvage(result)
        except RunError:
            return Problem(f"nothing is kept in {where}: neither weights nor recordings could be written")
        message = f"kept in {where}: weights and episodes of {result.decisions:,} decisions, nothing that was recorded"
        return Problem(message, hint=f"load_results reads them; --from {where} goes on from there")

    def flush(self) -> None:
        """Write what the recorder holds, and where the run stands; then let go of it."""
        began = time.monotonic()
        self.failed = True
        made = self._snapshot(None)
        self.folder.checkpoint(made, self.recorder.dataset(), self.parts + 1)
        self.recorder.forget()
        self.parts, self.decisions, self.failed = self.parts + 1, made.decisions, False
        now = time.monotonic()
        self._due = now + max(SECONDS, SHARE * (now - began))
