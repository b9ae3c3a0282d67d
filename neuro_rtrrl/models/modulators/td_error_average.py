"""Dopamine as a temporal-difference error that counts rewards from their running average."""

from neuro_rtrrl.models.declarations import Modulator, Parameter, State
from neuro_rtrrl.models.modulators.td_error import TD_ERROR

TD_ERROR_AVERAGE = Modulator(
    name="td_error_average",
    summary="Temporal-difference error of the differential value: reward minus its average; nothing is discounted.",
    source="Sutton & Barto 2018, ch. 13.6; Wan, Naik & Sutton 2021; Daw & Touretzky 2002 (tonic dopamine)",
    parameters=(
        Parameter(
            "discount", default=1.0, minimum=1.0, maximum=1.0, description="1: it says so to the rules"
        ),
        *(parameter for parameter in TD_ERROR.parameters if parameter.name == "gain"),
        Parameter(
            "average_rate", default=1e-3, minimum=0.0, maximum=1.0, description="how fast the average follows"
        ),
    ),
    states=(
        *TD_ERROR.states,
        State("average", role="modulator", resets=False, description="average reward of a decision"),
        State("begun", role="modulator", description="1 from the second decision of an episode on"),
    ),
    reads=TD_ERROR.reads,
    # the average follows the error, not the reward, and is left alone where there is no error yet
    on_decision="""
        signal = gain*(reward - average + (1 - terminated)*value - value_previous)
        average = average + average_rate*begun*signal
        value_previous = value
        begun = 1
    """,
)
