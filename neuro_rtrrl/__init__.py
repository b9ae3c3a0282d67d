"""Real-time recurrent reinforcement learning: one circuit file, two simulators, one hardware ledger.

>>> import neuro_rtrrl as nr
>>> circuit = nr.load("circuits/bg.yaml")
>>> result = nr.simulate(circuit, decisions=200_000, seeds=5)
>>> nr.cost(circuit, "loihi1")

Public names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOME = {
    "Circuit": "neuro_rtrrl.graph",
    "CircuitError": "neuro_rtrrl.errors",
    "NeuroRtrrlError": "neuro_rtrrl.errors",
    "Result": "neuro_rtrrl.results",
    "RunError": "neuro_rtrrl.errors",
    "audit": "neuro_rtrrl.graph.audit",
    "check": "neuro_rtrrl.api",
    "compare": "neuro_rtrrl.api",
    "cost": "neuro_rtrrl.api",
    "dose_response": "neuro_rtrrl.api",
    "draw": "neuro_rtrrl.api",
    "fit": "neuro_rtrrl.api",
    "load": "neuro_rtrrl.api",
    "load_results": "neuro_rtrrl.api",
    "parity": "neuro_rtrrl.api",
    "plot": "neuro_rtrrl.plot",
    "simulate": "neuro_rtrrl.api",
    "to_csv": "neuro_rtrrl.formats",
    "to_neo": "neuro_rtrrl.formats",
    "to_nwb": "neuro_rtrrl.formats",
    "study": "neuro_rtrrl.api",
    "word_lengths": "neuro_rtrrl.ledger.word_lengths",
}

__all__ = [
    "Circuit",
    "CircuitError",
    "NeuroRtrrlError",
    "Result",
    "RunError",
    "__version__",
    "audit",
    "check",
    "compare",
    "cost",
    "dose_response",
    "draw",
    "fit",
    "load",
    "load_results",
    "parity",
    "plot",
    "simulate",
    "study",
    "to_csv",
    "to_neo",
    "to_nwb",
    "word_lengths",
]

if TYPE_CHECKING:
    from neuro_rtrrl import plot
    from neuro_rtrrl.api import (
        check,
        compare,
        cost,
        dose_response,
        draw,
        fit,
        load,
        load_results,
        parity,
        simulate,
        study,
    )
    from neuro_rtrrl.errors import CircuitError, NeuroRtrrlError, RunError
    from neuro_rtrrl.formats import to_csv, to_neo, to_nwb
    from neuro_rtrrl.graph import Circuit
    from neuro_rtrrl.graph.audit import audit
    from neuro_rtrrl.ledger.word_lengths import word_lengths
    from neuro_rtrrl.results import Result


def __getattr__(name: str):
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'neuro_rtrrl' has no attribute '{name}'")
    module = importlib.import_module(home)
    return module if name == "plot" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
