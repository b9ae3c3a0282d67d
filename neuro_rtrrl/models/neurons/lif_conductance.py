"""Leaky integrate-and-fire neuron with excitatory and inhibitory conductances."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State
from neuro_rtrrl.models.neurons.lif_current import ACTIVE, COUNTS_DOWN, LEAKY, LEFT, RESET

LIF_CONDUCTANCE = NeuronModel(
    name="lif_conductance",
    summary="Leaky integrate-and-fire; each spike opens a conductance towards a reversal potential.",
    source="Song, Miller & Abbott 2000 (conductances in units of the leak); Gerstner et al. 2014, Neuronal Dynamics, "
    "ch. 3.1",
    parameters=(
        *LEAKY,
        Parameter("reversal_excitatory", "volt", default=0.0, description="reversal potential of excitation"),
        Parameter(
            "reversal_inhibitory", "volt", default=-70e-3, description="reversal potential of inhibition"
        ),
        Parameter(
            "tau_excitatory",
            "second",
            default=5e-3,
            minimum=0.0,
            positive=True,
            description="decay of the excitatory conductance",
        ),
        Parameter(
            "tau_inhibitory",
            "second",
            default=5e-3,
            minimum=0.0,
            positive=True,
            description="decay of the inhibitory conductance",
        ),
    ),
    states=(
        State("v", "volt", initial="v_rest", description="membrane potential"),
        State("g_excitatory", description="excitatory conductance, in units of the leak"),
        State("g_inhibitory", description="inhibitory conductance, in units of the leak"),
        LEFT,
    ),
    equations=f"""
        {ACTIVE}
        excitation = g_excitatory*(reversal_excitatory - v)
        inhibition = g_inhibitory*(reversal_inhibitory - v)
        dv/dt = active*(v_rest - v + drive + excitation + inhibition)/tau
        dg_excitatory/dt = -g_excitatory/tau_excitatory
        dg_inhibitory/dt = -g_inhibitory/tau_inhibitory
        {COUNTS_DOWN}
    """,
    threshold="v > v_threshold",
    reset=RESET,
    senders={"spikes": ("spike",)},
    receivers={"excitatory": ("g_excitatory",), "inhibitory": ("g_inhibitory",)},
)
