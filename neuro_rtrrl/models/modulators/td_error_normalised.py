"""Dopamine as a temporal-difference error that adapts to the scale of what there is to gain."""

from neuro_rtrrl.models.declarations import Modulator, Parameter, State
from neuro_rtrrl.models.modulators.td_error import TD_ERROR

#: the running deviation of the return so far, 1 until anything was gained
SCALE = """
    gained = discount*gained + reward
    count = count + 1
    change = gained - mean
    mean = mean + change/count
    spread = spread + change*(gained - mean)
    scale = sqrt(spread/count + epsilon) + int(spread == 0)
"""

TD_ERROR_NORMALISED = Modulator(
    name="td_error_normalised",
    summary="Temporal-difference error over the running deviation of the return so far (1 until anything was gained).",
    source="Tobler, Fiorillo & Schultz 2005 (dopamine adapts to the range of reward); Engstrom et al. 2020, section 2",
    parameters=(
        *TD_ERROR.parameters,
        Parameter("epsilon", default=1e-8, minimum=0.0, description="keeps the error finite"),
    ),
    states=(
        *TD_ERROR.states,
        State("gained", role="modulator", description="discounted return of the episode so far"),
        State("count", role="modulator", resets=False, description="decisions so far"),
        State("mean", role="modulator", resets=False, description="running mean of the return so far"),
        State("spread", role="modulator", resets=False, description="sum of its squared deviations"),
    ),
    reads=TD_ERROR.reads,
    on_decision=f"""
        {SCALE}
        signal = gain*(reward + discount*(1 - terminated)*value - value_previous)/scale
        value_previous = value
    """,
)
