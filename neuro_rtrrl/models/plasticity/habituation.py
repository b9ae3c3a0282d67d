"""Habituation: a synapse that is used depresses, so that what is shown often is answered to less and less."""

from neuro_rtrrl.models.declarations import Parameter, PlasticityRule, State

# How much a synapse is used lies between 0 and 1 whatever the scale of what is sensed, so that a rate below 1 never
# takes a weight past 0, however strong and however many the inputs are.
HABITUATION = PlasticityRule(
    name="habituation",
    summary="Transmits w times how much it is used, min(|r|, 1), and depresses by a share of that: w(1 - rate)^N.",
    source="Castellucci & Kandel 1974 (homosynaptic depression); Groves & Thompson 1970; Kakade & Dayan 2002",
    parameters=(
        Parameter(
            "learning_rate",
            minimum=0.0,
            maximum=1.0,
            description="share of the weight that is lost at each full use",
        ),
    ),
    states=(
        State(
            "w",
            role="weight",
            resets=False,
            description="synaptic weight, at first the answer to what is new",
        ),
    ),
    transmits="w*minimum(abs(r_pre), 1)",
    on_decision="""
        w -= learning_rate*w*minimum(abs(r_pre), 1)
    """,
)
