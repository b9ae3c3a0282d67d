"""Import gymnax without the plotting libraries that some of its environments load for their pictures.

``import gymnax`` loads every environment; Pong loads seaborn (with pandas and scipy.stats) and Catch matplotlib.pyplot,
which take longer than everything else together. Until something draws with them, a stand-in takes their place and
becomes the real module at the first use. (:class:`importlib.util.LazyLoader` would load at once: the import statement
itself reads ``__spec__``.)
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType

__all__ = ["load_lazily"]


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
