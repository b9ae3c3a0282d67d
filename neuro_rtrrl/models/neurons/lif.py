"""Leaky integrate-and-fire neuron with delta synapses."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State

LIF = NeuronModel(
    name="lif",
    summary="Leaky integrate-and-fire: dv/dt = (v_rest - v + drive) / tau, spike and reset at threshold.",
    source="Gerstner et al. 2014, Neuronal Dynamics, Eq. 1.5",
    parameters=(
        Parameter(
            "tau", "second", default=20e-3, minimum=0.0, positive=True, description="membrane time constant"
        ),
        Parameter("v_rest", "volt", default=-70e-3, description="resting potential"),
        Parameter("v_threshold", "volt", default=-54e-3, description="a spike is sent above it"),
        Parameter("v_reset", "volt", default=-60e-3, description="potential after a spike"),
        Parameter("drive", "volt", default=0.0, description="constant input, resistance times current"),
    ),
    states=(State("v", "volt", initial="v_rest", description="membrane potential"),),
    inputs=(),
    equations="dv/dt = (v_rest - v + drive)/tau",
    threshold="v > v_threshold",
    reset="v = v_reset",
    senders={"spikes": ("spike",)},
    receivers={"v": ("v",)},
)
