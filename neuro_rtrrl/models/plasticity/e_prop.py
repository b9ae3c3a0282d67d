"""Reward-based e-prop: RFLO's form for neurons that spike, with the pseudo-derivative in the place of the slope.

Local traces of a synapse, for which the paper (Bellec et al. 2020, Methods) has other names:

- ``x``: what arrived, filtered as the membrane filters it (epsilon of the membrane);
- ``y``: what that did to the threshold (epsilon of the adaptation): y' = psi x + (rho - psi beta) y;
- ``j``: the eligibility trace e = psi (x - beta y), filtered as readouts filter the neuron's spikes.

So ``j`` is the derivative of the neuron's filtered spikes ``r`` with respect to the weight, without what a spike does
to other neurons and, by the reset, to its own membrane. From there on the rule is rflo_td, text for text: fed-back
error, TD(lambda), modulator.
"""

from neuro_rtrrl.models.declarations import PlasticityRule, State
from neuro_rtrrl.models.plasticity.rflo_td import local_trace_td

__all__ = ["E_PROP", "E_PROP_INPUT", "E_PROP_LIF", "E_PROP_LIF_INPUT"]

SOURCE = (
    "Bellec et al. 2020, Methods (eligibility traces, reward-based e-prop); Lemmel & Grosu 2025, Algorithm 1"
)
ARRIVED = State("x", role="local_trace", description="what arrived, filtered by the membrane")
ADAPTED = State("y", role="local_trace", description="effect on the adaptation of the threshold")


def _traces(arrived: str, x: str, adaptive: bool, suffix: str) -> str:
    """Return the local traces: ``arrived`` is how ``x`` changes, ``x`` what of it acts in this step."""
    effect = f"({x} - beta{suffix}*y)" if adaptive else x
    lines = [
        f"dx/dt = {arrived}",
        f"dy/dt = (psi{suffix}*{effect} - y*dt/tau_adaptation{suffix})/dt" if adaptive else "",
        f"dj/dt = (psi{suffix}*{effect} - j*dt/tau_readout{suffix})/dt",
    ]
    return "\n".join(line for line in lines if line)


def _e_prop(name: str, summary: str, adaptive: bool, spikes: bool) -> PlasticityRule:
    # a spike was added at the end of the step before; a rate acts in the step in which it is there
    rate, own = "(r_pre - x)/tau_post", "(1 - x)/tau"
    at_once, own_at_once = "(x + dt*(r_pre - x)/tau_post)", "(x + dt*(1 - x)/tau)"
    synapse = ("-x/tau_post", "x") if spikes else (rate, at_once)
    return local_trace_td(
        name,
        summary,
        SOURCE,
        follows={
            "w": _traces(*synapse, adaptive, "_post"),
            "bias": _traces(own, own_at_once, adaptive, ""),
        },
        moved=(ARRIVED, ADAPTED) if adaptive else (ARRIVED,),
        on_pre="pulse_post += w\nx += 1" if spikes else "",
    )


E_PROP = _e_prop(
    "e_prop",
    "e-prop between spiking neurons with adaptation: eligibility of pre-then-almost-post, times fed-back error.",
    adaptive=True,
    spikes=True,
)
E_PROP_INPUT = _e_prop(
    "e_prop_input",
    "As e_prop, from a population that sends rates to neurons with adaptation.",
    adaptive=True,
    spikes=False,
)
E_PROP_LIF = _e_prop(
    "e_prop_lif",
    "As e_prop, between spiking neurons without adaptation: one trace less.",
    adaptive=False,
    spikes=True,
)
E_PROP_LIF_INPUT = _e_prop(
    "e_prop_lif_input",
    "As e_prop_lif, from a population that sends rates to neurons without adaptation.",
    adaptive=False,
    spikes=False,
)
