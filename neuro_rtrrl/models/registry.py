"""Finds declarations: every file of a folder here, and whatever installed packages offer by entry point."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from neuro_rtrrl.models.declarations import Model, Modulator, NeuronModel, Optimiser, PlasticityRule

__all__ = ["KINDS", "models", "offered"]

KINDS: dict[str, type[Model]] = {
    "neurons": NeuronModel,
    "plasticity": PlasticityRule,
    "modulators": Modulator,
    "optimisers": Optimiser,
}


@cache
def models(kind: str) -> dict[str, Model]:
    """Return name → declaration for ``neurons``, ``plasticity``, ``modulators`` or ``optimisers``.

    A declaration is any module-level instance of the kind's class in ``neuro_rtrrl/models/<kind>/`` or the object
    behind an entry point of the group ``neuro_rtrrl.<kind>``.
    """
    wanted = KINDS[kind]
    package = importlib.import_module(f"neuro_rtrrl.models.{kind}")
    found: dict[str, Model] = {}
    for module_info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        for value in vars(module).values():
            if isinstance(value, wanted):
                found[value.name] = value
    for entry in offered().select(group=f"neuro_rtrrl.{kind}"):
        value = entry.load()
        if isinstance(value, wanted):
            found.setdefault(value.name, value)  # a package cannot take a built-in name
    return dict(sorted(found.items()))


@cache
def offered() -> Any:  # EntryPoints; Python 3.11 has another class around them
    """Return what installed packages offer; looking through all of them takes some milliseconds each time."""
    return entry_points()
