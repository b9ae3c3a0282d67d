"""RFLO with other eligibility traces than the accumulating one."""

from neuro_rtrrl.models.plasticity.rflo_td import SOURCE, local_trace_td
from neuro_rtrrl.models.plasticity.traces import dutch, replacing

RFLO_TD_REPLACING = local_trace_td(
    "rflo_td_replacing",
    "As rflo_td, with a trace that never adds up: the larger of what is left and what is new.",
    f"Singh & Sutton 1996; {SOURCE}",
    replacing,
)
RFLO_TD_DUTCH = local_trace_td(
    "rflo_td_dutch",
    "As rflo_td, with a dutch trace: what the new gradient says again is forgotten; its sum runs over the one neuron.",
    f"van Seijen et al. 2016, Eq. 11; {SOURCE}",
    dutch,
)
