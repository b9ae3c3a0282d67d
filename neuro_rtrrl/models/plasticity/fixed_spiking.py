"""A delta synapse that never changes."""

from neuro_rtrrl.models.declarations import PlasticityRule, State

FIXED_SPIKING = PlasticityRule(
    name="fixed_spiking",
    summary="Each presynaptic spike moves the postsynaptic potential by w.",
    source="Gerstner et al. 2014, Neuronal Dynamics, ch. 1.3",
    states=(State("w", "volt", role="weight", resets=False),),
    on_pre="v_post += w",
)
