"""A protocol as plain data: every time a whole number of decisions, every name an index."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from neuro_rtrrl.environments.spaces import Discrete
from neuro_rtrrl.models.declarations import IF_SET

__all__ = ["OBSERVERS", "REWARD", "Event", "Interval", "Phase", "Schedule", "TrialType"]

REWARD = -1
"""The channel of a reward, where a stimulus has its index."""

OBSERVERS = ("trial", "phase", "type", "time", "reward")
"""Entries that tell the observer and not the circuit: trial, phase and type count from 0, ``time`` is that since the
trial's start in seconds, ``reward`` the one that comes with this observation."""


@dataclass(frozen=True)
class Event:
    """What happens in a trial.

    Attributes
    ----------
    channel : int
        Index of the stimulus, or ``REWARD``.
    value : float
        What the stimulus shows, or the reward's size; the least of it, where there is a highest.
    earliest, latest : int
        Onset in decisions after the trial's start, drawn evenly between the two, both included. Of a reward in answer
        to an action: the first and the last decision whose choice is answered.
    length : int
        For how many decisions it is shown; 1 for a reward.
    probability : float
        With which it happens in a trial.
    action : int, optional
        A reward that comes only if this action is taken in time; the first one counts.
    delay : int
        Decisions from that action to the reward, at least 1.
    highest : float, optional
        A stimulus whose value is drawn anew in each trial, evenly between ``value`` and this.
    """

    channel: int
    value: float
    earliest: int
    latest: int
    length: int = 1
    probability: float = 1.0
    action: int | None = None
    delay: int = 1
    highest: float | None = field(default=None, metadata=IF_SET)


@dataclass(frozen=True)
class TrialType:
    """A kind of trial: ``duration`` decisions in which its events happen."""

    name: str
    duration: int
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Phase:
    """Trials of some types.

    Attributes
    ----------
    trials : int or None
        How many; None, or whatever stands at the last phase: as many as the run has time for.
    types : tuple of int
        Indices of trial types: with ``probabilities`` drawn for each trial, else in this order, over and over.
    shuffled : bool
        Each pass through ``types`` is in an order of its own, so that the proportions are exact.
    """

    name: str
    trials: int | None
    types: tuple[int, ...]
    probabilities: tuple[float, ...] | None = None
    shuffled: bool = False


@dataclass(frozen=True)
class Interval:
    """Decisions between the end of a trial and the next: ``fixed`` (n), ``uniform`` (low, high), both included, or
    ``geometric`` (mean, minimum, maximum), whose hazard is flat, as the exponential's is in continuous time.
    """

    kind: Literal["fixed", "uniform", "geometric"] = "fixed"
    arguments: tuple[int, ...] = (0,)

    @property
    def longest(self) -> int:
        """The most decisions it lasts; a geometric one without a maximum exceeds that once in ten million."""
        if self.kind != "geometric":
            return self.arguments[-1]
        mean, minimum, *maximum = self.arguments
        return maximum[0] if maximum else minimum + 17 * (mean - minimum + 1)


@dataclass(frozen=True)
class Schedule:
    """A protocol in decisions.

    Attributes
    ----------
    decision_interval : float
    stimuli, actions : tuple of str
        Without actions the circuit only watches.
    taps, width : int
        The complete serial compound: neurons of each stimulus, and decisions for which each is active. 0: none.
    episode : {"stream", "terminates", "truncates"}
        Whether a trial ends an episode.
    """

    decision_interval: float
    stimuli: tuple[str, ...]
    types: tuple[TrialType, ...]
    phases: tuple[Phase, ...]
    interval: Interval = Interval()
    taps: int = 0
    width: int = 1
    actions: tuple[str, ...] = ()
    episode: Literal["stream", "terminates", "truncates"] = "stream"

    @cached_property
    def compound(self) -> tuple[str, ...]:
        """Names of the compound's neurons: ``light_0`` is active at the onset of the light."""
        return tuple(f"{stimulus}_{tap}" for stimulus in self.stimuli for tap in range(self.taps))

    @cached_property
    def observation(self) -> tuple[str, ...]:
        """Names of all that is shown: stimuli, the compound's neurons, then what only the observer is told."""
        return (*self.stimuli, *self.compound, *OBSERVERS)

    @property
    def shown(self) -> tuple[int, ...]:
        """What a circuit sees unless it says otherwise: the compound where there is one, else the stimuli."""
        start = len(self.stimuli) if self.taps else 0
        return tuple(range(start, start + (len(self.compound) if self.taps else len(self.stimuli))))

    @property
    def choices(self) -> Discrete:
        """What can be done."""
        return Discrete((len(self.actions),))
