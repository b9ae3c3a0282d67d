"""Recurrent spiking neurons of e-prop: leaky integrate-and-fire, with a threshold that adapts and without.

The membrane is a pure number, as in the paper. One Euler step of ``dt``, with alpha = 1 - dt/tau, is the paper's
network in the paper's order of time (Bellec et al. 2020, Methods):

    v(t) = alpha v(t-1) + sum W z(t-1) + (1 - alpha) u(t) - v_threshold z(t-1)
    a(t) = rho a(t-1) + z(t-1)
    z(t) = 1 where v(t) > v_threshold + beta a(t) and the neuron is not refractory

A spike of one step thus arrives, resets and adapts in the next. ``psi`` is that of the step in which the states move:
the equations work out v(t) and a(t) beforehand, since local traces move together with them.
"""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State

__all__ = ["ALIF", "LIF_RECURRENT"]

_PARAMETERS = (
    Parameter(
        "tau", "second", default=20e-3, minimum=0.0, positive=True, description="membrane time constant"
    ),
    Parameter("bias", default=0.0, description="constant input"),
    Parameter(
        "v_threshold",
        default=1.0,
        minimum=0.0,
        positive=True,
        description="a spike is sent above it, and takes as much away from the membrane",
    ),
    Parameter(
        "refractory", "second", default=2e-3, minimum=0.0, description="shortest time between two spikes"
    ),
    Parameter(
        "dampening",
        default=0.3,
        minimum=0.0,
        description="height of the pseudo-derivative, gamma of the paper",
    ),
    Parameter(
        "tau_readout",
        "second",
        default=20e-3,
        minimum=0.0,
        positive=True,
        description="time constant with which spikes are filtered for readouts",
    ),
)
_ADAPTATION = (
    Parameter("beta", default=1.6, minimum=0.0, description="how much a spike raises the threshold"),
    Parameter(
        "tau_adaptation",
        "second",
        default=200e-3,
        minimum=0.0,
        positive=True,
        description="time constant with which the threshold comes back",
    ),
)
_STATES = (
    State("v", description="membrane potential"),
    State("pulse", description="what spikes of the step before bring"),
    State("z", description="1 if the neuron fired in the step before, else 0"),
    State("left", "second", description="what is left of the refractory period"),
    State("r", description="filtered spikes, for readouts"),
)
_MEMBRANE = """
        slope_v = (u + bias - v)/tau + (pulse - v_threshold*z)/dt
        free = int(left < 1.5*dt)
"""
# what came in a step is gone after it: -x/dt takes all of x away
_MOVES = """
        dv/dt = slope_v
        dpulse/dt = -pulse/dt
        dz/dt = -z/dt
        dleft/dt = -minimum(left, dt)/dt
        dr/dt = -r/tau_readout
"""
_RESET = """
        z = 1
        left = refractory
        r += 1
"""
_INPUTS = ("u", "feedback", "entropy_feedback")
_SENDERS = {"spikes": ("spike",), "r": ("r",)}
_RECEIVERS = {"u": ("u",), "pulse": ("pulse",), "feedback": ("feedback", "entropy_feedback")}

LIF_RECURRENT = NeuronModel(
    name="lif_recurrent",
    summary="Leaky integrate-and-fire neuron of a recurrent network, with the pseudo-derivative that e-prop needs.",
    source="Bellec et al. 2020, Methods (LIF neurons)",
    parameters=_PARAMETERS,
    states=_STATES,
    inputs=_INPUTS,
    equations=f"""
        {_MEMBRANE}
        excess = v + dt*slope_v - v_threshold
        psi = free*dampening*maximum(1 - abs(excess)/v_threshold, 0)/v_threshold
        {_MOVES}
    """,
    threshold="v > v_threshold and left < 0.5*dt",
    reset=_RESET,
    senders=_SENDERS,
    receivers=_RECEIVERS,
)
ALIF = NeuronModel(
    name="alif",
    summary="Leaky integrate-and-fire neuron whose threshold rises by beta with every spike and comes back slowly.",
    source="Bellec et al. 2018 (LSNN); Bellec et al. 2020, Methods (ALIF neurons)",
    parameters=(*_PARAMETERS, *_ADAPTATION),
    states=(*_STATES, State("a", description="adaptation; the threshold is v_threshold + beta*a")),
    inputs=_INPUTS,
    equations=f"""
        {_MEMBRANE}
        slope_a = z/dt - a/tau_adaptation
        excess = v + dt*slope_v - v_threshold - beta*(a + dt*slope_a)
        psi = free*dampening*maximum(1 - abs(excess)/v_threshold, 0)/v_threshold
        {_MOVES}
        da/dt = slope_a
    """,
    threshold="v > v_threshold + beta*a and left < 0.5*dt",
    reset=_RESET,
    senders=_SENDERS,
    receivers=_RECEIVERS,
    units={"slope_v": "hertz", "slope_a": "hertz"},
)
