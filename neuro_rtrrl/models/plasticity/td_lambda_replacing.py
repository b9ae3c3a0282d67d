"""TD(lambda) of a linear readout with replacing traces."""

from neuro_rtrrl.models.plasticity.td_lambda import td_lambda
from neuro_rtrrl.models.plasticity.traces import replacing

TD_LAMBDA_REPLACING = td_lambda(
    "td_lambda_replacing",
    "As td_lambda, with a trace that never adds up: the larger of what is left and what is new.",
    "Singh & Sutton 1996; Lemmel & Grosu 2025, Algorithm 1",
    replacing,
)
