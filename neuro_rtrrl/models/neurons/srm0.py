"""Spike response model with escape noise."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State


def _time(name: str, default: float, description: str) -> Parameter:
    return Parameter(name, "second", default=default, minimum=0.0, positive=True, description=description)


SRM0 = NeuronModel(
    name="srm0",
    summary="Postsynaptic potentials are differences of exponentials; fires by chance, more often the higher it is.",
    source="Frémaux, Sprekeler & Gerstner 2013 (kernels, constants); Gerstner et al. 2014, Neuronal Dynamics, ch. 9.1 "
    "(escape noise)",
    parameters=(
        _time("tau", 20e-3, "membrane time constant: decay of a postsynaptic potential"),
        _time("tau_synapse", 5e-3, "rise of a postsynaptic potential"),
        Parameter(
            "v_threshold", "volt", default=16e-3, description="where the rate is rate_threshold; rest is 0"
        ),
        Parameter("rate_threshold", "hertz", default=60.0, minimum=0.0, description="rate at the threshold"),
        Parameter(
            "sharpness",
            "volt",
            default=2e-3,
            minimum=0.0,
            positive=True,
            description="the rate grows by the factor e with so much potential",
        ),
        Parameter(
            "after", "volt", default=-5e-3, description="potential after a spike, which decays with tau"
        ),
        Parameter(
            "kept",
            default=1.0,
            minimum=0.0,
            maximum=1.0,
            description="share of the postsynaptic potentials that outlasts a spike of the neuron",
        ),
        Parameter("drive", "volt", default=0.0, description="constant potential"),
    ),
    states=(
        State("synaptic", "volt", description="what the postsynaptic potential follows"),
        State("v", "volt", description="sum of the postsynaptic potentials"),
        State("afterpotential", "volt", description="what the last spike left"),
    ),
    # of one spike v = w*tau/(tau - tau_synapse)*(exp(-t/tau) - exp(-t/tau_synapse)), whose integral is w*tau
    equations="""
        dsynaptic/dt = -synaptic/tau_synapse
        dv/dt = synaptic/tau_synapse - v/tau
        dafterpotential/dt = -afterpotential/tau
    """,
    readout="""
        potential = v + afterpotential + drive
        rate = rate_threshold*exp((potential - v_threshold)/sharpness)
    """,
    threshold="chance < 1 - exp(-rate*dt)",
    reset="""
        synaptic = kept*synaptic
        v = kept*v
        afterpotential = after
    """,
    senders={"spikes": ("spike",)},
    receivers={"v": ("synaptic",)},
    noise=("chance",),
)
