"""A learning rate that falls with time: what the optimisers share."""

from neuro_rtrrl.models.declarations import Parameter, State

__all__ = ["AGE", "FALL", "LEARNING_RATE", "PACE", "PACE_CLOCK"]

LEARNING_RATE = Parameter("learning_rate", minimum=0.0, description="step size")
FALL = (
    Parameter(
        "learning_rate_fall",
        default=0.0,
        minimum=0.0,
        maximum=1.0,
        description="share of the learning rate that is lost each decision; 0 keeps it",
    ),
    Parameter(
        "learning_rate_floor",
        default=0.0,
        minimum=0.0,
        maximum=1.0,
        description="share of the learning rate below which it never falls",
    ),
)
AGE = State("age", role="optimiser", resets=False, broadcast=True, description="decisions so far")
PACE = State(
    "pace",
    initial=1.0,
    role="optimiser",
    resets=False,
    broadcast=True,
    description="share of the rate",
)
#: one for the whole group; without a fall both lines vanish in lowering. In single precision an age is exact up to
#: 2**24, about 17 million decisions, where it stops
PACE_CLOCK = """
    age = age + 1
    pace = maximum(1 - learning_rate_fall*age, learning_rate_floor)
"""
