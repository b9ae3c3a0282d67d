"""Overshooting-bounded gradient descent, neuron by neuron: a step that is safe online, whatever the traces are."""

from neuro_rtrrl.models.declarations import Optimiser, Parameter
from neuro_rtrrl.models.optimisers.schedule import AGE, FALL, LEARNING_RATE, PACE, PACE_CLOCK

#: max(|error|, 1)/|error|, which makes of |error| |trace| the product in the bound
LARGER = "maximum(1, 1/maximum(abs(modulator), epsilon))"

OBGD = Optimiser(
    name="obgd",
    summary="A step that shrinks where it would overshoot the error; each neuron bounds its own synapses.",
    # There, one norm is taken over all weights of the actor or the critic, for which each synapse would have to hear
    # of every other. Here it runs over the synapses of one neuron: the same for a linear critic, whose one neuron has
    # all of them, and a dendrite's own affair elsewhere. With |gradient| = |error| |trace|, the sum below is the
    # trace's norm; the entropy bonus counts as a part of the trace, as it does there.
    source="Elsayed, Vasan & Mahmood 2024, Streaming deep RL finally works, Algorithm 3 (ObGD)",
    parameters=(
        LEARNING_RATE,
        Parameter(
            "kappa",
            default=2.0,
            minimum=0.0,
            description="how many times smaller than the error the effect of a step has to be",
        ),
        Parameter(
            "epsilon",
            default=1e-6,
            minimum=0.0,
            positive=True,
            description="an error below it does not shrink the step further",
        ),
        *FALL,
    ),
    states=(AGE, PACE),
    on_decision=f"""
        {PACE_CLOCK}
        load = dendritic_sum(abs(gradient))
        step = learning_rate*pace*gradient/maximum(kappa*learning_rate*pace*load*{LARGER}, 1)
    """,
)
