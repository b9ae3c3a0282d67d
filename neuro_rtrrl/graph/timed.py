"""An intervention as a value: what it does, to which part, and in which decisions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from neuro_rtrrl.errors import Location

__all__ = ["ALWAYS", "Intervention", "Kind", "Window", "meet"]

Kind = Literal["lesion", "stimulate", "silence", "freeze", "noise", "antagonist", "agonist"]


@dataclass(frozen=True)
class Window:
    """The decisions in which an intervention acts, counted from the first decision of the first run.

    From ``start`` to before ``stop`` (None: to the end), and with ``every`` again after that many decisions, until
    before ``until``.
    """

    start: int = 0
    stop: int | None = None
    every: int | None = None
    until: int | None = None

    @property
    def end(self) -> int | None:
        """The first decision after which nothing acts any more, or None."""
        return self.until if self.every else self.stop

    def on(self, index: Any) -> Any:
        """Return whether it acts in a decision; ``index`` may be an array of NumPy or JAX."""
        acts = index >= self.start
        if self.end is not None:
            acts = acts & (index < self.end)
        if self.every is not None and self.stop is not None:
            acts = acts & ((index - self.start) % self.every < self.stop - self.start)
        return acts

    def stretches(self, limit: int) -> Iterator[tuple[int, float]]:
        """Yield (first decision, first one after) of each pulse that begins before ``limit``."""
        start = self.start
        while start < limit and (self.end is None or start < self.end):
            length = math.inf if self.stop is None else self.stop - self.start
            yield start, min(start + length, math.inf if self.end is None else self.end)
            if self.every is None:
                return
            start += self.every


ALWAYS = Window()


def meet(one: Window, other: Window) -> bool:
    """Return whether there is a decision in which both act."""
    # where both go on for ever, their pattern repeats after a common multiple of their periods
    limit = max(one.start, other.start) + math.lcm(one.every or 1, other.every or 1) + 1
    limit = min([limit, *(each.end for each in (one, other) if each.end is not None)])
    others = list(other.stretches(limit))
    place = 0
    for begin, end in one.stretches(limit):
        while place < len(others) and others[place][1] <= begin:
            place += 1
        if place < len(others) and others[place][0] < end:
            return True
    return False


@dataclass(frozen=True)
class Intervention:
    """One thing that a run does to a circuit; numbers in SI.

    Attributes
    ----------
    name : str
        The noise that it may bring follows from it.
    target : str
        A neuromodulator, population, projection or group of plasticity; what kind of part, ``kind`` says.
    fraction : float
        Of a lesion.
    kind : str
    variable : str
        The input, or the parameter, of a population into which it stimulates or brings noise.
    amount : float
        Amplitude of a stimulation, standard deviation of noise, efficacy of an agonist.
    neurons : tuple of int, optional
        Which ones are silenced or stimulated; all by default.
    dose, half_dose, hill : float
        Of a drug; it occupies ``dose**hill/(dose**hill + half_dose**hill)`` of the receptors.
    receptors : str, optional
        The group of plasticity that a drug acts on; all that reads the modulator by default.
    window : Window, optional
        None for a lesion that is there from the beginning: its synapses do not exist.
    place : Location, optional
        Where it was written.
    """

    name: str
    target: str
    fraction: float = 1.0
    kind: Kind = "lesion"
    variable: str = ""
    amount: float = 0.0
    neurons: tuple[int, ...] | None = None
    dose: float = 0.0
    half_dose: float = 1.0
    hill: float = 1.0
    receptors: str | None = None
    window: Window | None = None
    place: Location | None = field(default=None, compare=False)

    @property
    def occupancy(self) -> float:
        """The fraction of receptors that a drug occupies (Hill 1910; Langmuir's isotherm where hill is 1)."""
        if self.dose == 0.0:
            return 0.0
        try:
            return 1.0 / (1.0 + (self.half_dose / self.dose) ** self.hill)
        except OverflowError:  # next to nothing, by a steep curve
            return 0.0

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing at all: of a fraction, an amplitude or a dose of 0."""
        if self.kind == "lesion":
            return self.fraction == 0.0
        if self.kind == "antagonist":
            return self.occupancy == 0.0
        if self.kind == "agonist":
            return self.occupancy * self.amount == 0.0
        return self.kind in ("stimulate", "noise") and self.amount == 0.0
