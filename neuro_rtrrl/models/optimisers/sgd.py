"""Plain gradient step."""

from neuro_rtrrl.models.declarations import Optimiser, Parameter

LEARNING_RATE = Parameter("learning_rate", minimum=0.0, description="step size")

SGD = Optimiser(
    name="sgd",
    summary="step = learning_rate * gradient.",
    source="Robbins & Monro 1951",
    parameters=(LEARNING_RATE,),
    on_decision="step = learning_rate*gradient",
)
