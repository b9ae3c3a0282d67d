"""Make one of POPGym's tasks by its name and difficulty."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.catalogue import describe, parameter_problems
from neuro_rtrrl.environments.popgym.difficulties import settings_of
from neuro_rtrrl.environments.popgym.table import SUFFIX
from neuro_rtrrl.errors import CircuitError, Problem

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
    "RepeatFirst": ("repeat_first", "repeat_first"),
    "RepeatPrevious": ("repeat_previous", "repeat_previous"),
    "StatelessCartPole": ("stateless_cartpole", "stateless_cartpole"),
}


def make_popgym(name: str, parameters: Mapping[str, Any] | None = None) -> Environment:
    """Return POPGym's task ``name`` as an :class:`Environment`.

    Parameters
    ----------
    name : str
        A name of the table of POPGym's tasks, such as ``RepeatPrevious-popgym``.
    parameters : mapping, optional
        ``difficulty``: easy (the default), medium or hard. ``variant``, where the task has one: popgym (the
        default) or published, for the JAX port on which published tables rest.

    Raises
    ------
    CircuitError
        If a parameter is unknown or unusable, or the actions are continuous.
    """
    parameters = dict(parameters or {})
    info = describe(name, parameters)
    problems = list(parameter_problems(info, parameters))
    if info.actions is None:
        message = f"'{name}' takes continuous actions; circuits choose discrete ones"
        problems.append(Problem(message, where="environment.name"))
    if problems:
        raise CircuitError(problems)
    task = name.removesuffix(SUFFIX)
    settings = settings_of(task, str(info.parameters["difficulty"]))
    if "variant" in info.parameters:
        settings["published"] = info.parameters["variant"] == "published"
    file, function = _TASKS[task]
    reset, step = getattr(import_module(f"neuro_rtrrl.environments.popgym.{file}"), function)(**settings)
    assert info.actions is not None
    return Environment(name, info.observation, info.actions, reset, step)
