"""Winner takes all: the actor that chooses where its input is largest."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter

WINNER = NeuronModel(
    name="winner",
    summary="The largest input is chosen; among equals, chance decides.",
    source="Frémaux, Sprekeler & Gerstner 2013 (choice of one action by the most active neurons)",
    parameters=(Parameter("bias", default=0.0, description="constant input"),),
    inputs=("u",),
    readout="""
        ahead = int(u + bias >= max_population(u + bias))
        r = ahead/sum_population(ahead)
    """,
)
