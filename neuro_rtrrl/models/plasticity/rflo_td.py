"""RFLO with TD(lambda): the cortical rule of real-time recurrent reinforcement learning."""

from neuro_rtrrl.models.declarations import IntrinsicRule, PlasticityRule, State
from neuro_rtrrl.models.plasticity.td_lambda import ENTROPY_RATE, TRACE_DECAY

LOCAL = State("j", role="local_trace", description="local Jacobian trace")
ELIGIBILITY = State("e", role="eligibility_trace", description="eligibility trace")

RFLO_TD = PlasticityRule(
    name="rflo_td",
    summary="Local Jacobian trace (random-feedback local online learning) times fed-back error, traced by TD(lambda).",
    source="Murray 2019, Eq. 7; Lemmel & Grosu 2025, Algorithms 1 and 2",
    parameters=(TRACE_DECAY, ENTROPY_RATE),
    states=(State("w", role="weight", resets=False, description="synaptic weight"), LOCAL, ELIGIBILITY),
    transmits="w*r_pre",
    dynamics="dj/dt = (slope_post*r_pre - j)/tau_post",
    on_decision="""
        w += optimise(modulator*e + entropy_rate*entropy_feedback_post*j)
        e = discount*trace_decay*e + feedback_post*j
    """,
    intrinsic=(
        IntrinsicRule(
            parameter="bias",
            states=(LOCAL, ELIGIBILITY),
            dynamics="dj/dt = (slope - j)/tau",
            on_decision="""
                bias += optimise(modulator*e + entropy_rate*entropy_feedback*j)
                e = discount*trace_decay*e + feedback*j
            """,
        ),
        IntrinsicRule(
            # tau is learned in units of the decision interval, as in the paper, so that one learning rate serves all
            parameter="tau",
            states=(LOCAL, ELIGIBILITY),
            dynamics="dj/dt = ((h - phi)*decision_interval/tau - j)/tau",
            on_decision="""
                change = modulator*e + entropy_rate*entropy_feedback*j
                tau = maximum(tau + decision_interval*optimise(change), tau_minimum)
                e = discount*trace_decay*e + feedback*j
            """,
        ),
    ),
)
