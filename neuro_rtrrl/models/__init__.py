"""Models as declarations: neurons, plasticity rules, modulators, optimisers; one file each."""

from neuro_rtrrl.models.declarations import (
    IntrinsicRule,
    Model,
    Modulator,
    NeuronModel,
    Optimiser,
    Parameter,
    PlasticityRule,
    State,
)
from neuro_rtrrl.models.registry import models

__all__ = [
    "IntrinsicRule",
    "Model",
    "Modulator",
    "NeuronModel",
    "Optimiser",
    "Parameter",
    "PlasticityRule",
    "State",
    "models",
]
