"""Leaky neurons with a threshold-linear rate, as in models of action selection."""

from dataclasses import replace

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State

THRESHOLD_LINEAR = NeuronModel(
    name="threshold_linear",
    summary="Leaky neuron, da/dt = (u - a)/tau, whose rate is linear above a threshold and at most 1.",
    source="Gurney, Prescott & Redgrave 2001, Eqs. 1 to 3",
    parameters=(
        Parameter("tau", "second", default=40e-3, minimum=0.0, positive=True, description="time constant"),
        Parameter("threshold", default=0.0, description="activation at which the rate leaves 0"),
        Parameter("slope", default=1.0, minimum=0.0, description="rate gained for each unit of activation"),
    ),
    states=(State("a", description="activation"),),
    inputs=("u",),
    equations="da/dt = (u - a)/tau",
    readout="r = clip(slope*(a - threshold), 0, 1)",
)

THRESHOLD_LINEAR_MODULATED = replace(
    THRESHOLD_LINEAR,
    name="threshold_linear_modulated",
    summary="As threshold_linear, and a neuromodulator scales its input: da/dt = (u*(1 + modulator) - a)/tau.",
    source="Gurney, Prescott & Redgrave 2001, Eqs. 4 and 5 (D1: strength 1, D2: strength -1)",
    equations="da/dt = (u*(1 + modulator) - a)/tau",
)
