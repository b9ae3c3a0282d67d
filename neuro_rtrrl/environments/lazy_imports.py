"""Import one environment of gymnax without all that its packages would load beside it.

``import gymnax`` loads every environment, all of flax for one class decorator and all of gymnasium for a few shapes,
which takes as long as JAX itself: :func:`aside` leaves that out. Some environments also load plotting libraries for
their pictures (seaborn with pandas and scipy.stats, matplotlib.pyplot). Until something draws with them, a stand-in
takes their place and becomes the real module at the first use: :func:`load_lazily`. (:class:`importlib.util.LazyLoader`
would load at once: the import statement itself reads ``__spec__``.)
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

__all__ = ["aside", "load_lazily"]


class _StandIn(ModuleType):
    """Becomes the module that it is named after when an attribute is asked for."""

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        real = importlib.import_module(self.__name__)
        self.__dict__.update(real.__dict__)
        return getattr(real, name)


def load_lazily(name: str) -> None:
    """Make ``import name`` return at once; the module's code runs when one of its attributes is first used."""
    if name in sys.modules:
        return
    specification = importlib.util.find_spec(name)
    if specification is None:
        return
    module = _StandIn(name)
    module.__spec__ = specification
    sys.modules[name] = module
    package, _, leaf = name.rpartition(".")
    if package:
        setattr(sys.modules[package], leaf, module)


@contextmanager
def aside(*packages: str) -> Iterator[None]:
    """Let modules of ``packages`` be imported without the packages' own code, and forget them afterwards.

    What was imported lives on in whoever holds it, as a copy of its own; a later ``import`` of the same names starts
    afresh and finds nothing half done. Packages that are loaded already, or not installed, are left as they are.
    Parents come before their children.
    """
    opened: list[str] = []
    try:
        for name in packages:
            specification = importlib.util.find_spec(name) if name not in sys.modules else None
            if specification is not None and specification.submodule_search_locations is not None:
                sys.modules[name] = importlib.util.module_from_spec(specification)  # its code has not run
                opened.append(name)
        yield
    finally:
        inside = tuple(f"{name}." for name in opened)
        for name in [name for name in sys.modules if name in opened or name.startswith(inside)]:
            del sys.modules[name]
