"""A synapse that never changes onto a neuron that counts spikes."""

from neuro_rtrrl.models.declarations import PlasticityRule, State

FIXED_COUNTING = PlasticityRule(
    name="fixed_counting",
    summary="Each presynaptic spike adds w to the spikes that the postsynaptic neuron counts.",
    source="Fremaux, Sprekeler & Gerstner 2013, Eq. 10",
    states=(State("w", role="weight", resets=False),),
    on_pre="n_post += w",
)
