"""Hebb's rule between rates, with a decay or in Oja's form."""

from neuro_rtrrl.models.declarations import Parameter, PlasticityRule, State

HEBBIAN = PlasticityRule(
    name="hebbian",
    summary="dw/dt = learning_rate*(r_pre*r_post - oja*r_post**2*w) - decay*w.",
    source="Gerstner et al. 2014, Neuronal Dynamics, ch. 19.2; Oja 1982 (with oja 1)",
    parameters=(
        Parameter("learning_rate", "hertz", minimum=0.0, description="weight gained a second, both rates 1"),
        Parameter(
            "oja", default=0.0, minimum=0.0, description="1 is Oja's rule: the weights' norm goes to 1"
        ),
        Parameter(
            "decay", "hertz", default=0.0, minimum=0.0, description="share of the weight lost a second"
        ),
    ),
    states=(State("w", role="weight", resets=False),),
    transmits="w*r_pre",
    dynamics="dw/dt = learning_rate*(r_pre*r_post - oja*r_post*r_post*w) - decay*w",
)
