"""Softmax readout that is kept from certainty by a pull that does not vanish there."""

from dataclasses import replace

from neuro_rtrrl.models.neurons.softmax import POLICY, SOFTMAX

# The gradient of the entropy is proportional to r*log(r): where the policy has become certain it is nil, and so is that
# of the policy itself. A circuit that has collapsed onto one action then stays there, its critic content with what it
# gets, although the memory that would tell better is intact. The mean log-policy has the gradient 1/n - r.
SOFTMAX_SMOOTHED = replace(
    SOFTMAX,
    name="softmax_smoothed",
    summary="Softmax whose entropy bonus is the mean log-policy: a steady pull towards the uniform policy.",
    source="Lemmel & Grosu 2025, Algorithm 1 (actor); Szegedy et al. 2016, section 7 (label smoothing)",
    readout=f"""
        {POLICY}
        entropy_error = 1/sum_population(1) - r
    """,
)
