"""What an animal can do: choose one of several, several such choices at once, or act by degrees."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Actions", "Continuous", "Discrete", "actions_of"]


@dataclass(frozen=True)
class Discrete:
    """One choice or several made at the same time.

    Attributes
    ----------
    sizes : tuple of int
        Number of alternatives of each choice. With one choice an action is an integer from 0 to
        ``sizes[0] - 1``, of shape (); with several it is an array (len(sizes),) of integers.
    """

    sizes: tuple[int, ...]
    by_degrees = False

    @property
    def width(self) -> int:
        """Entries of an efference copy: one for each alternative of each choice, 1 for those taken."""
        return sum(self.sizes)

    @property
    def slots(self) -> int:
        """Numbers that an action is made of."""
        return len(self.sizes)

    @property
    def scalar(self) -> bool:
        """Whether an action is one integer and no array."""
        return len(self.sizes) == 1

    def __str__(self) -> str:
        """Return how one says it: ``2 actions``, ``8 x 8 actions``."""
        return f"{' x '.join(map(str, self.sizes))} actions" if self.width else "no actions"


@dataclass(frozen=True)
class Continuous:
    """Actions by degrees, an array (dimensions,) of floats.

    Attributes
    ----------
    low, high : tuple of float
        Bounds of each dimension in the task's own units. The circuit acts in [-1, 1], which is stretched over
        the bounds; a dimension without two finite bounds is passed on as it is.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    by_degrees = True

    @property
    def width(self) -> int:
        """Entries of an efference copy: the actions taken, in [-1, 1]."""
        return len(self.low)

    @property
    def slots(self) -> int:
        """Numbers that an action is made of."""
        return len(self.low)

    @property
    def scalar(self) -> bool:
        """Whether an action is one integer and no array: never."""
        return False

    @property
    def bounded(self) -> tuple[bool, ...]:
        """Whether each dimension has two finite bounds."""
        return tuple(math.isfinite(a) and math.isfinite(b) for a, b in zip(self.low, self.high, strict=True))

    def __str__(self) -> str:
        """Return how one says it: ``1 continuous action``."""
        return f"{self.width} continuous action{'s' if self.width > 1 else ''}"


Actions = Discrete | Continuous


def actions_of(given: int | Actions) -> Actions:
    """Return a plain number of actions as one choice; anything else as it is."""
    return Discrete((given,)) if isinstance(given, int) else given
