"""Dopamine as the temporal-difference error."""

from neuro_rtrrl.models.declarations import Modulator, Parameter, State

TD_ERROR = Modulator(
    name="td_error",
    summary="Temporal-difference error; a truncated episode bootstraps, a terminated one does not.",
    source="Schultz, Dayan & Montague 1997; Sutton & Barto 2018, Eq. 6.5",
    parameters=(
        Parameter("discount", minimum=0.0, maximum=1.0, description="gamma"),
        Parameter(
            "gain", default=1.0, minimum=0.0, description="1 in health; less after a lesion of the source"
        ),
    ),
    states=(State("value_previous", role="modulator", description="the critic's value one decision ago"),),
    reads=("reward", "terminated", "value"),
    on_decision="""
        signal = gain*(reward + discount*(1 - terminated)*value - value_previous)
        value_previous = value
    """,
)
