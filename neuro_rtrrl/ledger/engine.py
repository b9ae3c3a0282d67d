"""What a device's learning engine can do: which operations where, which words, and what a synapse sees.

A rule that a chip has no bytes for needs a larger chip; a rule that its learning engine cannot express runs on no
number of such chips. This file states the second kind of limit; :mod:`neuro_rtrrl.ledger.fit` judges it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from neuro_rtrrl.errors import nearest
from neuro_rtrrl.ledger.figure import Grade, Strict
from neuro_rtrrl.ledger.vocabulary import OPERATIONS

__all__ = ["ENGINE_KINDS", "LearningEngine", "Scope"]

Scope = Literal["projection", "population", "broadcast"]

ENGINE_KINDS: dict[str, str] = {
    "none": "weights are loaded and never change",
    "last_layer": "only the last layer learns, by the maker's own rule",
    "fixed_rule": "one rule in hardware; nothing else can be had",
    "sum_of_products": "a weight changes by a sum of products of the words of its synapse and of its two neurons",
    "neuron_traces": "one rule over traces that neurons keep; a synapse keeps its weight alone",
    "program": "code on a processor: any rule whose words fit in memory and whose work fits in time",
}
"""Kinds of learning engine, from the least to the most that they can express."""


def _known_operation(name: str) -> str:
    if name not in OPERATIONS:
        hint = nearest(name, OPERATIONS)
        raise ValueError(f"unknown operation '{name}'; {hint or 'one of ' + ', '.join(OPERATIONS)}")
    return name


class LearningEngine(Strict):
    """The learning engine of a device.

    Attributes
    ----------
    kind : str
        A key of :data:`ENGINE_KINDS`.
    operations : dict of tuple of str, optional
        Scope -> operations that a rule may use there; absent for kind ``none``.
    state : dict of tuple of str, optional
        Scope -> words that a rule may own, each a key of the profile's ``word_widths`` or free text; absent:
        as many as memory holds.
    nonlocal_ : bool
        Whether a synapse may see what is neither its own nor its neurons' (``nonlocal`` in the file).
    modulators : int, optional
        How many broadcast numbers a rule may read; None: not published.
    neurons : tuple of str, optional
        Neuron models that the device has; absent: programmable.
    rounding : dict of str
        Word -> how it is rounded, where that is published.
    source, grade, note
        Where this is from, as for a :class:`~neuro_rtrrl.ledger.figure.Figure`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    kind: Literal["none", "last_layer", "fixed_rule", "sum_of_products", "neuron_traces", "program"]
    operations: dict[Scope, tuple[Annotated[str, AfterValidator(_known_operation)], ...]] | None = None
    state: dict[Scope, tuple[str, ...]] | None = None
    nonlocal_: bool = Field(default=False, alias="nonlocal")
    modulators: int | None = Field(default=None, ge=0)
    neurons: tuple[str, ...] | None = None
    rounding: dict[str, Literal["nearest", "stochastic", "truncate"]] = Field(default_factory=dict)
    source: str
    grade: Grade
    note: str | None = None

    @property
    def learns(self) -> bool:
        """Whether any synapse of the device can change."""
        return self.kind != "none"

    @model_validator(mode="after")
    def _consistent(self) -> LearningEngine:
        if self.kind == "none" and (self.operations or self.state):
            raise ValueError("an engine of kind 'none' has neither operations nor state of a rule")
        if self.nonlocal_ and self.kind != "program":
            raise ValueError("only a program sees what is not local to a synapse")
        return self
