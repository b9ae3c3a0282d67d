"""Sensory relay that adapts to the range of what it is shown."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State

NORMALISED_INPUT = NeuronModel(
    name="normalised_input",
    summary="Clamped by the environment; each neuron subtracts its running mean and divides by its running deviation.",
    source="Welford 1962 (running mean and variance); Carandini & Heeger 2012 (normalisation as a neural computation)",
    parameters=(
        Parameter(
            "limit", default=5.0, minimum=0.0, positive=True, description="largest rate, in deviations"
        ),
        Parameter("epsilon", default=1e-8, minimum=0.0, description="keeps the rate finite"),
    ),
    states=(
        State("count", role="statistic", resets=False, description="observations so far"),
        State("mean", role="statistic", resets=False, description="running mean"),
        State("spread", role="statistic", resets=False, description="sum of squared deviations"),
    ),
    on_observation="""
        count = count + 1
        change = observed - mean
        mean = mean + change/count
        spread = spread + change*(observed - mean)
        r = clip((observed - mean)/sqrt(spread/count + epsilon), -limit, limit)
    """,
    clamped=True,
    receivers={},
)
