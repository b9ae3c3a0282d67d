"""A synapse that transmits and never changes."""

from neuro_rtrrl.models.declarations import PlasticityRule, State

FIXED = PlasticityRule(
    name="fixed",
    summary="Transmits w times the signal; random feedback is a projection of this kind.",
    source="Lillicrap et al. 2016 (feedback alignment)",
    states=(State("w", role="weight", resets=False),),
    transmits="w*r_pre",
)
