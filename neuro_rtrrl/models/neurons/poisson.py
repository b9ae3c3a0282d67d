"""Poisson spike source."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter

POISSON = NeuronModel(
    name="poisson",
    summary="Fires independently in each time step with probability rate * dt.",
    source="Gerstner et al. 2014, Neuronal Dynamics, ch. 7.2",
    parameters=(Parameter("rate", "hertz", minimum=0.0, description="firing rate"),),
    threshold="chance < rate*dt",
    senders={"spikes": ("spike",)},
    receivers={},
    noise=("chance",),
)
