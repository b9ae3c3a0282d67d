"""Leaky integrate-and-fire neuron with synaptic currents that rise and fall as an alpha function."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State
from neuro_rtrrl.models.neurons.lif_current import ACTIVE, COUNTS_DOWN, LEAKY, LEFT, RESET

LIF_ALPHA = NeuronModel(
    name="lif_alpha",
    summary="Leaky integrate-and-fire; the current of a spike is w*(t/tau_synapse)*exp(1 - t/tau_synapse).",
    source="Rotter & Diesmann 1999, section 3.2 (alpha function); Gerstner et al. 2014, Neuronal Dynamics, ch. 3.1",
    parameters=(
        *LEAKY,
        Parameter(
            "tau_synapse",
            "second",
            default=2e-3,
            minimum=0.0,
            positive=True,
            description="the synaptic current is at its peak, the weight, so long after a spike",
        ),
    ),
    states=(
        State("v", "volt", initial="v_rest", description="membrane potential"),
        State("current", "volt", description="synaptic current times resistance"),
        State("rise", "volt", description="what the synaptic current follows"),
        LEFT,
    ),
    equations=f"""
        {ACTIVE}
        dv/dt = active*(v_rest - v + drive + current)/tau
        dcurrent/dt = (2.718281828459045*rise - current)/tau_synapse
        drise/dt = -rise/tau_synapse
        {COUNTS_DOWN}
    """,
    threshold="v > v_threshold",
    reset=RESET,
    senders={"spikes": ("spike",)},
    receivers={"current": ("rise",)},
)
