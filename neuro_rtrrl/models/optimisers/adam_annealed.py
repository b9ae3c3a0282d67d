"""Adam whose learning rate falls with the inverse of time."""

from dataclasses import replace

from neuro_rtrrl.models.declarations import Parameter
from neuro_rtrrl.models.optimisers.adam import ADAM
from neuro_rtrrl.models.optimisers.schedule import FALL, PACE_CLOCK

ADAM_ANNEALED = replace(
    ADAM,
    name="adam_annealed",
    summary="Adam with a learning rate that halves by 'half_life' decisions and falls with the inverse of time after.",
    source="Kingma & Ba 2015, Algorithm 1; Robbins & Monro 1951 (rates whose sum diverges, whose squares' does not)",
    parameters=(
        *(parameter for parameter in ADAM.parameters if parameter not in FALL),
        Parameter(
            "half_life",
            minimum=0.0,
            positive=True,
            description="decisions after which the learning rate has halved",
        ),
    ),
    on_decision=ADAM.on_decision.replace(
        PACE_CLOCK,
        """
        age = age + 1
        pace = half_life/(half_life + age)
        """,
    ),
)
