"""True online TD(lambda) of a linear critic, and the dutch trace alone for an actor.

The book's update is ``w += alpha*(delta + V - V_old)*e - alpha*(V - V_old)*x``, with the features ``x`` of the
decision before and ``V - V_old`` what the last change of the weights did to its value. ``modulator``, which takes the
value that was computed when it was seen, is ``delta + V - V_old`` already; the second term is known when the weights
have changed, and waits in ``c`` for the next decision. Exact with ``sgd``, for a critic whose plastic synapses are all
of one group; with an optimiser that scales each synapse's step, ``learning_rate`` is no longer the step and the trace
an approximation.
"""

from neuro_rtrrl.models.declarations import IntrinsicRule, PlasticityRule, State
from neuro_rtrrl.models.plasticity.td_lambda import ELIGIBILITY, TRACE_DECAY, WEIGHT, td_lambda
from neuro_rtrrl.models.plasticity.traces import dutch

SOURCE = "van Seijen, Mahmood, Pilarski, Machado & Sutton 2016, Algorithm 1; Sutton & Barto 2018, ch. 12.5"
CORRECTION = State(
    "c", role="eligibility_trace", description="what the last change did to the old value, to be undone"
)

TD_LAMBDA_DUTCH = PlasticityRule(
    name="td_lambda_dutch",
    summary="True online TD(lambda): dutch trace and correction, for a critic; its sums run over the one neuron.",
    source=SOURCE,
    role="critic",
    parameters=(TRACE_DECAY,),
    states=(WEIGHT, ELIGIBILITY, CORRECTION),
    transmits="w*r_pre",
    on_decision=f"""
        before = w
        w += optimise(modulator*e - c)
        drift = dendritic_sum((w - before)*r_pre)
        {dutch("r_pre")}
        c = drift*r_pre
    """,
    intrinsic=(
        IntrinsicRule(
            parameter="bias",
            states=(ELIGIBILITY, CORRECTION),
            on_decision=f"""
                before = bias
                bias += optimise(modulator*e - c)
                drift = dendritic_sum(bias - before)
                {dutch("1")}
                c = drift
            """,
        ),
    ),
)

TD_LAMBDA_DUTCH_ACTOR = td_lambda(
    "td_lambda_dutch_actor",
    "As td_lambda, with dutch traces of the policy's gradient; without td_lambda_dutch's correction of a prediction.",
    SOURCE,
    dutch,
)
