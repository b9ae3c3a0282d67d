"""Puts a mistake into the text of a circuit's models: a test that does not notice it tests nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from neuro_rtrrl.graph import Circuit

__all__ = ["mistaken"]


def mistaken(circuit: Circuit, old: str, new: str, only: tuple[str, ...] = ()) -> Circuit:
    """Return the circuit with ``old`` replaced by ``new`` in the equations of its models.

    Parameters
    ----------
    only : tuple of str
        Parts (projections, groups, populations, modulators) in whose models; all by default.
    """
    changed: list[str] = []

    def part(name: str, each: Any, attribute: str) -> Any:
        if only and name not in only:
            return each
        model = getattr(each, attribute)
        wrong = _replaced(model, lambda text: text.replace(old, new))
        if wrong != model:
            changed.append(name)
        return replace(each, **{attribute: wrong})

    after = circuit.replace(
        projections={name: part(name, each, "rule") for name, each in circuit.projections.items()},
        plasticity={name: part(name, each, "rule") for name, each in circuit.plasticity.items()},
        populations={name: part(name, each, "model") for name, each in circuit.populations.items()},
        neuromodulators={name: part(name, each, "model") for name, each in circuit.neuromodulators.items()},
    )
    assert changed, f"no model says {old!r}: the mistake cannot be put back"
    return after


def _replaced(model: Any, change: Callable[[str], str]) -> Any:
    if isinstance(model, tuple):
        return tuple(_replaced(each, change) for each in model)
    if not is_dataclass(model) or isinstance(model, type):
        return model
    found = {}
    for field in fields(model):
        value = getattr(model, field.name)
        text = field.name in (
            "dynamics",
            "on_decision",
            "equations",
            "readout",
            "on_choice",
            "on_observation",
            "transmits",
        )
        if text and isinstance(value, str):
            found[field.name] = change(value)
        elif field.name == "intrinsic":
            found[field.name] = _replaced(value, change)
    return replace(model, **found)
