"""The circuit: built from its description, checked, frozen; wiring, initial values, interventions, audit."""

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
