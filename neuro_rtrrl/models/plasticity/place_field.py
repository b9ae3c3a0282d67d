"""A synapse that tells how far its input is from the centre of a field."""

from neuro_rtrrl.models.declarations import PlasticityRule, State

PLACE_FIELD = PlasticityRule(
    name="place_field",
    summary="Transmits the square of the distance from the centre w; summed over the inputs, that in space. Fixed.",
    source="Frémaux, Sprekeler & Gerstner 2013 (place cells)",
    states=(State("w", role="weight", resets=False, description="the centre of the field"),),
    transmits="(r_pre - w)*(r_pre - w)",
)
