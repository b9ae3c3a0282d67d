"""Keep Python's garbage collector out of the way where there is no garbage: while modules load, and at the end.

Loading JAX makes some hundred thousand objects that all stay. Looking through them again and again for garbage takes a
tenth of the time to the first decision, and looking once more before the process ends takes half a second.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collect_as_usual", "quick_start"]

RARELY = 200_000  # new objects between two collections, not 700
USUAL = gc.get_threshold()


@contextmanager
def quick_start() -> Iterator[None]:
    """Collect garbage rarely until :func:`collect_as_usual`, or until the context ends."""
    if gc.get_threshold() == USUAL:  # else somebody has chosen
        gc.set_threshold(RARELY, *USUAL[1:])
    atexit.register(
        gc.freeze
    )  # what is frozen is not looked through; the system takes the memory back anyway
    try:
        yield
    finally:
        collect_as_usual()


def collect_as_usual() -> None:
    """Collect garbage as Python does by itself: for what takes long."""
    if gc.get_threshold()[0] == RARELY:
        gc.set_threshold(*USUAL)
