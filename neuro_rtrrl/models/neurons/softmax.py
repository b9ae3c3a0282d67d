"""Softmax readout: the actor, whose rates are the policy."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter

#: the policy and its entropy; the largest input is taken off so that no exponential overflows
POLICY = """
    logit = u + bias - max_population(u + bias)
    scaled = exp(logit)
    total = sum_population(scaled)
    r = scaled/total
    log_r = logit - log(total)
    entropy = -sum_population(r*log_r)
"""

SOFTMAX = NeuronModel(
    name="softmax",
    summary="Instantaneous softmax over the population; errors of log-policy and entropy with respect to its input.",
    source="Lemmel & Grosu 2025, Algorithm 1 (actor; g_A = B_A grad log pi)",
    parameters=(Parameter("bias", default=0.0, description="constant input"),),
    inputs=("u",),
    readout=f"""
        {POLICY}
        entropy_error = -r*(log_r + entropy)
    """,
    on_choice="error = chosen - r",
    senders={"r": ("r",), "error": ("error", "entropy_error")},
)
