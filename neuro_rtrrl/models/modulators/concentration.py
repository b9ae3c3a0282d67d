"""Dopamine as a concentration that neurons or rewards release and that is taken up again."""

from neuro_rtrrl.models.declarations import Modulator, Parameter, State
from neuro_rtrrl.models.modulators.reward_only import GAIN

CONCENTRATION = Modulator(
    name="concentration",
    summary="A concentration with release and uptake: dlevel/dt = (baseline - level)/tau + what is released.",
    source="Izhikevich 2007, Eq. 3 (d' = -d/tau_d + DA(t))",
    parameters=(
        Parameter("tau", "second", default=0.2, minimum=0.0, positive=True, description="time of uptake"),
        Parameter("baseline", default=0.0, minimum=0.0, description="tonic level, at which it begins"),
        Parameter("amount", default=1.0, minimum=0.0, description="what a spike of the population releases"),
        Parameter(
            "reward_amount",
            default=1.0,
            description="what a reward of 1 releases, over its decision interval",
        ),
        GAIN,
    ),
    states=(State("level", initial="baseline", role="modulator", description="concentration"),),
    reads=("reward", "release"),
    optional=("reward", "release"),
    equations="dlevel/dt = (baseline - level)/tau + amount*release/dt + reward_amount*reward/decision_interval",
    readout="signal = gain*level",
)
