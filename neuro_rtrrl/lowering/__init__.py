"""The lowered form: lower, hoist, pack, or whole numbers; read by both backends and the ledger."""

from neuro_rtrrl.lowering.fixed_point import fixed_form
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
from neuro_rtrrl.lowering.whole_numbers import FixedForm, FixedPoint, key_of_node
from neuro_rtrrl.lowering.words import Format, WordLengths

__all__ = [
    "EVERY_DT",
    "PHASES",
    "SECTIONS",
    "Act",
    "Assign",
    "Choose",
    "FixedForm",
    "FixedPoint",
    "Format",
    "Gather",
    "LoweredCircuit",
    "Reduce",
    "Space",
    "SpikeStep",
    "Statement",
    "Term",
    "Variable",
    "WordLengths",
    "fixed_form",
    "hoist",
    "key_of_node",
    "lower",
]
