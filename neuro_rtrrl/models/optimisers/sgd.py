"""Plain gradient step."""

from neuro_rtrrl.models.declarations import Optimiser
from neuro_rtrrl.models.optimisers.schedule import AGE, FALL, LEARNING_RATE, PACE, PACE_CLOCK

SGD = Optimiser(
    name="sgd",
    summary="step = learning_rate * gradient; the learning rate can fall linearly to a floor.",
    source="Robbins & Monro 1951",
    parameters=(LEARNING_RATE, *FALL),
    states=(AGE, PACE),
    on_decision=f"""
        {PACE_CLOCK}
        step = learning_rate*pace*gradient
    """,
)
