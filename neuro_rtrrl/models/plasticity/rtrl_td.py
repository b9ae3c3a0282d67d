"""Exact real-time recurrent learning with TD(lambda): what RFLO approximates, and what no synapse can compute."""

from neuro_rtrrl.models.credit import CREDIT
from neuro_rtrrl.models.declarations import IntrinsicRule, PlasticityRule
from neuro_rtrrl.models.plasticity.entropy import ENTROPY, ENTROPY_CLOCK, ENTROPY_STATES
from neuro_rtrrl.models.plasticity.td_lambda import ELIGIBILITY, TRACE_DECAY, WEIGHT
from neuro_rtrrl.models.plasticity.traces import accumulating

RTRL_TD = PlasticityRule(
    name="rtrl_td",
    summary="Exact gradient of the fed-back error through all neurons and all of the episode (RTRL), traced by "
    "TD(lambda). Not local: runs on JAX only, as an oracle.",
    source="Williams & Zipser 1989; Lemmel & Grosu 2025, Algorithms 1 and 2",
    parameters=(TRACE_DECAY, *ENTROPY),
    states=(WEIGHT, ELIGIBILITY, *ENTROPY_STATES),
    nonlocal_names=tuple(CREDIT),
    transmits="w*r_pre",
    on_decision=f"""
        {ENTROPY_CLOCK}
        w += optimise(modulator*e + entropy_rate*entropy_pace*entropy_credit)
        {accumulating("credit")}
    """,
    intrinsic=(
        IntrinsicRule(
            parameter="bias",
            states=(ELIGIBILITY,),
            on_decision=f"""
                bias += optimise(modulator*e + entropy_rate*entropy_pace*entropy_credit)
                {accumulating("credit")}
            """,
        ),
        IntrinsicRule(
            # as in rflo_td, tau is learned in units of the decision interval, so that one learning rate serves all
            parameter="tau",
            states=(ELIGIBILITY,),
            on_decision=f"""
                change = modulator*e + entropy_rate*entropy_pace*decision_interval*entropy_credit
                tau = maximum(tau + decision_interval*optimise(change), tau_minimum)
                {accumulating("decision_interval*credit")}
            """,
        ),
    ),
)
