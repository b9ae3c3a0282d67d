"""Where the time of a closed loop goes, measured around the host's side of a decision when asked for."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

__all__ = ["PARTS", "Stopwatch"]

PARTS = ("environment", "readout", "bookkeeping", "learning")


class Stopwatch:
    """Seconds spent in each part during the last run, without those of a part called from within it.

    Attributes
    ----------
    seconds : dict of str to float
        ``environment``: its steps; ``readout``: policy, value, choice, neuromodulators, done by NumPy;
        ``bookkeeping``: senses, resets, noise, records; ``learning``: what Brian2 runs once a decision.
    whole : float
        Seconds of all decisions; what is in no part is the integration, Brian2's own loop included.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(PARTS, 0.0)
        self.whole = 0.0
        self._inner = 0.0

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``function``, timed; what it costs to look at the clock (0.3 µs a call) falls to its caller."""
        seconds = self.seconds

        def measured(*arguments: Any) -> Any:
            outer, self._inner = self._inner, 0.0
            began = perf_counter()
            answer = function(*arguments)
            took = perf_counter() - began
            seconds[part] += took - self._inner
            self._inner = outer + took
            return answer

        return measured

    def start(self) -> None:
        """Begin the first decision of a run: Brian2's code is compiled by now, the environment in the first run."""
        self.seconds.update(dict.fromkeys(PARTS, 0.0))
        self._began = perf_counter()

    def stop(self) -> None:
        """End a run."""
        self.whole = perf_counter() - self._began

    def shares(self) -> dict[str, float]:
        """Return the share of a tick of each part, of ``integration``, and of the loop's ``overhead``.

        Overhead is environment and bookkeeping: what surrounds the circuit. Readout and learning are equations
        of the circuit, wherever they are computed.
        """
        found = {part: seconds / self.whole for part, seconds in self.seconds.items()}
        found["integration"] = 1.0 - sum(found.values())
        found["overhead"] = found["environment"] + found["bookkeeping"]
        return found
