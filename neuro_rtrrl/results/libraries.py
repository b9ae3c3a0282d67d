"""Load what keeping results needs while the run goes on: xarray and matplotlib take half a second to import."""

from __future__ import annotations

import importlib
from contextlib import suppress
from threading import Thread

__all__ = ["load_meanwhile", "wait_until_loaded"]

_LIBRARIES = ("xarray", "netCDF4", "matplotlib.figure", "matplotlib.backends.backend_agg")
_loading: Thread | None = None


def load_meanwhile() -> None:
    """Start to import them beside what runs, which must import nothing of theirs before :func:`wait_until_loaded`."""
    global _loading
    if _loading is None:
        _loading = Thread(target=_load, name="neuro-rtrrl libraries")
        _loading.start()


def wait_until_loaded() -> None:
    """Wait for them, if they are on their way: two threads in one package would see each other's half-made modules."""
    if _loading is not None:
        _loading.join()


def _load() -> None:
    for name in _LIBRARIES:
        with suppress(Exception):  # who needs it will say what is wrong with it
            importlib.import_module(name)
