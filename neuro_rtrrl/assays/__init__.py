"""Assays: an experiment with its measures, what is expected of them, and the controls in which that must fail.

An assay is one YAML file; ``neuro-rtrrl verify`` runs it. Nothing of the package is touched to write another one.
"""

from neuro_rtrrl.assays.load import Assay, find_assays, load_assay
from neuro_rtrrl.assays.runner import Verdict, verify

__all__ = ["Assay", "Verdict", "find_assays", "load_assay", "verify"]
