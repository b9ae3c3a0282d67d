"""Adam, with its two words per synapse."""

from neuro_rtrrl.models.declarations import Optimiser, Parameter, State
from neuro_rtrrl.models.optimisers.schedule import AGE, FALL, LEARNING_RATE, PACE, PACE_CLOCK

ADAM = Optimiser(
    name="adam",
    summary="Bias-corrected moments per synapse; the learning rate can fall linearly to a floor.",
    source="Kingma & Ba 2015, Algorithm 1",
    parameters=(
        LEARNING_RATE,
        Parameter("beta_1", default=0.9, minimum=0.0, maximum=1.0, description="decay of the first moment"),
        Parameter(
            "beta_2", default=0.999, minimum=0.0, maximum=1.0, description="decay of the second moment"
        ),
        Parameter("epsilon", default=1e-8, minimum=0.0, description="keeps the step finite"),
        *FALL,
    ),
    states=(
        AGE,
        PACE,
        State("m", role="optimiser", resets=False, description="first moment"),
        State("s", role="optimiser", resets=False, description="second moment"),
        State(
            "power_1", initial=1.0, role="optimiser", resets=False, broadcast=True, description="beta_1 ** t"
        ),
        State(
            "power_2", initial=1.0, role="optimiser", resets=False, broadcast=True, description="beta_2 ** t"
        ),
    ),
    on_decision=f"""
        {PACE_CLOCK}
        power_1 = power_1*beta_1
        power_2 = power_2*beta_2
        m = beta_1*m + (1 - beta_1)*gradient
        s = beta_2*s + (1 - beta_2)*gradient*gradient
        step = learning_rate*pace*(m/(1 - power_1))/(sqrt(s/(1 - power_2)) + epsilon)
    """,
)
