"""Spike-timing-dependent plasticity that waits in a trace until dopamine makes it a weight change."""

from neuro_rtrrl.models.declarations import Parameter, PlasticityRule, State
from neuro_rtrrl.models.plasticity.stdp import STDP

#: An Euler step of a weight that stops at its bounds. ``change`` stands for its derivative.
BOUNDED = "(clip(w + dt*({change}), {low}, w_maximum) - w)/dt"

STDP_DOPAMINE = PlasticityRule(
    name="stdp_dopamine",
    summary="STDP writes into an eligibility trace c, and dw/dt = rate*c*(modulator - baseline), between hard bounds.",
    source="Izhikevich 2007, Eqs. 1 and 2; Potjans, Diesmann & Morrison 2011, Eq. 2 (minus a baseline)",
    parameters=(
        *(p for p in STDP.parameters if p.name in ("tau_plus", "tau_minus")),
        Parameter("potentiation", "volt", minimum=0.0, description="trace at zero lag, pre before post"),
        Parameter("depression", "volt", minimum=0.0, description="trace at zero lag, post before pre"),
        Parameter(
            "tau_eligibility",
            "second",
            default=1.0,
            minimum=0.0,
            positive=True,
            description="tau_c of the trace",
        ),
        Parameter(
            "rate", "hertz", default=1.0, minimum=0.0, description="weight gained a second, c and signal 1"
        ),
        Parameter("baseline", default=0.0, description="signal at which nothing changes"),
        *(p for p in STDP.parameters if p.name == "w_maximum"),
    ),
    states=(
        *STDP.states,
        State("c", "volt", role="eligibility_trace", resets=False, description="eligibility trace"),
    ),
    dynamics=f"""
        dx/dt = -x/tau_plus
        dy/dt = -y/tau_minus
        dc/dt = -c/tau_eligibility
        dw/dt = {BOUNDED.format(change="rate*c*(modulator - baseline)", low="0*w_maximum")}
    """,
    on_pre="""
        v_post += w
        x += 1
        c = c - depression*y
    """,
    on_post="""
        y += 1
        c = c + potentiation*x
    """,
)
