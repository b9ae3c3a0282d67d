"""Dopamine as a temporal-difference error of rewards in units of what there is to gain."""

from dataclasses import replace

from neuro_rtrrl.models.modulators.td_error_normalised import SCALE, TD_ERROR_NORMALISED

TD_ERROR_SCALED = replace(
    TD_ERROR_NORMALISED,
    name="td_error_scaled",
    summary="Temporal-difference error with the reward over the running deviation of the return so far.",
    source="Tobler, Fiorillo & Schultz 2005 (dopamine adapts to the range of reward); Elsayed et al. 2024, section 3.4",
    on_decision=f"""
        {SCALE}
        signal = gain*(reward/scale + discount*(1 - terminated)*value - value_previous)
        value_previous = value
    """,
)
