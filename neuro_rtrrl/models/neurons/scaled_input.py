"""Sensory relay that senses in units of what there was to sense so far, such as rewards of any size."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State

# The statistic is that which td_error_scaled takes of the return, but each neuron's own: the running deviation of the
# discounted sum. Nothing is subtracted, so that what is not there stays 0.
SCALED_INPUT = NeuronModel(
    name="scaled_input",
    summary="Clamped by the environment; each neuron divides by the running deviation of its own discounted sum.",
    source="Tobler, Fiorillo & Schultz 2005 (adaptation to the range of reward); Engstrom et al. 2020, section 2",
    parameters=(
        Parameter("discount", default=0.99, minimum=0.0, maximum=1.0, description="of the sum, per decision"),
        Parameter(
            "limit", default=5.0, minimum=0.0, positive=True, description="largest rate, in deviations"
        ),
    ),
    states=(
        State("gathered", role="statistic", description="discounted sum over the episode so far"),
        State("count", role="statistic", resets=False, description="decisions so far"),
        State("mean", role="statistic", resets=False, description="running mean of the sum"),
        State("spread", role="statistic", resets=False, description="sum of its squared deviations"),
    ),
    on_observation="""
        gathered = discount*gathered + observed
        count = count + 1
        change = gathered - mean
        mean = mean + change/count
        spread = spread + change*(gathered - mean)
        r = clip(observed/(sqrt(spread/count) + int(spread == 0)), -limit, limit)
    """,
    clamped=True,
    receivers={},
)
