"""The one form in which both backends see an environment: two pure functions and their sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from neuro_rtrrl.environments.spaces import Actions, Continuous, actions_of

if TYPE_CHECKING:
    from jax import Array

__all__ = ["Environment", "masked", "stretched", "watched"]


@dataclass(frozen=True)
class Environment:
    """An environment as pure functions, made to be jitted, scanned and mapped.

    Attributes
    ----------
    name : str
    observation : tuple of str
        One name per observation entry, in order.
    actions : Discrete or Continuous
        What can be done. A plain number n may be given for one choice among n.
    reset : callable
        ``reset(key) -> (observation (o,), state)``.
    step : callable
        ``step(key, state, action) -> (observation (o,), state, reward (), terminated (), truncated ())``. An action
        is an integer of shape () where there is one choice, integers (choices,) where there are several, and floats
        (dimensions,) in [-1, 1] where actions are continuous, which the environment stretches over their bounds.
    on_host : bool
        Whether a step is a call to Python, which no compiled kernel can hold.
    resume : callable, optional
        ``resume(key, state) -> (observation (o,), state)`` begins the next episode in place of ``reset`` where that
        depends on what was before (the next trial of a protocol). The first episode begins with the state of ``reset``.
    whole : tuple of str
        Names of the entries of ``state["whole"]``, the observation before anything was masked; see :func:`watched`.

    Notes
    -----
    ``step`` never resets: on the last step of an episode it returns the observation that ended it, and the
    caller resets. Keys are typed JAX keys, used up by the call. ``terminated`` (the task ended: the value
    beyond is 0) and ``truncated`` (time ran out: the value beyond is not 0) are separate, and both can be
    true of one step. Observations and rewards are of JAX's default float type; the state's types are the
    same after ``reset`` and after ``step``, so that it can be carried through a scan.
    """

    name: str
    observation: tuple[str, ...]
    actions: Actions
    reset: Callable[[Array], tuple[Array, Any]]
    step: Callable[[Array, Any, Array], tuple[Array, Any, Array, Array, Array]]
    on_host: bool = False
    resume: Callable[[Array, Any], tuple[Array, Any]] | None = None
    whole: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Take a plain number of actions for one choice."""
        object.__setattr__(self, "actions", actions_of(self.actions))

    @property
    def observation_size(self) -> int:
        """Number of observation entries o."""
        return len(self.observation)


def masked(environment: Environment, indices: Sequence[int]) -> Environment:
    """Return the environment with only the observation entries at ``indices``, in that order."""
    import numpy as np  # who only asks for names and sizes needs no arrays

    indices = tuple(indices)
    if indices == tuple(range(environment.observation_size)):
        return environment

    def reset(key):
        observation, state = environment.reset(key)
        return pick(observation), state

    def step(key, state, action):
        observation, *rest = environment.step(key, state, action)
        return (pick(observation), *rest)

    def resume(key, state):
        observation, state = environment.resume(key, state)  # type: ignore[misc]
        return pick(observation), state

    def pick(observation):
        return observation[np.asarray(indices)]

    names = tuple(environment.observation[index] for index in indices)
    again = resume if environment.resume else None
    return replace(environment, observation=names, reset=reset, step=step, resume=again)


def watched(environment: Environment) -> Environment:
    """Return the environment that keeps its observation in its state too, where no mask hides any of it."""

    def keep(observation, state):
        return observation, {"state": state, "whole": observation}

    def reset(key):
        return keep(*environment.reset(key))

    def resume(key, state):
        return keep(*environment.resume(key, state["state"]))  # type: ignore[misc]

    def step(key, state, action):
        observation, after, *rest = environment.step(key, state["state"], action)
        return (*keep(observation, after), *rest)

    again = resume if environment.resume else None
    return replace(environment, reset=reset, step=step, resume=again, whole=environment.observation)


def stretched(action: Array, actions: Continuous) -> Array:
    """Return an action (dimensions,) in [-1, 1] in the task's own units; what is outside counts as the bound.

    A dimension without two finite bounds is left as it is.
    """
    import jax.numpy as jnp
    import numpy as np

    bounded = np.asarray(actions.bounded)
    low = np.where(bounded, actions.low, -1.0).astype(action.dtype)
    high = np.where(bounded, actions.high, 1.0).astype(action.dtype)
    inside = low + (jnp.clip(action, -1, 1) + 1) * ((high - low) / 2)
    return jnp.where(bounded, inside, action)
