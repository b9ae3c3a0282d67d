"""Make one of POPGym's tasks by its name and difficulty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.catalogue import describe, parameter_problems
from neuro_rtrrl.environments.popgym.difficulties import settings_of
from neuro_rtrrl.environments.popgym.table import SUFFIX
from neuro_rtrrl.errors import CircuitError

__all__ = ["make_popgym"]

# task to its file and the function in it
_TASKS = {
    "Autoencode": ("autoencode", "autoencode"),
    "Battleship": ("battleship", "battleship"),
    "Concentration": ("concentration", "concentration"),
    "CountRecall": ("count_recall", "count_recall"),
    "HigherLower": ("higher_lower", "higher_lower"),
    "MineSweeper": ("minesweeper", "minesweeper"),
    "MultiarmedBandit": ("multiarmed_bandit", "multiarmed_bandit"),
    "NoisyStatelessCartPole": ("stateless_cartpole", "noisy_stateless_cartpole"),
    "NoisyStatelessPendulum": ("stateless_pendulum", "noisy_stateless_pendulum"),
    "RepeatFirst": ("repeat_first", "repeat_first"),
    "RepeatPrevious": ("repeat_previous", "repeat_previous"),
    "StatelessCartPole": ("stateless_cartpole", "stateless_cartpole"),
    "StatelessPendulum": ("stateless_pendulum", "stateless_pendulum"),
}


def make_popgym(name: str, parameters: Mapping[str, Any] | None = None) -> Environment:
    """Return POPGym's task ``name`` as an :class:`Environment`.

    Parameters
    ----------
    name : str
        A name of the table of POPGym's tasks, such as ``RepeatPrevious-popgym``.
    parameters : mapping, optional
        ``difficulty``: easy (the default), medium or hard. ``variant``, where the task has one: popgym (the
        default) or published, for the JAX port on which published tables rest. ``actions``, where POPGym's are pairs:
        flat (the default), one number, or row_and_column, two choices at a time.

    Raises
    ------
    CircuitError
        If a parameter is unknown or unusable.
    """
    parameters = dict(parameters or {})
    info = describe(name, parameters)
    problems = list(parameter_problems(info, parameters))
    if problems:
        raise CircuitError(problems)
    task = name.removesuffix(SUFFIX)
    settings = settings_of(task, str(info.parameters["difficulty"]))
    if "variant" in info.parameters:
        settings["published"] = info.parameters["variant"] == "published"
    file, function = _TASKS[task]
    reset, step = getattr(import_module(f"neuro_rtrrl.environments.popgym.{file}"), function)(**settings)
    if info.parameters.get("actions") == "row_and_column":
        step = _by_row_and_column(step, settings["width"])
    return Environment(name, info.observation, info.actions, reset, step)


def _by_row_and_column(step: Callable[..., Any], width: int) -> Callable[..., Any]:
    def step_by_pair(key, state, action):
        return step(key, state, action[0] * width + action[1])

    return step_by_pair
