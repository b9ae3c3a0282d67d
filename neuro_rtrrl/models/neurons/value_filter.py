"""A critic that reads spikes through a kernel and knows the slope of its value."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State

VALUE_FILTER = NeuronModel(
    name="value_filter",
    summary="Value as filtered spike counts: a difference of exponentials; its slope is known without differences.",
    source="Fremaux, Sprekeler & Gerstner 2013, Eqs. 10 to 12",
    parameters=(
        Parameter(
            "tau_rise", "second", default=50e-3, minimum=0.0, positive=True, description="kernel's rise"
        ),
        Parameter(
            "tau_decay", "second", default=200e-3, minimum=0.0, positive=True, description="kernel's decay"
        ),
        Parameter("scale", "second", default=1.0, description="value of one spike a second"),
        Parameter("offset", default=0.0, description="value of silence"),
        Parameter(
            "rate_initial",
            "hertz",
            default=0.0,
            minimum=0.0,
            description="rate at the start of an episode; where that is usual, the start itself is no surprise",
        ),
    ),
    states=(
        State("n", description="spikes that have come, decaying with tau_rise"),
        State("rate", "hertz", initial="rate_initial", description="spikes in a second, through the kernel"),
    ),
    equations="""
        dn/dt = -n/tau_rise
        drate/dt = (n/tau_rise - rate)/tau_decay
    """,
    readout="""
        r = scale*rate + offset
        slope = scale*(n/tau_rise - rate)/tau_decay
    """,
    senders={"r": ("r",), "slope": ("slope",)},
    receivers={"u": ("n",)},
)
