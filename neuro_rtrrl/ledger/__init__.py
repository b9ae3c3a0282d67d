"""The ledger: what a decision costs. Counts (of a circuit) and prices (of a device) are kept apart.

The counting half is imported when it is first asked for: reading a profile needs none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuro_rtrrl.ledger.prices import price_events
    from neuro_rtrrl.ledger.profile import HardwareProfile, load_profile, profile_names
    from neuro_rtrrl.ledger.report import AXES, CostReport, cost
    from neuro_rtrrl.ledger.tables import Table
    from neuro_rtrrl.ledger.terminal import render, render_table

__all__ = [
    "AXES",
    "CostReport",
    "HardwareProfile",
    "Table",
    "cost",
    "load_profile",
    "price_events",
    "profile_names",
    "render",
    "render_table",
]

_HOMES = {
    "AXES": "report",
    "CostReport": "report",
    "HardwareProfile": "profile",
    "Table": "tables",
    "cost": "report",
    "load_profile": "profile",
    "price_events": "prices",
    "profile_names": "profile",
    "render": "terminal",
    "render_table": "terminal",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
