"""The circuit file: YAML text to a checked description, with the line and column of every problem.

Pydantic and PyYAML only: nothing here starts a simulator.
"""

from neuro_rtrrl.spec.document import Document, parse_document, read_document
from neuro_rtrrl.spec.load import SpecError, load_spec, spec_from_document
from neuro_rtrrl.spec.overrides import apply_overrides
from neuro_rtrrl.spec.schema import CircuitSpec
from neuro_rtrrl.spec.values import Distribution, Initialiser, TransposeOf
from neuro_rtrrl.units import Quantity

__all__ = [
    "CircuitSpec",
    "Distribution",
    "Document",
    "Initialiser",
    "Quantity",
    "SpecError",
    "TransposeOf",
    "apply_overrides",
    "load_spec",
    "parse_document",
    "read_document",
    "spec_from_document",
]
