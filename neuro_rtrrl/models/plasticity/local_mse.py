"""The delta rule on each neuron's own error: the naive approximation of recurrent learning.

Lemmel & Grosu compare with a rule that they call LocalMSE, a naive approximation of RTRL, without printing its
equations. This is our reading: the error that a neuron is fed back is taken for that of its own response, as if it
were a layer of its own without memory, so that a synapse follows the gradient of the neuron's squared local error.
"""

from neuro_rtrrl.models.plasticity.rflo_td import local_trace_td

LOCAL_MSE = local_trace_td(
    "local_mse",
    "As rflo_td, as if the neuron had no memory: a delta rule on the error that is fed back to it.",
    "Widrow & Hoff 1960; our reading of LocalMSE in Lemmel & Grosu 2025",
    # as if r were phi, which does not depend on tau
    follows={
        "w": "dj/dt = (slope_post*r_pre - j)/dt",
        "bias": "dj/dt = (slope - j)/dt",
    },
)
