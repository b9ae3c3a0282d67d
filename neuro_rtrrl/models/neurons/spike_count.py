"""Counts the spikes of a decision interval, for readouts that look once a decision."""

from neuro_rtrrl.models.declarations import NeuronModel, State

# The last step of an interval shows what was counted and begins anew; what arrives in that very step counts for the
# next interval, so that every spike counts once.
SPIKE_COUNT = NeuronModel(
    name="spike_count",
    summary="r is the weighted number of spikes that arrived within the last decision interval, one dt ago.",
    states=(
        State("count", description="spikes so far"),
        State("shown", description="spikes of the last interval"),
        State("passed", description="steps since the interval began"),
    ),
    equations="""
        steps = floor(decision_interval/dt + 0.5)
        ends = int(passed > steps - 1.5)
        dshown/dt = ends*(count - shown)/dt
        dcount/dt = -ends*count/dt
        dpassed/dt = (1 - ends*steps)/dt
    """,
    readout="r = shown",
    receivers={"count": ("count",)},
)
