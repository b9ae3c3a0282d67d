"""RFLO with TD(lambda): the cortical rule of real-time recurrent reinforcement learning."""

from collections.abc import Callable

from neuro_rtrrl.models.declarations import IntrinsicRule, PlasticityRule, State
from neuro_rtrrl.models.plasticity.entropy import ENTROPY, ENTROPY_CLOCK, ENTROPY_STATES
from neuro_rtrrl.models.plasticity.td_lambda import ELIGIBILITY, TRACE_DECAY, WEIGHT
from neuro_rtrrl.models.plasticity.traces import accumulating

LOCAL = State("j", role="local_trace", description="local Jacobian trace")
#: how the local trace of a synapse, of the bias and of tau follows the neuron (Murray 2019, Eq. 7)
FOLLOWS = {
    "w": "dj/dt = (slope_post*r_pre - j)/tau_post",
    "bias": "dj/dt = (slope - j)/tau",
    "tau": "dj/dt = ((h - phi)*decision_interval/tau - j)/tau",
}
SOURCE = "Murray 2019, Eq. 7; Lemmel & Grosu 2025, Algorithms 1 and 2"


def local_trace_td(
    name: str,
    summary: str,
    source: str,
    renewed: Callable[[str], str] = accumulating,
    follows: dict[str, str] = FOLLOWS,
    moved: tuple[State, ...] = (),
    on_pre: str = "",
) -> PlasticityRule:
    """Return a rule that turns a local trace and the fed-back error into an eligibility trace.

    Parameters
    ----------
    renewed : callable
        One of the ways to renew the eligibility trace (:mod:`~neuro_rtrrl.models.plasticity.traces`).
    follows : dict of str to str
        How the local traces of ``w``, ``bias`` and ``tau`` change; a parameter that is not in it is not learned.
    moved : tuple of State
        Further local traces that ``follows`` needs.
    on_pre : str
        What a presynaptic spike does, where spikes are transmitted and not rates.
    """
    intrinsic = (
        IntrinsicRule(
            parameter="bias",
            states=(*moved, LOCAL, ELIGIBILITY),
            dynamics=follows["bias"],
            on_decision=f"""
                bias += optimise(modulator*e + entropy_rate*entropy_pace*entropy_feedback*j)
                {renewed("feedback*j")}
            """,
        ),
        IntrinsicRule(
            # tau is learned in units of the decision interval, as in the paper, so that one learning rate serves all
            parameter="tau",
            states=(*moved, LOCAL, ELIGIBILITY),
            dynamics=follows.get("tau", ""),
            on_decision=f"""
                change = modulator*e + entropy_rate*entropy_pace*entropy_feedback*j
                tau = maximum(tau + decision_interval*optimise(change), tau_minimum)
                {renewed("feedback*j")}
            """,
        ),
    )
    return PlasticityRule(
        name=name,
        summary=summary,
        source=source,
        parameters=(TRACE_DECAY, *ENTROPY),
        states=(WEIGHT, *moved, LOCAL, ELIGIBILITY, *ENTROPY_STATES),
        transmits="" if on_pre else "w*r_pre",
        on_pre=on_pre,
        dynamics=follows["w"],
        on_decision=f"""
            {ENTROPY_CLOCK}
            w += optimise(modulator*e + entropy_rate*entropy_pace*entropy_feedback_post*j)
            {renewed("feedback_post*j")}
        """,
        intrinsic=tuple(each for each in intrinsic if each.parameter in follows),
    )


RFLO_TD = local_trace_td(
    "rflo_td",
    "Local Jacobian trace (random-feedback local online learning) times fed-back error, traced by TD(lambda).",
    SOURCE,
)
