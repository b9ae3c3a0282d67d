"""The entropy bonus that every rule of an actor-critic carries, and how it falls with time."""

from neuro_rtrrl.models.declarations import Parameter
from neuro_rtrrl.models.falling import falling

__all__ = ["ENTROPY", "ENTROPY_CLOCK", "ENTROPY_RATE", "ENTROPY_STATES"]

ENTROPY_RATE = Parameter("entropy_rate", default=0.0, minimum=0.0, description="weight of the entropy bonus")
_RATE = falling("entropy", "entropy rate", prefix="entropy_")
ENTROPY, ENTROPY_STATES, ENTROPY_CLOCK = (ENTROPY_RATE, *_RATE.parameters), _RATE.states, _RATE.clock
