"""Minimal gated recurrent unit: a gate of the input alone decides how much of the past is kept."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State

MINGRU = NeuronModel(
    name="mingru",
    summary="Minimal gated unit: h' = (1 - z) h + z (u + bias), z = sigmoid(u_gate + bias_gate).",
    source="Feng et al. 2024, Were RNNs all we needed?, section 3.1",
    parameters=(
        Parameter("bias", default=0.0, description="constant input to the candidate"),
        Parameter(
            "bias_gate",
            default=0.0,
            description="constant input to the gate; below 0 the cell keeps for longer",
        ),
    ),
    states=(State("h", description="membrane state"),),
    inputs=("u", "u_gate", "feedback", "entropy_feedback"),
    # the sigmoid by its tanh, which cannot overflow; one Euler step of length decision_interval is the discrete cell
    equations="""
        z = 0.5 + 0.5*tanh(0.5*(u_gate + bias_gate))
        missing = u + bias - h
        gate_slope = z*(1 - z)*missing
        dh/dt = z*missing/decision_interval
    """,
    readout="r = h",
    receivers={"u": ("u",), "gate": ("u_gate",), "feedback": ("feedback", "entropy_feedback")},
)
