"""Recurrent trace unit: a complex diagonal recurrence in real numbers, its input scaled by its memory."""

from neuro_rtrrl.models.declarations import NeuronModel
from neuro_rtrrl.models.neurons.lru import (
    COMPLEX_INPUTS,
    COMPLEX_RECEIVERS,
    COMPLEX_RECURRENCE,
    COMPLEX_STATE,
    NU,
    NU_MINIMUM,
    THETA,
)

RTU = NeuronModel(
    name="rtu",
    summary="Recurrent trace unit: x' = Lambda x + sqrt(1 - |Lambda|**2) u, and tanh of both parts is sent.",
    source="Elelimy et al. 2024 (linear recurrence)",
    parameters=(NU, THETA, NU_MINIMUM),
    states=COMPLEX_STATE,
    inputs=COMPLEX_INPUTS,
    equations=f"""
        decay = exp(nu)
        phase = exp(theta)
        radius = exp(-decay)
        input_gain = sqrt(1 - radius*radius)
        log_gain_by_nu = decay*radius*radius/(1 - radius*radius)
        {COMPLEX_RECURRENCE}
    """,
    readout="""
        re = tanh(x_re)
        im = tanh(x_im)
        slope_re = 1 - re*re
        slope_im = 1 - im*im
    """,
    senders={"re": ("re",), "im": ("im",)},
    receivers=COMPLEX_RECEIVERS,
)
