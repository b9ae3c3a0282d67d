"""A schedule as arrays indexed by phase, trial type and event."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.environments.protocol.schedule import REWARD, Schedule

__all__ = ["NEVER", "Tables", "pick"]

NEVER = 1 << 30
"""A decision that no trial reaches."""


class Tables:
    """Arrays over T trial types with up to E events, and over P phases.

    Attributes
    ----------
    duration : (T,) int32
    earliest, spread, latest, length, delay, action : (T, E) int32
        Of an event that is not there ``earliest`` is ``NEVER``; ``action`` is -1 where none is asked for.
    probability : (T, E) float32
    weight : (T, E, stimuli + 1) float64
        What an event adds to each stimulus and, last, to the reward.
    reach : (T, E) float64
        By how much the value of a stimulus can be more than the least, where it is drawn.
    of_stimulus : (T, E, stimuli) bool
    begins, ends : (P,) int32
        First trial of each phase, and the one after its last; the last phase has no end.
    order : (P, L) int32
        Types in their order, ``order_length`` of them.
    drawn, shuffled : (P,) bool
    cumulative : (P, T) float32
        Of the types' probabilities.
    counts : (P, T) int32
        How often each type occurs in a shuffled pass.
    draws : int
        Uniform numbers that are drawn when a trial begins.
    """

    def __init__(self, schedule: Schedule) -> None:
        types, stimuli = schedule.types, len(schedule.stimuli)
        self.events = max(1, *(len(each.events) for each in types)) if types else 1
        shape = (len(types), self.events)
        self.duration = np.array([each.duration for each in types], np.int32)
        self.earliest = np.full(shape, NEVER, np.int32)
        self.spread, self.latest = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        self.length, self.delay = np.ones(shape, np.int32), np.ones(shape, np.int32)
        self.action = np.full(shape, -1, np.int32)
        self.probability = np.ones(shape, np.float32)
        self.weight = np.zeros((*shape, stimuli + 1))
        self.reach = np.zeros(shape)
        self.of_stimulus = np.zeros((*shape, stimuli), bool)
        for kind, each in enumerate(types):
            for place, event in enumerate(each.events):
                at = kind, place
                self.earliest[at], self.latest[at], self.length[at] = (
                    event.earliest,
                    event.latest,
                    event.length,
                )
                self.probability[at], self.delay[at] = event.probability, event.delay
                self.weight[(*at, event.channel)] = event.value  # REWARD is the last
                if event.highest is not None:
                    self.reach[at] = event.highest - event.value
                if event.channel != REWARD:
                    self.of_stimulus[(*at, event.channel)] = True
                if event.action is not None:
                    self.action[at] = event.action
                else:
                    self.spread[at] = event.latest - event.earliest
        self.instrumental = bool((self.action >= 0).any())
        self.jittered, self.uncertain = bool(self.spread.any()), bool((self.probability < 1).any())
        self.graded = bool(self.reach.any())
        self._phases(schedule)
        self.draws_types = bool(self.drawn.any() or self.shuffled.any())
        intervals = int(schedule.interval.kind == "uniform")
        self.draws = (
            self.draws_types + intervals + self.events * (self.jittered + self.uncertain + self.graded)
        )

    def _phases(self, schedule: Schedule) -> None:
        phases, types = schedule.phases, len(schedule.types)
        trials = [phase.trials or 0 for phase in phases[:-1]]
        self.begins = np.concatenate([[0], np.cumsum(trials)]).astype(np.int32)
        self.ends = np.append(self.begins[1:], NEVER).astype(np.int32)
        self.order_length = np.array([len(phase.types) for phase in phases], np.int32)
        self.order = np.zeros((len(phases), self.order_length.max()), np.int32)
        self.drawn = np.array([phase.probabilities is not None for phase in phases])
        self.shuffled = np.array([phase.shuffled for phase in phases])
        self.cumulative = np.ones((len(phases), types), np.float32)
        self.counts = np.zeros((len(phases), types), np.int32)
        for place, phase in enumerate(phases):
            self.order[place, : len(phase.types)] = phase.types
            self.counts[place] = np.bincount(phase.types, minlength=types)
            if phase.probabilities is not None:
                share = np.zeros(types)
                share[list(phase.types)] = phase.probabilities
                self.cumulative[place] = np.cumsum(share) / share.sum()


def pick(table: np.ndarray, index: Any) -> Any:
    """Return ``table[index]`` for a traced index, with numbers in the place of arrays.

    An array that a jitted function closes over reaches XLA as an argument, and one that is constant does not reach a
    single kernel: XLA aborts (seen with jaxlib 0.10). Numbers are part of the program. Tables are small.
    """
    rows = [_written(row) for row in table]
    found = rows[0]
    for place, row in enumerate(rows[1:], start=1):
        if not np.array_equal(table[place], table[0]):
            found = jnp.where(index == place, row, found)
    return found


def _written(row: np.ndarray) -> Any:
    """Return an array of numbers as JAX operations on each of them."""
    row = np.asarray(row)
    values = row.reshape(-1)
    if row.ndim == 0 or (values == values[0]).all():
        return jnp.full(row.shape, values[0].item(), row.dtype)
    return jnp.stack([jnp.full((), value.item(), row.dtype) for value in values]).reshape(row.shape)
