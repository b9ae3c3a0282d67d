"""Leaky integrate-and-fire neuron with exponential synaptic currents and a refractory period."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State

#: what leaky neurons with a refractory period share
LEAKY = (
    Parameter(
        "tau", "second", default=20e-3, minimum=0.0, positive=True, description="membrane time constant"
    ),
    Parameter("v_rest", "volt", default=-70e-3, description="resting potential"),
    Parameter("v_threshold", "volt", default=-54e-3, description="a spike is sent above it"),
    Parameter("v_reset", "volt", default=-60e-3, description="potential after a spike"),
    Parameter("drive", "volt", default=0.0, description="constant input, resistance times current"),
    Parameter(
        "refractory",
        "second",
        default=2e-3,
        minimum=0.0,
        description="the potential stays at v_reset for so long after a spike; whole steps of dt",
    ),
)
LEFT = State("left", description="steps of the refractory period that are left")
#: 1 where the membrane integrates, 0 where it is held; half a step is the margin for rounding
ACTIVE = "active = int(left < 0.5)"
COUNTS_DOWN = "dleft/dt = -int(left > 0.5)/dt"
RESET = """
    v = v_reset
    left = floor(refractory/dt + 0.5)
"""

LIF_CURRENT = NeuronModel(
    name="lif_current",
    summary="Leaky integrate-and-fire; each spike adds to a synaptic current that decays exponentially.",
    source="Gerstner et al. 2014, Neuronal Dynamics, ch. 1.3; Rotter & Diesmann 1999 (method: exact)",
    parameters=(
        *LEAKY,
        Parameter(
            "tau_synapse",
            "second",
            default=5e-3,
            minimum=0.0,
            positive=True,
            description="decay of the synaptic current",
        ),
    ),
    states=(
        State("v", "volt", initial="v_rest", description="membrane potential"),
        State("current", "volt", description="synaptic current times resistance"),
        LEFT,
    ),
    equations=f"""
        {ACTIVE}
        dv/dt = active*(v_rest - v + drive + current)/tau
        dcurrent/dt = -current/tau_synapse
        {COUNTS_DOWN}
    """,
    threshold="v > v_threshold",
    reset=RESET,
    senders={"spikes": ("spike",)},
    receivers={"current": ("current",)},
)
