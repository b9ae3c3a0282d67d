"""Dopamine as a temporal-difference error in the firing of neurons that cannot fire less than not at all."""

from dataclasses import replace

from neuro_rtrrl.models.declarations import Parameter
from neuro_rtrrl.models.modulators.td_error import TD_ERROR

TD_ERROR_PHASIC = replace(
    TD_ERROR,
    name="td_error_phasic",
    summary="Temporal-difference error as firing above or below a baseline, cut where a dip reaches the floor.",
    source="Bayer & Glimcher 2005 (dips saturate); Schultz 1998 (baseline of about 5 Hz)",
    parameters=(
        *TD_ERROR.parameters,
        Parameter("baseline", "hertz", default=5.0, minimum=0.0, description="firing without an error"),
        Parameter(
            "sensitivity",
            "hertz",
            default=20.0,
            minimum=0.0,
            positive=True,
            description="firing that an error of 1 adds",
        ),
        Parameter("floor", "hertz", default=0.0, minimum=0.0, description="firing that no dip goes below"),
    ),
    # the signal is in units of the error, so that rules need not know of hertz
    on_decision="""
        error = reward + discount*(1 - terminated)*value - value_previous
        firing = maximum(baseline + sensitivity*error, floor)
        signal = gain*(firing - baseline)/sensitivity
        value_previous = value
    """,
)
