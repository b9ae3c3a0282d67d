"""Pair-based spike-timing-dependent plasticity, all-to-all."""

from neuro_rtrrl.models.declarations import Parameter, PlasticityRule, State

STDP = PlasticityRule(
    name="stdp",
    summary="Pair-based STDP with exponential windows, additive, between hard bounds.",
    source="Song, Miller & Abbott 2000; Gerstner et al. 2014, Neuronal Dynamics, ch. 19.2",
    parameters=(
        Parameter(
            "tau_plus",
            "second",
            default=20e-3,
            minimum=0.0,
            positive=True,
            description="window pre before post",
        ),
        Parameter(
            "tau_minus",
            "second",
            default=20e-3,
            minimum=0.0,
            positive=True,
            description="window post before pre",
        ),
        Parameter(
            "potentiation", "volt", minimum=0.0, description="weight change at zero lag, pre before post"
        ),
        Parameter(
            "depression", "volt", minimum=0.0, description="weight change at zero lag, post before pre"
        ),
        Parameter("w_maximum", "volt", minimum=0.0, description="upper bound of the weight"),
    ),
    states=(
        State("w", "volt", role="weight", resets=False),
        State("x", role="local_trace", resets=False, description="presynaptic trace"),
        State("y", role="local_trace", resets=False, description="postsynaptic trace"),
    ),
    dynamics="""
        dx/dt = -x/tau_plus
        dy/dt = -y/tau_minus
    """,
    on_pre="""
        v_post += w
        x += 1
        w = maximum(w - depression*y, 0*w_maximum)
    """,
    on_post="""
        y += 1
        w = minimum(w + potentiation*x, w_maximum)
    """,
)
