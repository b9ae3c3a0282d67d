"""Exact real-time recurrent learning of a gated diagonal cell (mingru), with TD(lambda).

The gate follows the input alone, so a synapse moves its own neuron and no other, and what RTRL keeps for it is one
number, ``j = dh_post/dw``. Two rules: through the candidate a synapse moves the neuron by ``z r_pre``, through the
gate by ``z (1 - z) (candidate - h) r_pre``. Exact as long as nothing that the population sends comes back to it
over synapses (feedback aside).
"""

from neuro_rtrrl.models.declarations import IntrinsicRule, PlasticityRule
from neuro_rtrrl.models.plasticity.diagonal_rtrl import WEIGHT
from neuro_rtrrl.models.plasticity.entropy import ENTROPY, ENTROPY_CLOCK, ENTROPY_STATES
from neuro_rtrrl.models.plasticity.rflo_td import ELIGIBILITY, LOCAL
from neuro_rtrrl.models.plasticity.td_lambda import TRACE_DECAY


def _intrinsic(parameter: str, drive: str) -> IntrinsicRule:
    return IntrinsicRule(
        parameter=parameter,
        states=(LOCAL, ELIGIBILITY),
        dynamics=f"dj/dt = ({drive} - z*j)/decision_interval",
        on_decision=f"""
            {parameter} += optimise(modulator*e + entropy_rate*entropy_pace*entropy_feedback*j)
            e = discount*trace_decay*e + feedback*j
        """,
    )


INTRINSIC = (_intrinsic("bias", "z"), _intrinsic("bias_gate", "gate_slope"))


def _synaptic(part: str, drive: str) -> PlasticityRule:
    return PlasticityRule(
        name=f"gated_rtrl_{part}",
        summary=f"Exact RTRL of a gated diagonal cell (mingru), for synapses onto its {part}.",
        source="Williams & Zipser 1989; Feng et al. 2024, section 3.1; Lemmel & Grosu 2025, Algorithms 1 and 2",
        parameters=(TRACE_DECAY, *ENTROPY),
        states=(WEIGHT, LOCAL, ELIGIBILITY, *ENTROPY_STATES),
        transmits="w*r_pre",
        dynamics=f"dj/dt = ({drive}*r_pre - z_post*j)/decision_interval",
        on_decision=f"""
            {ENTROPY_CLOCK}
            w += optimise(modulator*e + entropy_rate*entropy_pace*entropy_feedback_post*j)
            e = discount*trace_decay*e + feedback_post*j
        """,
        intrinsic=INTRINSIC,
    )


GATED_RTRL_CANDIDATE = _synaptic("candidate", "z_post")
GATED_RTRL_GATE = _synaptic("gate", "gate_slope_post")
