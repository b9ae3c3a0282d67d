"""Feedback that is learned: the synapse back follows the rule of the synapse forth, from signals of its own two ends.

A feedback synapse from a readout to a cell has the readout's error before it and the cell's rate behind it: what the
forward synapse between the two has, the other way round. Both make the same steps, and both decay, so that what they
started with is forgotten and they meet, though neither ever sees the other's weight. Three rules, since a cell's rate
has the name that its population sends it under.
"""

from neuro_rtrrl.models.declarations import PlasticityRule
from neuro_rtrrl.models.plasticity.entropy import ENTROPY, ENTROPY_CLOCK, ENTROPY_STATES
from neuro_rtrrl.models.plasticity.td_lambda import ELIGIBILITY, TRACE_DECAY, WEIGHT, WEIGHT_DECAY


def _feedback(sent: str) -> PlasticityRule:
    suffix = "" if sent == "r" else f"_{sent}"
    return PlasticityRule(
        name=f"kolen_pollack{suffix}",
        summary=f"Learned feedback to cells that send '{sent}': the steps that td_lambda makes forwards.",
        source="Kolen & Pollack 1994; Akrout et al. 2019, Deep learning without weight transport, section 2.2",
        mirrors="td_lambda",
        parameters=(TRACE_DECAY, *ENTROPY, WEIGHT_DECAY),
        states=(WEIGHT, ELIGIBILITY, *ENTROPY_STATES),
        transmits="w*r_pre",
        on_decision=f"""
            {ENTROPY_CLOCK}
            w += optimise(modulator*e + entropy_rate*entropy_pace*entropy_error_pre*{sent}_post) - weight_decay*w
            e = discount*trace_decay*e + r_pre*{sent}_post
        """,
    )


KOLEN_POLLACK = _feedback("r")
KOLEN_POLLACK_RE = _feedback("re")
KOLEN_POLLACK_IM = _feedback("im")
