"""TD-LTP for neurons whose postsynaptic potentials do not outlast their spikes."""

from dataclasses import replace

from neuro_rtrrl.models.plasticity.td_ltp import TD_LTP

# What a synapse contributes to the next spike of such a neuron (srm0 with kept 0) is what arrived since its last one;
# so the derivative of the log-likelihood of a spike with respect to the weight is this potential, not the whole.
TD_LTP_RENEWED = replace(
    TD_LTP,
    name="td_ltp_renewed",
    summary="TD-LTP that counts only presynaptic spikes since the last postsynaptic one; for srm0 with kept 0.",
    on_post="""
        coincidence = coincidence + psp
        charge = 0
        psp = 0
    """,
)
