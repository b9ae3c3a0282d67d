"""Dopamine as a temporal-difference error to which what is new is worth something of itself."""

from dataclasses import replace

from neuro_rtrrl.models.declarations import Parameter
from neuro_rtrrl.models.modulators.td_error_normalised import SCALE
from neuro_rtrrl.models.modulators.td_error_scaled import TD_ERROR_SCALED

# The bonus enters where the reward does and not through the policy: so the critic learns to expect it, and a place
# from which something new can be reached is itself worth going to. It is not part of the return that gives the scale.
TD_ERROR_NOVELTY = replace(
    TD_ERROR_SCALED,
    name="td_error_novelty",
    summary="As td_error_scaled, and what is new is worth a bonus besides the reward.",
    source="Kakade & Dayan 2002 (novelty bonuses); Schultz 1998 (dopamine neurons answer to what is new)",
    parameters=(
        *TD_ERROR_SCALED.parameters,
        Parameter(
            "bonus", default=0.1, minimum=0.0, description="worth of a novelty of 1; 0 is td_error_scaled"
        ),
    ),
    reads=(*TD_ERROR_SCALED.reads, "novelty"),
    on_decision=f"""
        {SCALE}
        signal = gain*(reward/scale + bonus*novelty + discount*(1 - terminated)*value - value_previous)
        value_previous = value
    """,
)
