"""Adam whose learning rate falls with the inverse of time."""

from dataclasses import replace

from neuro_rtrrl.models.declarations import Parameter, State
from neuro_rtrrl.models.optimisers.adam import ADAM

ADAM_ANNEALED = replace(
    ADAM,
    name="adam_annealed",
    summary="Adam with a learning rate that halves by 'half_life' decisions and falls with the inverse of time after.",
    source="Kingma & Ba 2015, Algorithm 1; Robbins & Monro 1951 (rates whose sum diverges, whose squares' does not)",
    parameters=(
        *ADAM.parameters,
        Parameter(
            "half_life",
            minimum=0.0,
            positive=True,
            description="decisions after which the learning rate has halved",
        ),
    ),
    states=(
        *ADAM.states,
        State("age", role="optimiser", resets=False, broadcast=True, description="decisions so far"),
        State(
            "pace",
            initial=1.0,
            role="optimiser",
            resets=False,
            broadcast=True,
            description="share of the rate",
        ),
    ),
    on_decision="""
        age = age + 1
        pace = half_life/(half_life + age)
        power_1 = power_1*beta_1
        power_2 = power_2*beta_2
        m = beta_1*m + (1 - beta_1)*gradient
        s = beta_2*s + (1 - beta_2)*gradient*gradient
        step = learning_rate*pace*(m/(1 - power_1))/(sqrt(s/(1 - power_2)) + epsilon)
    """,
)
