"""The actor that does what a population of neurons with preferred directions says."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter

POPULATION_VECTOR = NeuronModel(
    name="population_vector",
    summary="Acts by degrees, without chance: the action is the input, cut off at what the task allows.",
    source="Georgopoulos, Schwartz & Kettner 1986; Frémaux, Sprekeler & Gerstner 2013 (actor)",
    parameters=(Parameter("bias", default=0.0, description="constant input"),),
    inputs=("u",),
    readout="r = u + bias",
    on_choice="action = clip(r, -1, 1)",
)
