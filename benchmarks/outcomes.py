"""What a measurement hands back: one row of the table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """One row.

    Attributes
    ----------
    name : str
        Short and lasting: the key in the history.
    section, title, peer : str
        Where it stands, what was measured, and against what.
    unit : str
        Of ``values``: ``x`` for a ratio, ``s`` for seconds, empty for an exponent or a fraction.
    values : (minimum, median, maximum) or None
        Over the rounds; None where it could not be measured.
    ours, theirs : float or None
        Medians of the two rates behind a ratio, in 1/s.
    goal, stretch : float or None
        What the project asks of itself; the median is held against it.
    at_most : bool
        Whether smaller is better.
    note : str
    left_out : str
        Why there are no values.
    """

    name: str
    section: str
    title: str
    peer: str
    unit: str = "x"
    values: tuple[float, float, float] | None = None
    ours: float | None = None
    theirs: float | None = None
    goal: float | None = None
    stretch: float | None = None
    at_most: bool = False
    note: str = ""
    left_out: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the median meets the goal; None where there is no goal or no measurement."""
        if self.goal is None or self.values is None:
            return None
        return self.values[1] <= self.goal if self.at_most else self.values[1] >= self.goal

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {**asdict(self), "reached": self.reached}


def spread(numbers: Sequence[float]) -> tuple[float, float, float]:
    """Return minimum, median and maximum."""
    return min(numbers), statistics.median(numbers), max(numbers)
