"""Dopamine as the reward itself."""

from neuro_rtrrl.models.declarations import Modulator, Parameter
from neuro_rtrrl.models.modulators.td_error import TD_ERROR

GAIN = next(parameter for parameter in TD_ERROR.parameters if parameter.name == "gain")

REWARD_ONLY = Modulator(
    name="reward_only",
    summary="The reward, minus what is expected whatever happens; nothing is predicted.",
    source="Fremaux & Gerstner 2016, section 4 (reward-modulated rules without a critic)",
    parameters=(GAIN, Parameter("expected", default=0.0, description="a reward that counts as none")),
    reads=("reward",),
    on_decision="signal = gain*(reward - expected)",
)
