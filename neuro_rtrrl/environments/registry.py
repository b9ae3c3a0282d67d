"""Find an environment by name: gymnax's, POPGym's, or one that an installed package offers.

A package offers environments under the entry-point group ``neuro_rtrrl.environments``; each is a callable
that takes its parameters as keywords and returns an :class:`~neuro_rtrrl.environments.base.Environment`::

    [project.entry-points."neuro_rtrrl.environments"]
    "TMaze-mine" = "my_package.tmaze:make"
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from neuro_rtrrl.environments import catalogue
from neuro_rtrrl.environments.base import Environment, masked
from neuro_rtrrl.environments.popgym.table import TABLE as POPGYM
from neuro_rtrrl.errors import CircuitError, Problem, nearest

__all__ = ["GROUP", "available", "make"]

GROUP = "neuro_rtrrl.environments"


def available() -> tuple[str, ...]:
    """Return all names that :func:`make` knows, sorted; starts neither JAX nor any environment."""
    return tuple(sorted({*catalogue.names(), *_installed()}))


def make(
    name: str, parameters: Mapping[str, Any] | None = None, observe: Sequence[str | int] | None = None
) -> Environment:
    """Return environment ``name`` with its own ``parameters``, showing only the entries in ``observe``.

    Parameters
    ----------
    name : str
        One of :func:`available`. gymnax's and POPGym's names come first and cannot be taken by another package.
    parameters : mapping, optional
        Parameters that differ from the environment's defaults.
    observe : sequence of names or indices, optional
        Observation entries to keep, in order; all by default.

    Raises
    ------
    CircuitError
        If a name, a parameter or an observation entry is unknown or unusable.
    """
    parameters = dict(parameters or {})
    installed = _installed()
    if name in POPGYM:
        from neuro_rtrrl.environments.popgym.adapter import make_popgym

        environment = make_popgym(name, parameters)
    elif name in catalogue.names() or name in catalogue.UNSUPPORTED:
        from neuro_rtrrl.environments.gymnax_adapter import make_gymnax

        environment = make_gymnax(name, parameters)
    elif name in installed:
        environment = _load(installed[name], parameters)
    else:
        known = available()
        raise CircuitError(
            Problem(
                f"there is no environment '{name}'",
                where="environment.name",
                available=known,
                hint=nearest(name, known),
            )
        )
    try:
        return masked(environment, catalogue.select(environment, observe))
    except ValueError as error:
        raise CircuitError(Problem(str(error), where="environment.observe")) from None


def _installed() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _load(entry: EntryPoint, parameters: dict[str, Any]) -> Environment:
    """Call a package's factory and hold it to the form; whatever it does wrong is reported under its name."""

    def problem(message: str, **details: Any) -> CircuitError:
        return CircuitError(Problem(f"environment '{entry.name}' ({entry.value}) {message}", **details))

    try:
        factory = entry.load()
    except Exception as error:
        raise problem(f"could not be loaded: {error}", where="environment.name") from error
    try:
        inspect.signature(factory).bind(**parameters)
    except TypeError as error:
        accepted = tuple(inspect.signature(factory).parameters)
        raise problem(
            f"refuses its parameters: {error}", where="environment.parameters", available=accepted
        ) from None
    try:
        environment = factory(**parameters)
    except Exception as error:
        raise problem(f"could not be made: {error}", where="environment") from error
    if not isinstance(environment, Environment):
        raise problem(
            f"returned {type(environment).__name__} and not an Environment", where="environment.name"
        )
    return environment
