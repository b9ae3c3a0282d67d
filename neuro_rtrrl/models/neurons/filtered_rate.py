"""Smooths spikes to a rate, for readouts that take rates."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State

FILTERED_RATE = NeuronModel(
    name="filtered_rate",
    summary="r is the rate of the spikes that arrive, smoothed by a difference of exponentials of integral 1.",
    source="Frémaux, Sprekeler & Gerstner 2013 (filter of the critic's spikes: 200 ms, 50 ms)",
    parameters=(
        Parameter(
            "tau", "second", default=200e-3, minimum=0.0, positive=True, description="decay of the filter"
        ),
        Parameter(
            "tau_rise", "second", default=50e-3, minimum=0.0, positive=True, description="rise of the filter"
        ),
        Parameter(
            "unit", "hertz", default=1.0, minimum=0.0, positive=True, description="rate at which r is 1"
        ),
    ),
    states=(
        State("arrived", description="what the rate follows"),
        State("rate", "hertz", description="smoothed rate"),
    ),
    equations="""
        darrived/dt = -arrived/tau_rise
        drate/dt = (arrived/tau_rise - rate)/tau
    """,
    readout="r = rate/unit",
    receivers={"spikes": ("arrived",)},
)
