"""What Ctrl-C and a polite kill (SIGTERM) do to a run: end it at a whole stretch, so that nothing is lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

__all__ = ["Interrupts", "interruptible", "whole_runs"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_watching: list[list[Interrupts]] = []  # one list for each whole_runs() that is open


class Interrupts:
    """The state of a run with respect to interruptions.

    Attributes
    ----------
    stage : {"starting", "running", "saving"}
        Before anything is recorded an interruption ends the run at once; while it runs, the first one ends it
        after the current stretch and the second at once; while results are written, none has an effect.
    stopped : bool
        Whether the run is to end after the current stretch.
    at_once : bool
        Whether it was told to end at once; what is raised from then on, a library may have made of that.
    """

    def __init__(self, notice: Callable[[str], None] | None = None) -> None:
        self.stage: Literal["starting", "running", "saving"] = "starting"
        self.stopped = self.at_once = False
        self._notice, self._keeping = notice, False

    def receive(self, signum: int, frame: Any) -> None:
        """Handle a signal.

        Raises
        ------
        KeyboardInterrupt
            If the run is to end at once.
        """
        if self.stage == "saving":
            self._say("writing what was recorded; a moment, please")
            return
        if self.stage == "starting" or self.stopped:
            self.at_once = True
            if self._keeping:
                return
            raise KeyboardInterrupt
        self.stopped = True
        self._say("stopping after this stretch; what was recorded is kept (Ctrl-C again to stop at once)")

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Let nothing be raised within: what is kept together is kept whole or not at all.

        Raises
        ------
        KeyboardInterrupt
            Afterwards, if the run was told meanwhile to end at once.
        """
        self._keeping = True
        try:
            yield
        finally:
            self._keeping = False
        if self.at_once:
            raise KeyboardInterrupt

    def _say(self, text: str) -> None:
        if self._notice is not None:
            self._notice(text)


@contextmanager
def interruptible(notice: Callable[[str], None] | None = None) -> Iterator[Interrupts]:
    """Let an :class:`Interrupts` receive SIGINT and SIGTERM; outside the main thread it receives nothing."""
    interrupts = Interrupts(notice)
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    before = {signum: signal.signal(signum, interrupts.receive) for signum in _SIGNALS}
    try:
        yield interrupts
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler if handler is not None else signal.SIG_DFL)
        if interrupts.stopped:
            for cut_short in _watching:
                cut_short.append(interrupts)


@contextmanager
def whole_runs() -> Iterator[None]:
    """Let nothing be made of runs within that were ended early.

    Raises
    ------
    KeyboardInterrupt
        Afterwards, if one was.
    """
    cut_short: list[Interrupts] = []
    _watching.append(cut_short)
    try:
        yield
    finally:
        _watching.pop()
    if cut_short:
        raise KeyboardInterrupt
