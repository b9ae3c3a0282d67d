"""The host's side of gymnasium: an instance for each episode that is under way, known by the episode's name."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from neuro_rtrrl.environments.failures import note
from neuro_rtrrl.errors import Problem, RunError

__all__ = ["Host"]

MOST_REMEMBERED = 256  # episodes that have ended, or were left behind when their run ended


class _Episode:
    """One instance in one episode; ``last`` is what the latest step said."""

    def __init__(self, instance: Any) -> None:
        self.instance = instance
        self.time = 0
        self.last = np.zeros(0)


class Host:
    """Makes, resets and steps instances; may be called from several threads.

    Parameters
    ----------
    make : callable
        Returns a new instance.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        example = make()
        self.observation_space, self.action_space = example.observation_space, example.action_space
        self._idle = [example]
        self._everything = [example]
        self._episodes: OrderedDict[tuple[int, int], _Episode] = OrderedDict()
        self._lock = threading.RLock()
        weakref.finalize(self, _close, self._everything)

    def first(self, seed: int) -> np.ndarray:
        """Return what is seen at the start of the episode with this seed, (o,)."""
        instance = self._taken()
        try:
            return self._begun(instance, seed)
        finally:
            with self._lock:
                self._idle.append(instance)

    def step(self, name: tuple[int, int], seed: int, time: int, action: Any) -> np.ndarray:
        """Return what the step at ``time`` of an episode tells: observation, reward, terminated, truncated; (o + 3,).

        Raises
        ------
        RunError
            If the episode is not under way here, or the environment raises.
        """
        with self._lock:
            episode = self._begin(name) if time == 0 else self._episodes.get(name)
        if time == 0 and episode is not None:  # also where a first step was made that nobody has looked at
            self._begun(episode.instance, seed)
            episode.time = 0
        if episode is None or time not in (episode.time, episode.time - 1):
            message = "an episode of gymnasium cannot be taken up in its middle"
            raise note(RunError(Problem(message, where="environment.name", hint="begin the run anew")))
        if time == episode.time:
            episode.last = self._stepped(episode, action)
            episode.time += 1
        return episode.last

    def _begin(self, name: tuple[int, int]) -> _Episode:
        if name in self._episodes:
            return self._episodes[name]
        if len(self._episodes) >= MOST_REMEMBERED:
            self._idle.append(self._episodes.popitem(last=False)[1].instance)
        self._episodes[name] = _Episode(self._taken())
        return self._episodes[name]

    def _taken(self) -> Any:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        instance = self._make()
        with self._lock:
            self._everything.append(instance)
        return instance

    def _begun(self, instance: Any, seed: int) -> np.ndarray:
        from gymnasium import spaces

        observation, _ = self._asked(lambda: instance.reset(seed=seed))
        return np.asarray(spaces.flatten(self.observation_space, observation), float)

    def _stepped(self, episode: _Episode, action: Any) -> np.ndarray:
        from gymnasium import spaces

        observation, reward, terminated, truncated, _ = self._asked(lambda: episode.instance.step(action))
        seen = np.asarray(spaces.flatten(self.observation_space, observation), float)
        return np.concatenate([seen, [float(reward), bool(terminated), bool(truncated)]])

    def _asked(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except Exception as error:
            message = f"the environment of gymnasium failed: {type(error).__name__}: {str(error)[:300]}"
            raise note(RunError(Problem(message, where="environment.name"))) from error


def _close(instances: list[Any]) -> None:
    for instance in instances:
        instance.close()
