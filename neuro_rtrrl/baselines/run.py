"""Run a baseline on an environment and hand on what it earned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from neuro_rtrrl.baselines.settings import ALGORITHMS, Settings, known_algorithm, settings_of
from neuro_rtrrl.environments.spaces import actions_of
from neuro_rtrrl.errors import Problem, RunError

if TYPE_CHECKING:
    from neuro_rtrrl.environments.base import Environment

__all__ = ["run_baseline", "train"]

Deliver = Callable[[np.ndarray, np.ndarray, np.ndarray], None]


def run_baseline(
    environment: Environment,
    algorithm: str,
    seed: int,
    decisions: int,
    settings: Mapping[str, float] | None,
    on_chunk: Callable[[np.ndarray, np.ndarray], None],
) -> None:
    """Train a baseline and hand on rewards and ends of episodes while it learns.

    Parameters
    ----------
    environment : Environment
    algorithm : str
        ``ppo_ctrnn`` or ``ppo_lstm``.
    seed : int
        From 0; everything random follows from it.
    decisions : int
        Decision ticks, counted over all lanes together and as RTRRL counts them: the tick on which an environment
        is reset is one. What is handed on has this many, rounded up to a multiple of the lanes.
    settings : mapping, optional
        What differs from :class:`~neuro_rtrrl.baselines.settings.Settings`.
    on_chunk : callable
        Takes ``reward (lanes, n)``, float, and ``ended (lanes, n)``, bool: the next n ticks of every lane. What it
        raises ends the run.

    Raises
    ------
    CircuitError
        If the algorithm or a setting is unknown or unusable.
    RunError
        If flax or optax is not installed, or the network's numbers are no longer finite.
    """
    recipe = settings_of(settings, actions_of(environment.actions))
    known_algorithm(algorithm)
    train(
        environment,
        algorithm,
        recipe,
        seed,
        decisions,
        lambda reward, terminated, truncated: on_chunk(reward, terminated | truncated),
    )


def train(
    environment: Environment, algorithm: str, settings: Settings, seed: int, decisions: int, deliver: Deliver
) -> None:
    """Train a baseline; as :func:`run_baseline`, with the two ways to end an episode apart.

    Parameters
    ----------
    deliver : callable
        Takes ``reward``, ``terminated`` and ``truncated``, each (lanes, n).
    """
    missing = [name for name in ("flax", "optax") if find_spec(name) is None]
    if missing:
        raise RunError(
            Problem(
                f"baselines need {' and '.join(missing)}",
                hint="install neuro-rtrrl with its extra 'baselines'",
            )
        )
    from neuro_rtrrl.backends.jax.cache import use_cache
    from neuro_rtrrl.baselines.ppo import Learner

    use_cache()
    learner = Learner(environment, ALGORITHMS[known_algorithm(algorithm)], settings, decisions)
    state = learner.start(seed)
    remaining = learner.ticks
    while remaining > 0:
        state, told = learner.update(state)
        if not bool(told.finite):
            done = (learner.ticks - remaining) * settings.lanes
            raise RunError(
                Problem(
                    f"{algorithm} diverged between its decisions {done} and {done + settings.lanes * settings.steps}: "
                    "a parameter is not finite",
                    hint="lower learning_rate, or turn normalise_rewards on",
                )
            )
        kept = min(settings.steps, remaining)
        deliver(*(np.asarray(part).T[:, :kept] for part in (told.reward, told.terminated, told.truncated)))
        remaining -= kept
