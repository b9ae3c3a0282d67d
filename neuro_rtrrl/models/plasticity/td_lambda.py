"""TD(lambda) of a linear readout: the corticostriatal three-factor rule."""

from collections.abc import Callable

from neuro_rtrrl.models.declarations import IntrinsicRule, Parameter, PlasticityRule, State
from neuro_rtrrl.models.plasticity.entropy import ENTROPY, ENTROPY_CLOCK, ENTROPY_STATES
from neuro_rtrrl.models.plasticity.traces import accumulating

TRACE_DECAY = Parameter("trace_decay", minimum=0.0, maximum=1.0, description="lambda of TD(lambda)")
WEIGHT_DECAY = Parameter(
    "weight_decay",
    default=0.0,
    minimum=0.0,
    maximum=1.0,
    description="share of the weight that is lost each decision",
)
WEIGHT = State("w", role="weight", resets=False, description="synaptic weight")
ELIGIBILITY = State("e", role="eligibility_trace", description="eligibility trace")


def td_lambda(name: str, summary: str, source: str, renewed: Callable[[str], str]) -> PlasticityRule:
    """Return the rule with one of the ways to renew the trace (:mod:`~neuro_rtrrl.models.plasticity.traces`)."""
    return PlasticityRule(
        name=name,
        summary=summary,
        source=source,
        parameters=(TRACE_DECAY, *ENTROPY, WEIGHT_DECAY),
        states=(WEIGHT, ELIGIBILITY, *ENTROPY_STATES),
        transmits="w*r_pre",
        on_decision=f"""
            {ENTROPY_CLOCK}
            w += optimise(modulator*e + entropy_rate*entropy_pace*entropy_error_post*r_pre) - weight_decay*w
            {renewed("error_post*r_pre")}
        """,
        intrinsic=(
            IntrinsicRule(
                parameter="bias",
                states=(ELIGIBILITY,),
                on_decision=f"""
                    bias += optimise(modulator*e + entropy_rate*entropy_pace*entropy_error)
                    {renewed("error")}
                """,
            ),
            IntrinsicRule(
                # how widely an actor by degrees explores; d entropy / d log_deviation is 1
                parameter="log_deviation",
                states=(ELIGIBILITY,),
                on_decision=f"""
                    wider = log_deviation + optimise(modulator*e + entropy_rate*entropy_pace*(1 - deviation*deviation))
                    log_deviation = clip(wider, log_deviation_minimum, log_deviation_maximum)
                    {renewed("log_deviation_error")}
                """,
            ),
        ),
    )


TD_LAMBDA = td_lambda(
    "td_lambda",
    "Accumulating eligibility trace of presynaptic rate times postsynaptic error, gated by the modulator.",
    "Sutton & Barto 2018, ch. 12.2 and 13.5; Lemmel & Grosu 2025, Algorithm 1",
    accumulating,
)
