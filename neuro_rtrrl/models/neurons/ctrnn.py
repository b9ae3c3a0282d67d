"""Continuous-time rate neuron with a time constant and a bias that can be learned."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State

CTRNN = NeuronModel(
    name="ctrnn",
    summary="Leaky rate neuron: dh/dt = (tanh(u + bias) - h) / tau.",
    source="Lemmel & Grosu 2025, Eq. 1; Murray 2019, Eq. 1",
    parameters=(
        Parameter("tau", "second", minimum=0.0, positive=True, description="membrane time constant"),
        Parameter("bias", default=0.0, description="constant input"),
        Parameter(
            "tau_minimum",
            "second",
            default="dt",
            minimum=0.0,
            positive=True,
            description="lower bound of a learned time constant; Euler needs at least dt",
        ),
    ),
    states=(State("h", description="membrane state"),),
    inputs=("u", "feedback", "entropy_feedback"),
    equations="""
        phi = tanh(u + bias)
        slope = 1 - phi*phi
        dh/dt = (phi - h)/tau
    """,
    readout="r = h",
    receivers={"u": ("u",), "feedback": ("feedback", "entropy_feedback")},
)
