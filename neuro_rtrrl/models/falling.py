"""Rates that fall linearly with time to a floor, one clock for a whole group of plasticity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neuro_rtrrl.models.declarations import Parameter, State

__all__ = ["Falling", "falling"]


@dataclass(frozen=True)
class Falling:
    """What a rate that falls declares: two parameters, two broadcast states, and the lines that move them."""

    parameters: tuple[Parameter, Parameter]
    states: tuple[State, State]
    clock: str


def falling(name: str, rate: str, prefix: str = "") -> Falling:
    """Return the declaration of a rate that can fall.

    Without a fall both lines vanish in lowering. In single precision an age is exact up to 2**24, about 17 million
    decisions, where it stops.

    Parameters
    ----------
    name : str
        The parameters are called ``name_fall`` and ``name_floor``.
    rate : str
        What falls, for people.
    prefix : str
        Of the states ``age`` and ``pace``.
    """
    share: dict[str, Any] = {"default": 0.0, "minimum": 0.0, "maximum": 1.0}
    kept: dict[str, Any] = {"role": "optimiser", "resets": False, "broadcast": True}
    age, pace = f"{prefix}age", f"{prefix}pace"
    return Falling(
        (
            Parameter(
                f"{name}_fall",
                description=f"share of the {rate} that is lost each decision; 0 keeps it",
                **share,
            ),
            Parameter(
                f"{name}_floor", description=f"share of the {rate} below which it never falls", **share
            ),
        ),
        (
            State(age, description="decisions so far", **kept),
            State(pace, initial=1.0, description=f"present share of the {rate}", **kept),
        ),
        f"""
    {age} = {age} + 1
    {pace} = maximum(1 - {name}_fall*{age}, {name}_floor)
""",
    )
