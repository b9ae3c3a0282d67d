"""A learning rate that falls with time: what the optimisers share."""

from neuro_rtrrl.models.declarations import Parameter
from neuro_rtrrl.models.falling import falling

__all__ = ["AGE", "FALL", "LEARNING_RATE", "PACE", "PACE_CLOCK"]

LEARNING_RATE = Parameter("learning_rate", minimum=0.0, description="step size")
_RATE = falling("learning_rate", "learning rate")
FALL, (AGE, PACE), PACE_CLOCK = _RATE.parameters, _RATE.states, _RATE.clock
