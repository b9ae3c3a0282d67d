"""Exact real-time recurrent learning of a complex diagonal recurrence (lru, rtu), with TD(lambda).

The Jacobian of a diagonal recurrence is diagonal too: a synapse moves its own neuron and no other, so what RTRL
keeps for it is one complex number, ``p = dx_post/dw``. Two rules, since a synapse onto the real part of the
input drives the real part of its trace and one onto the imaginary part the imaginary part; the rest is the same.
Exact as long as nothing that the population sends comes back to it over synapses (feedback aside).
"""

from neuro_rtrrl.models.declarations import IntrinsicRule, PlasticityRule, State
from neuro_rtrrl.models.plasticity.entropy import ENTROPY, ENTROPY_CLOCK, ENTROPY_STATES
from neuro_rtrrl.models.plasticity.td_lambda import TRACE_DECAY

SOURCE = "Williams & Zipser 1989; Zucchet et al. 2023; Lemmel & Grosu 2025, Algorithms 1 and 2"
TRACES = (
    State("p_re", role="local_trace", description="derivative of the neuron's x_re"),
    State("p_im", role="local_trace", description="derivative of the neuron's x_im"),
    State("e", role="eligibility_trace", description="eligibility trace"),
)
WEIGHT = State("w", role="weight", resets=False, description="synaptic weight")


def _synaptic(port: str) -> PlasticityRule:
    """Return the rule for synapses onto the port ``re`` or ``im``."""
    drive = {"re": "", "im": ""} | {port: " + input_gain_post*r_pre"}
    return PlasticityRule(
        name=f"diagonal_rtrl_{port}",
        summary=f"Exact RTRL of a complex diagonal cell (lru, rtu), for synapses onto its port {port}.",
        source=SOURCE,
        parameters=(TRACE_DECAY, *ENTROPY),
        states=(WEIGHT, *TRACES, *ENTROPY_STATES),
        transmits="w*r_pre",
        dynamics=f"""
            dp_re/dt = (lambda_re_post*p_re - lambda_im_post*p_im{drive["re"]} - p_re)/decision_interval
            dp_im/dt = (lambda_im_post*p_re + lambda_re_post*p_im{drive["im"]} - p_im)/decision_interval
        """,
        on_decision=f"""
            {ENTROPY_CLOCK}
            entropy_re = entropy_feedback_re_post*slope_re_post*p_re
            entropy_im = entropy_feedback_im_post*slope_im_post*p_im
            w += optimise(modulator*e + entropy_rate*entropy_pace*(entropy_re + entropy_im))
            e = discount*trace_decay*e + feedback_re_post*slope_re_post*p_re + feedback_im_post*slope_im_post*p_im
        """,
        intrinsic=INTRINSIC,
    )


def _intrinsic(parameter: str, drive_re: str, drive_im: str, bounded: str = "") -> IntrinsicRule:
    """Return how a neuron learns its ``parameter``; ``drive`` is dx'/dparameter with the old x held."""
    moved = f"{parameter} + optimise(change)"
    return IntrinsicRule(
        parameter=parameter,
        states=TRACES,
        dynamics=f"""
            dp_re/dt = (lambda_re*p_re - lambda_im*p_im + {drive_re} - p_re)/decision_interval
            dp_im/dt = (lambda_im*p_re + lambda_re*p_im + {drive_im} - p_im)/decision_interval
        """,
        on_decision=f"""
            entropy_re = entropy_feedback_re*slope_re*p_re
            entropy_im = entropy_feedback_im*slope_im*p_im
            change = modulator*e + entropy_rate*entropy_pace*(entropy_re + entropy_im)
            {parameter} = {f"maximum({moved}, {bounded})" if bounded else moved}
            e = discount*trace_decay*e + feedback_re*slope_re*p_re + feedback_im*slope_im*p_im
        """,
    )


INTRINSIC = (
    # dLambda/dnu = -exp(nu) Lambda, and the gain may follow nu
    _intrinsic(
        "nu",
        "(log_gain_by_nu*driven_re - decay*kept_re)",
        "(log_gain_by_nu*driven_im - decay*kept_im)",
        bounded="nu_minimum",
    ),
    # dLambda/dtheta = i exp(theta) Lambda
    _intrinsic("theta", "(-phase*kept_im)", "phase*kept_re"),
    # the gain itself, exp(gamma_log), not its logarithm
    _intrinsic("gamma_log", "driven_re", "driven_im"),
)

DIAGONAL_RTRL_RE = _synaptic("re")
DIAGONAL_RTRL_IM = _synaptic("im")
