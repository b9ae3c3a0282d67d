"""Settings of the baselines, checked without starting JAX."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from neuro_rtrrl.environments.spaces import Actions, Continuous
from neuro_rtrrl.errors import CircuitError, Problem, Problems, nearest

__all__ = ["ALGORITHMS", "Settings", "known_algorithm", "settings_of"]

ALGORITHMS = {"ppo_ctrnn": "ctrnn", "ppo_lstm": "lstm"}
"""Names of the baselines, each with the cell that it learns through."""


@dataclass(frozen=True)
class Settings:
    """What can be chosen of PPO; the defaults are purejaxrl's for recurrent networks, save where said.

    Attributes
    ----------
    units : int
        Recurrent units; 32 as in RTRRL's network (purejaxrl has 128).
    width : int
        Units of a dense layer before the cell and of one before each readout, as in purejaxrl; 0 is none of them, as
        in RTRRL's network, with which PPO learns far slower.
    lanes : int
        Environments side by side (purejaxrl has 4, which leaves a processor idle).
    steps : int
        Ticks of a lane between two updates: the horizon over which gradients flow back.
    epochs, minibatches : int
        Passes over what was collected, and parts of each pass; whole lanes are shuffled into parts.
    learning_rate, anneal, gradient_norm : float, bool, float
        Adam's step, whether it falls linearly to zero over the run, and the global norm that gradients are clipped to.
        The step is purejaxrl's 2.5e-4 times 4, as there are 4 times its lanes and a quarter of its updates.
    discount, trace_decay : float
        gamma, and the lambda of generalised advantage estimation.
    clip : float
        How far the probability ratio and the value may move in one update.
    entropy, value : float
        Weights of the entropy and of the value error in the loss.
    meta_inputs : bool
        Whether the network sees its last action and reward beside the observation.
    normalise_observations, normalise_rewards : bool
        By running statistics, which are the same in learning and in what is reported; on for continuous actions.
    """

    units: int = 32
    width: int = 128
    lanes: int = 16
    steps: int = 128
    epochs: int = 4
    minibatches: int = 4
    learning_rate: float = 1e-3
    anneal: bool = True
    gradient_norm: float = 0.5
    discount: float = 0.99
    trace_decay: float = 0.95
    clip: float = 0.2
    entropy: float = 0.01
    value: float = 0.5
    meta_inputs: bool = True
    normalise_observations: bool = False
    normalise_rewards: bool = False


_FOR_CONTINUOUS = {
    "learning_rate": 3e-4,
    "anneal": False,
    "entropy": 0.0,
    "normalise_observations": True,
    "normalise_rewards": True,
}
"""Where purejaxrl's recipe for continuous actions differs."""

_AT_LEAST = {"units": 1, "width": 0, "lanes": 1, "steps": 1, "epochs": 1, "minibatches": 1}
_UP_TO_ONE = ("discount", "trace_decay")


def known_algorithm(name: str, where: str = "baseline") -> str:
    """Return the name of a baseline.

    Raises
    ------
    CircuitError
        If there is no baseline of that name.
    """
    if name not in ALGORITHMS:
        hint = nearest(name, ALGORITHMS)
        raise CircuitError(
            Problem(f"there is no baseline '{name}'", where, available=tuple(ALGORITHMS), hint=hint)
        )
    return name


def settings_of(given: Mapping[str, float] | None, actions: Actions, where: str = "settings") -> Settings:
    """Return the recipe for a space of actions with what was ``given`` instead of its defaults.

    Parameters
    ----------
    given : mapping, optional
        Settings by name; true and false may be 1 and 0.
    actions : Discrete or Continuous
    where : str
        What the errors call the place of the mapping.

    Raises
    ------
    CircuitError
        If a name is unknown or a value out of range; all problems at once.
    """
    recipe = replace(Settings(), **_FOR_CONTINUOUS) if isinstance(actions, Continuous) else Settings()
    problems, kinds, values = Problems(), {field.name: field.type for field in fields(Settings)}, {}
    for name, value in (given or {}).items():
        if name not in kinds:
            hint = nearest(name, kinds)
            problems.add(f"PPO has no setting '{name}'", where=where, available=tuple(kinds), hint=hint)
            continue
        wrong = _wrong(name, str(kinds[name]), value)
        if wrong:
            problems.add(f"{name} {wrong}", where=f"{where}.{name}", found=str(value))
        else:
            values[name] = {"int": int, "bool": bool, "float": float}[str(kinds[name])](value)
    chosen = replace(recipe, **values)
    if chosen.lanes % chosen.minibatches:
        problems.add(
            f"{chosen.lanes} lanes cannot be parted into {chosen.minibatches} equal minibatches",
            where=f"{where}.minibatches",
            hint="choose a divisor of lanes",
        )
    problems.raise_if_any()
    return chosen


def _wrong(name: str, kind: str, value: object) -> str:
    """Return what is wrong with a value, or nothing."""
    if not isinstance(value, bool | int | float) or not math.isfinite(value):
        return "is a number"
    if kind == "bool":
        return "" if value in (0, 1) else "is true or false"
    if isinstance(value, bool):
        return "is a number"
    if kind == "int":
        least = _AT_LEAST[name]
        return "" if value == int(value) and value >= least else f"is an integer from {least} on"
    if name in _UP_TO_ONE:
        return "" if 0 <= value <= 1 else "is a number from 0 to 1"
    return "" if value >= 0 else "is not negative"
