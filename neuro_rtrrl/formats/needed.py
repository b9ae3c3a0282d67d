"""Packages that only some formats need."""

from __future__ import annotations

import importlib
from types import ModuleType

from neuro_rtrrl.errors import Problem, RunError

__all__ = ["needed"]


def needed(module: str, extra: str) -> ModuleType:
    """Import a package of an extra.

    Raises
    ------
    RunError
        If it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        hint = f'pip install "neuro-rtrrl[{extra}]"'
        raise RunError(Problem(f"{module.split('.')[0]} is not installed", hint=hint)) from error
