"""TD(lambda) of a linear readout: the corticostriatal three-factor rule."""

from neuro_rtrrl.models.declarations import IntrinsicRule, Parameter, PlasticityRule, State

TRACE_DECAY = Parameter("trace_decay", minimum=0.0, maximum=1.0, description="lambda of TD(lambda)")
ENTROPY_RATE = Parameter("entropy_rate", default=0.0, minimum=0.0, description="weight of the entropy bonus")

TD_LAMBDA = PlasticityRule(
    name="td_lambda",
    summary="Accumulating eligibility trace of presynaptic rate times postsynaptic error, gated by the modulator.",
    source="Sutton & Barto 2018, ch. 12.2 and 13.5; Lemmel & Grosu 2025, Algorithm 1",
    parameters=(TRACE_DECAY, ENTROPY_RATE),
    states=(
        State("w", role="weight", resets=False, description="synaptic weight"),
        State("e", role="eligibility_trace", description="eligibility trace"),
    ),
    transmits="w*r_pre",
    on_decision="""
        w += optimise(modulator*e + entropy_rate*entropy_error_post*r_pre)
        e = discount*trace_decay*e + error_post*r_pre
    """,
    intrinsic=(
        IntrinsicRule(
            parameter="bias",
            states=(State("e", role="eligibility_trace"),),
            on_decision="""
                bias += optimise(modulator*e + entropy_rate*entropy_error)
                e = discount*trace_decay*e + error
            """,
        ),
    ),
)
