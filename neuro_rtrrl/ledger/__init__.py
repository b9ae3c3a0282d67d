"""The ledger: what a decision costs. Counts (of a circuit) and prices (of a device) are kept apart."""

from neuro_rtrrl.ledger.profile import HardwareProfile, load_profile, profile_names
from neuro_rtrrl.ledger.report import AXES, CostReport, cost
from neuro_rtrrl.ledger.tables import Table

__all__ = ["AXES", "CostReport", "HardwareProfile", "Table", "cost", "load_profile", "profile_names"]
