"""Open-loop protocols: schedules of stimuli and rewards as environments.

Importing this package starts no JAX; :func:`make_protocol` does.
"""

from neuro_rtrrl.environments.protocol.schedule import (
    REWARD,
    Event,
    Interval,
    Phase,
    Schedule,
    TrialType,
)

__all__ = ["REWARD", "Event", "Interval", "Phase", "Schedule", "TrialType"]
