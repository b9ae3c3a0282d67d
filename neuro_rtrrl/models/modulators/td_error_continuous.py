"""Dopamine as the temporal-difference error of continuous time."""

from neuro_rtrrl.models.declarations import Modulator, Parameter, State
from neuro_rtrrl.models.modulators.reward_only import GAIN

TD_ERROR_CONTINUOUS = Modulator(
    name="td_error_continuous",
    summary="Slope of the value - value/tau_discount + rate of reward, each dt; the critic tells its own slope.",
    source="Doya 2000, Eq. 5; Fremaux, Sprekeler & Gerstner 2013, Eqs. 5 and 15 (reward kernel)",
    parameters=(
        Parameter(
            "tau_discount", "second", minimum=0.0, positive=True, description="how far the future counts"
        ),
        Parameter(
            "tau_rise", "second", default=50e-3, minimum=0.0, positive=True, description="rise of a reward"
        ),
        Parameter(
            "tau_decay", "second", default=200e-3, minimum=0.0, positive=True, description="decay of a reward"
        ),
        Parameter(
            "window",
            "second",
            default="decision_interval",
            minimum=0.0,
            positive=True,
            description="an error that lasts for so long counts as the error of a decision",
        ),
        GAIN,
    ),
    states=(
        State("rising", "hertz", role="modulator", description="reward that rises"),
        State("rewarded", "hertz", role="modulator", description="reward in a second, through its kernel"),
    ),
    reads=("reward", "value", "value_slope"),
    optional=("reward",),
    equations="""
        drising/dt = (reward/decision_interval - rising)/tau_rise
        drewarded/dt = (rising - rewarded)/tau_decay
    """,
    readout="signal = gain*window*(value_slope - value/tau_discount + rewarded)",
)
