"""The entropy bonus that every rule of an actor-critic carries, and how it falls with time."""

from neuro_rtrrl.models.declarations import Parameter, State

__all__ = ["ENTROPY", "ENTROPY_CLOCK", "ENTROPY_RATE", "ENTROPY_STATES"]

ENTROPY_RATE = Parameter("entropy_rate", default=0.0, minimum=0.0, description="weight of the entropy bonus")
ENTROPY = (
    ENTROPY_RATE,
    Parameter(
        "entropy_fall",
        default=0.0,
        minimum=0.0,
        maximum=1.0,
        description="share of the entropy rate that is lost each decision; 0 keeps it",
    ),
    Parameter(
        "entropy_floor",
        default=0.0,
        minimum=0.0,
        maximum=1.0,
        description="share of the entropy rate below which it never falls",
    ),
)
ENTROPY_STATES = (
    State("entropy_age", role="optimiser", resets=False, broadcast=True, description="decisions so far"),
    State(
        "entropy_pace",
        initial=1.0,
        role="optimiser",
        resets=False,
        broadcast=True,
        description="present share of the entropy rate",
    ),
)
#: one for the whole group; without a fall both lines vanish in lowering. In single precision an age is exact up to
#: 2**24, about 17 million decisions, where it stops
ENTROPY_CLOCK = """
    entropy_age = entropy_age + 1
    entropy_pace = maximum(1 - entropy_fall*entropy_age, entropy_floor)
"""
