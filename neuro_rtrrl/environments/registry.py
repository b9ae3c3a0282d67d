"""Find an environment by name: gymnax's, POPGym's, or one that an installed package offers.

A package offers environments under the entry-point group ``neuro_rtrrl.environments``; each is a callable
that takes its parameters as keywords and returns an :class:`~neuro_rtrrl.environments.base.Environment`::

    [project.entry-points."neuro_rtrrl.environments"]
    "TMaze-mine" = "my_package.tmaze:make"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from neuro_rtrrl.environments import catalogue
from neuro_rtrrl.environments.base import Environment, masked, watched
from neuro_rtrrl.environments.foreign import made_by
from neuro_rtrrl.environments.own_file import OwnFile, factory_of
from neuro_rtrrl.environments.popgym.table import TABLE as POPGYM
from neuro_rtrrl.environments.protocol import Schedule
from neuro_rtrrl.errors import CircuitError, Problem, nearest

__all__ = ["GROUP", "available", "known", "make"]

GROUP = "neuro_rtrrl.environments"


def available() -> tuple[str, ...]:
    """Return all names that :func:`make` knows, sorted; starts neither JAX nor any environment."""
    return tuple(sorted({*catalogue.names(), *_installed()}))


def make(
    name: str,
    parameters: Mapping[str, Any] | None = None,
    observe: str | Sequence[str | int] | None = None,
    own: OwnFile | None = None,
    protocol: Schedule | None = None,
    watch: bool = False,
) -> Environment:
    """Return environment ``name`` with its own ``parameters``, showing only the entries in ``observe``.

    Parameters
    ----------
    name : str
        One of :func:`available`. gymnax's and POPGym's names come first and cannot be taken by another package.
    parameters : mapping, optional
        Parameters that differ from the environment's defaults.
    observe : word, or sequence of names or indices, optional
        Observation entries to keep, in order; all by default. A word is odd, even or first_half.
    own : OwnFile, optional
        The user's file that makes it; ``name`` is then what it is to be called.
    protocol : Schedule, optional
        The schedule that it follows; so too.
    watch : bool
        Keep the whole observation, whatever is masked, in the state.

    Raises
    ------
    CircuitError
        If a name, a parameter or an observation entry is unknown or unusable.
    """
    parameters = dict(parameters or {})
    installed = _installed()
    if protocol is not None:
        from neuro_rtrrl.environments.protocol.machine import make_protocol

        environment = make_protocol(protocol, name)
    elif own is not None:
        environment = _own(name, parameters, own)
    elif name in POPGYM:
        from neuro_rtrrl.environments.popgym.adapter import make_popgym

        environment = make_popgym(name, parameters)
    elif name in catalogue.names() or name in catalogue.UNSUPPORTED:
        from neuro_rtrrl.environments.gymnax_adapter import make_gymnax

        environment = make_gymnax(name, parameters)
    elif family := _family(name):
        environment = family(name, parameters)
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
    environment = watched(environment) if watch else environment
    try:
        return masked(environment, catalogue.select(environment, observe))
    except ValueError as error:
        raise CircuitError(Problem(str(error), where="environment.observe")) from None


def known(name: str) -> bool:
    """Return whether :func:`make` may know the name; gymnasium and brax alone know all of theirs."""
    return _family(name) is not None or name in available()


def _family(name: str) -> Callable[..., Environment] | None:
    """Return what makes the environments of another package that are named ``package/name``."""
    if name.startswith("gymnasium/"):
        from neuro_rtrrl.environments.gymnasium_adapter import make_gymnasium

        return make_gymnasium
    if name.startswith("brax/"):
        from neuro_rtrrl.environments.brax_adapter import make_brax

        return make_brax
    return None


def _installed() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _load(entry: EntryPoint, parameters: dict[str, Any]) -> Environment:
    """Make a package's environment; whatever it does wrong is reported under its name."""
    called = f"'{entry.name}' ({entry.value})"
    try:
        factory = entry.load()
    except Exception as error:
        message = f"environment {called} could not be loaded: {error}"
        raise CircuitError(Problem(message, where="environment.name")) from error
    return made_by(factory, parameters, called)


def _own(name: str, parameters: dict[str, Any], own: OwnFile) -> Environment:
    """Make the environment of the user's own file."""
    if name in catalogue.names() or name in catalogue.UNSUPPORTED:
        message = f"'{name}' is an environment that comes with the package"
        hint = "call yours by another name, or leave 'file' out"
        raise CircuitError(Problem(message, where="environment.name", found=name, hint=hint))
    environment = made_by(factory_of(own, name), parameters, f"'{name}'", own.path)
    return replace(environment, name=name)
