"""Linear readout: the critic."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter

LINEAR = NeuronModel(
    name="linear",
    summary="Instantaneous linear sum, r = u + bias; its error signal is the constant 1.",
    source="Lemmel & Grosu 2025, Algorithm 1 (critic; g_C = B_C 1)",
    parameters=(Parameter("bias", default=0.0, description="constant input"),),
    inputs=("u",),
    readout="""
        r = u + bias
        error = 1
        entropy_error = 0
    """,
    senders={"r": ("r",), "error": ("error",)},
)
