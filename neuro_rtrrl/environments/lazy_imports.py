"""Import gymnax without the plotting library that one of its environments loads for its pictures.

``import gymnax`` loads every environment, and Pong loads seaborn (with pandas and scipy.stats), which takes longer than
everything else together. Until something draws with it, a lazy module stands in for it: the standard library's own
:class:`importlib.util.LazyLoader`, which loads the real one at its first use.
"""

from __future__ import annotations

import importlib.util
import sys

__all__ = ["load_lazily"]


def load_lazily(name: str) -> None:
    """Make ``import name`` return at once; the module's code runs when one of its attributes is first used."""
    if name in sys.modules:
        return
    specification = importlib.util.find_spec(name)
    if specification is None or specification.loader is None:
        return
    specification.loader = importlib.util.LazyLoader(specification.loader)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
