"""Izhikevich's simple model of spiking neurons, with Euler steps of dt and as its author published it."""

from dataclasses import replace

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State

#: what a spike delivers to `current` acts in the one step after it: the derivative empties it
_SYNAPTIC = "dcurrent/dt = -current/dt"

IZHIKEVICH = NeuronModel(
    name="izhikevich",
    summary="v' = 0.04 v^2 + 5 v + 140 - u + I, u' = a (b v - u), in mV and ms; v = c, u += d after a spike.",
    source="Izhikevich 2003, IEEE Trans. Neural Netw. 14, Eqs. 1 to 3",
    parameters=(
        Parameter("a", default=0.02, description="rate of recovery, in 1/ms"),
        Parameter("b", default=0.2, description="how recovery follows the potential"),
        Parameter("c", "volt", default=-65e-3, description="potential after a spike"),
        Parameter("d", "volt", default=8e-3, description="jump of recovery at a spike"),
        Parameter("v_peak", "volt", default=30e-3, description="a spike is sent from here on"),
        Parameter("v_initial", "volt", default=-65e-3, description="potential at the start"),
        Parameter("u_initial", "volt", default=-13e-3, description="recovery at the start, b*v_initial"),
        Parameter("drive", "volt", default=0.0, description="constant input I, 1 mV as 1 in the equations"),
        Parameter(
            "millisecond", "second", default=1e-3, minimum=0.0, positive=True, description="unit of time"
        ),
        Parameter(
            "millivolt", "volt", default=1e-3, minimum=0.0, positive=True, description="unit of v and u"
        ),
    ),
    states=(
        State("v", "volt", initial="v_initial", description="membrane potential"),
        State("u", "volt", initial="u_initial", description="recovery"),
        State("current", "volt", description="what spikes brought in the last step"),
    ),
    equations=f"""
        dv/dt = (0.04*v*v/millivolt + 5*v + 140*millivolt - u + drive + current)/millisecond
        du/dt = a*(b*v - u)/millisecond
        {_SYNAPTIC}
    """,
    threshold="v >= v_peak",
    reset="""
        v = c
        u += d
    """,
    senders={"spikes": ("spike",)},
    receivers={"current": ("current",), "v": ("v",)},
)

# In the published program, which steps 1 ms, v takes two Euler steps of 0.5 ms "for numerical stability" with the same
# input, and u then one of 1 ms from the new v. With dt: 1 ms this is that program; no other dt is.
IZHIKEVICH_2003 = replace(
    IZHIKEVICH,
    name="izhikevich_2003",
    summary="As izhikevich, stepped as in the published program: v by two half steps, then u from the new v. "
    "Use dt: 1 ms.",
    source="Izhikevich 2003, IEEE Trans. Neural Netw. 14, the program at the end of the paper",
    equations=f"""
        given = 140*millivolt - u + drive + current
        half = v + 0.5*dt*(0.04*v*v/millivolt + 5*v + given)/millisecond
        full = half + 0.5*dt*(0.04*half*half/millivolt + 5*half + given)/millisecond
        dv/dt = (full - v)/dt
        du/dt = a*(b*full - u)/millisecond
        {_SYNAPTIC}
    """,
)
