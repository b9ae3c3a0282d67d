"""The circuit: built from its description, checked, frozen; wiring, initial values, interventions, audit.

What draws numbers (wiring, initial values) is imported when it is first asked for: checking a file needs no arrays.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from neuro_rtrrl.graph.build import build_circuit, load_circuit
from neuro_rtrrl.graph.circuit import (
    Circuit,
    Distribution,
    EnvironmentChoice,
    Intervention,
    Neuromodulator,
    PlasticityGroup,
    Population,
    Port,
    Projection,
    Recording,
    Timing,
)

if TYPE_CHECKING:
    from neuro_rtrrl.graph.initialise import initial_values
    from neuro_rtrrl.graph.wiring import mask, synapse_count

__all__ = [
    "Circuit",
    "Distribution",
    "EnvironmentChoice",
    "Intervention",
    "Neuromodulator",
    "PlasticityGroup",
    "Population",
    "Port",
    "Projection",
    "Recording",
    "Timing",
    "build_circuit",
    "initial_values",
    "load_circuit",
    "mask",
    "synapse_count",
]

_HOMES = {"initial_values": "initialise", "mask": "wiring", "synapse_count": "wiring"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
