"""A schedule as two pure JAX functions, all of it read from tables.

What is random in a trial (its type, which events happen and when, the interval after it) is drawn with the key of the
step that begins it, as 24-bit uniform numbers: the same in both precisions.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.protocol.schedule import REWARD, Schedule
from neuro_rtrrl.environments.protocol.tables import NEVER, Tables, pick

__all__ = ["make_protocol"]


def make_protocol(schedule: Schedule, name: str = "protocol") -> Environment:
    """Return the schedule as an environment whose observation is ``schedule.observation``.

    A trial is decisions 0 to ``duration - 1``; then comes the interval, in which nothing is shown. An action is
    answered by what the next decision shows. After its last phase the protocol goes on with that phase. Where a trial
    is an episode, its last decision ends it and :attr:`Environment.resume` begins the next one.
    """
    machine = _Machine(schedule)
    resume = None if schedule.episode == "stream" else machine.resume
    return Environment(
        name, schedule.observation, schedule.choices, machine.reset, machine.step, resume=resume
    )


class _Machine:
    """What ``reset``, ``resume`` and ``step`` share. No array of a state is empty: a single kernel cannot hold it."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule, self.tables = schedule, Tables(schedule)
        self._ends_by_chance = schedule.interval.kind == "geometric"
        self._end = schedule.taps * schedule.width  # decisions until a stimulus has passed its last tap

    def reset(self, key: Any) -> tuple[Any, Any]:
        """Begin the first trial."""
        state = self._begin(key, jnp.int32(0), self._silence())
        return self._show(state)[:2]

    def resume(self, key: Any, state: Any) -> tuple[Any, Any]:
        """Begin the next trial as a new episode; the first one again where none has ended."""
        ended = state["t"] >= pick(self.tables.duration, state["type"]) - 1
        before = {**state, **self._silence()}
        if "left" in state:
            before["left"] = state["left"]
        return self._show(self._begin(key, state["trial"] + ended, before))[:2]

    def step(self, key: Any, state: Any, action: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Answer the action, go on by one decision; the next trial's numbers are drawn whether it begins or not."""
        state = {**state, **self._answered(state, action), "t": state["t"] + 1}
        never = jnp.zeros((), bool)
        if self.schedule.episode != "stream":
            observation, state, reward = self._show(state)
            over = state["t"] >= pick(self.tables.duration, state["type"]) - 1
            terminates = self.schedule.episode == "terminates"
            return observation, state, reward, over if terminates else never, never if terminates else over
        over = self._over(key, state)
        new = self._begin(key, state["trial"] + 1, state)
        state = jax.tree.map(lambda fresh, old: jnp.where(over, fresh, old), new, state)
        observation, state, reward = self._show(state)
        return observation, state, reward, never, never

    # --- a trial ----------------------------------------------------------------------------------------------

    def _silence(self) -> dict[str, Any]:
        """Return what outlasts a trial, before the first: only what this schedule needs."""
        stimuli, state = len(self.schedule.stimuli), {}
        if self.schedule.taps:
            state["since"] = jnp.full(stimuli, self._end, jnp.int32)
            state["strength"] = jnp.zeros(stimuli, jnp.result_type(float))
        if self.tables.shuffled.any():
            state["left"] = jnp.zeros(len(self.schedule.types), jnp.int32)
        return state

    def _begin(self, key: Any, trial: Any, before: dict[str, Any]) -> dict[str, Any]:
        """Draw all that is random in a trial."""
        tables, events = self.tables, self.tables.events
        drawn = iter(self._uniforms(key))
        phase = sum((jnp.int32(trial >= end) for end in tables.ends[:-1].tolist()), jnp.int32(0))
        lasting = {name: before[name] for name in ("since", "strength", "left") if name in before}
        kind = self._type(trial, phase, lasting, drawn)
        starts = pick(tables.earliest, kind)
        if tables.jittered:
            spread = pick(tables.spread, kind)
            starts = starts + self._many(
                drawn, events, lambda u: jnp.floor(u * (spread + 1)).astype(jnp.int32)
            )
        if tables.uncertain:
            probability = pick(tables.probability, kind)
            starts = jnp.where(self._many(drawn, events, lambda u: u < probability), starts, NEVER)
        if tables.graded:
            reach = pick(tables.reach.astype(jnp.result_type(float)), kind)
            lasting["above"] = self._many(drawn, events, lambda u: u * reach)
        length = pick(tables.duration, kind) + self._interval(drawn)
        if tables.instrumental:
            lasting["due"] = jnp.full(events, NEVER, jnp.int32)
        return {
            **lasting,
            "trial": jnp.asarray(trial, jnp.int32),
            "phase": phase,
            "type": kind,
            "t": jnp.int32(0),
            "length": jnp.asarray(length, jnp.int32),
            "starts": starts,
        }

    def _uniforms(self, key: Any) -> list[Any]:
        """Return the uniform numbers of a step: what a trial draws, last whether an interval ends here."""
        count = self.tables.draws + self._ends_by_chance
        return list(jax.random.uniform(key, (count,), jnp.float32)) if count else []

    def _over(self, key: Any, state: dict[str, Any]) -> Any:
        """Whether the trial and the interval after it have ended; a geometric one ends with a fixed probability."""
        over = state["t"] >= state["length"]
        if not self._ends_by_chance:
            return over
        mean, minimum, *maximum = self.schedule.interval.arguments
        ends = self._uniforms(key)[-1] < np.float32(1 / (1 + mean - minimum))
        if maximum:
            ends = ends | (state["t"] >= state["length"] + (maximum[0] - minimum))
        return over & ends

    @staticmethod
    def _many(drawn: Any, count: int, function: Any) -> Any:
        return function(jnp.stack([next(drawn) for _ in range(count)]))

    def _type(self, trial: Any, phase: Any, lasting: dict[str, Any], drawn: Any) -> Any:
        """Return the type of a trial; ``lasting["left"]`` is how many of each are left of a shuffled pass."""
        tables = self.tables
        within = trial - pick(tables.begins, phase)
        length = pick(tables.order_length, phase)
        place = within % length
        kind = pick(tables.order, phase)
        kind = jnp.sum(jnp.where(jnp.arange(kind.size) == place, kind, 0))
        uniform = next(drawn) if tables.draws_types else None
        if tables.drawn.any():
            chosen = jnp.sum(uniform >= pick(tables.cumulative, phase), dtype=jnp.int32)
            kind = jnp.where(
                pick(tables.drawn, phase), jnp.minimum(chosen, len(self.schedule.types) - 1), kind
            )
        if tables.shuffled.any():  # drawing without replacement is a shuffled order
            left = jnp.where(place == 0, pick(tables.counts, phase), lasting["left"])
            rank = jnp.floor(uniform * (length - place)).astype(jnp.int32)
            chosen = jnp.sum(rank >= jnp.cumsum(left), dtype=jnp.int32)
            kind = jnp.where(pick(tables.shuffled, phase), chosen, kind)
            lasting["left"] = (left - (jnp.arange(left.size) == kind)).astype(jnp.int32)
        return kind.astype(jnp.int32)

    def _interval(self, drawn: Any) -> Any:
        """Return the least number of decisions until the next trial."""
        kind, arguments = self.schedule.interval.kind, self.schedule.interval.arguments
        if kind == "geometric":
            return arguments[1]
        if kind == "fixed":
            return arguments[0]
        low, high = arguments
        return low + jnp.floor(next(drawn) * np.float32(high - low + 1)).astype(jnp.int32)

    def _answered(self, state: dict[str, Any], action: Any) -> dict[str, Any]:
        """Return when rewards that an action has earned come."""
        tables = self.tables
        if not tables.instrumental:
            return {}
        kind, t, due = state["type"], state["t"], state["due"]
        wanted = pick(tables.action, kind)
        in_time = (t >= state["starts"]) & (t <= pick(tables.latest, kind))
        earned = (wanted == action) & in_time & (due == NEVER)
        return {"due": jnp.where(earned, t + pick(tables.delay, kind), due).astype(jnp.int32)}

    # --- what is seen -----------------------------------------------------------------------------------------

    def _show(self, state: dict[str, Any]) -> tuple[Any, dict[str, Any], Any]:
        """Return the observation, the state with the times since each onset, and the reward."""
        schedule, tables = self.schedule, self.tables
        real = jnp.result_type(float)
        kind, t = state["type"], state["t"]
        starts = state["starts"]
        if tables.instrumental:
            starts = jnp.where(pick(tables.action, kind) >= 0, state["due"], starts)
        active = (t >= starts) & (t < starts + pick(tables.length, kind))
        weight = pick(tables.weight.astype(real), kind)
        if tables.graded:
            on = jnp.concatenate(
                [pick(tables.of_stimulus, kind), jnp.zeros((tables.events, 1), bool)], axis=1
            )
            weight = weight + jnp.where(on, state["above"][:, None], 0)
        shown = jnp.sum(jnp.where(active[:, None], weight, 0), axis=0)
        stimuli, reward = shown[:-1], shown[REWARD]
        parts = [stimuli]
        if schedule.taps:
            begins = (t == starts)[:, None] & pick(tables.of_stimulus, kind)
            onset = jnp.any(begins, axis=0)
            since = jnp.where(onset, 0, jnp.minimum(state["since"] + 1, self._end)).astype(jnp.int32)
            strength = jnp.where(onset, stimuli, state["strength"])
            state = {**state, "since": since, "strength": strength}
            here = (since // schedule.width)[:, None] == jnp.arange(schedule.taps)
            parts.append(jnp.where(here, strength[:, None], 0).reshape(-1))
        told = [state["trial"], state["phase"], kind, t * schedule.decision_interval, reward]
        parts.append(jnp.stack([jnp.asarray(each, real) for each in told]))
        return jnp.concatenate(parts), state, reward
