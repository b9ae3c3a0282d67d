"""The lowered form: lower, hoist, pack; read by both backends and the ledger."""

from neuro_rtrrl.lowering.hoist import hoist
from neuro_rtrrl.lowering.lower import lower
from neuro_rtrrl.lowering.program import (
    EVERY_DT,
    PHASES,
    SECTIONS,
    Act,
    Assign,
    Choose,
    Gather,
    LoweredCircuit,
    Reduce,
    Space,
    SpikeStep,
    Statement,
    Term,
    Variable,
)

__all__ = [
    "EVERY_DT",
    "PHASES",
    "SECTIONS",
    "Act",
    "Assign",
    "Choose",
    "Gather",
    "LoweredCircuit",
    "Reduce",
    "Space",
    "SpikeStep",
    "Statement",
    "Term",
    "Variable",
    "hoist",
    "lower",
]
