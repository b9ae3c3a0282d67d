"""What NeuroBench measures of a running network's forward part: effective operations and silent activations.

One call is one application of a projection's weights. As in NeuroBench (v2), an operation is effective where neither
the weight nor the input is zero, and a call whose inputs are all -1, 0 or 1 makes accumulates (ACs) of them, any other
call multiply-accumulates (MACs). Activation sparsity is the share of zeros among what neurons with an activation of
their own send out: everything but clamped populations and linear readouts, each time they are worked out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from neuro_rtrrl.lowering import LoweredCircuit

__all__ = ["ForwardActivity"]


@dataclass
class ForwardActivity:
    """Sums over a stretch.

    Attributes
    ----------
    macs, acs : dict of str to float
        Projection -> effective operations.
    outputs : mapping of str to (key, whether every ``dt``)
        Population -> what it sends out.
    silent, sent : int
        Zeros among the outputs, and all of them.
    """

    outputs: Mapping[str, tuple[str, bool]]
    macs: dict[str, float] = field(default_factory=dict)
    acs: dict[str, float] = field(default_factory=dict)
    silent: int = 0
    sent: int = 0

    @classmethod
    def of(cls, lowered: LoweredCircuit) -> ForwardActivity:
        """Return empty sums for a circuit."""
        outputs = {}
        for name, population in lowered.circuit.populations.items():
            model = population.model
            key = f"{name}.spike" if model.spikes else f"{name}.r"
            if not model.clamped and model.name != "linear" and key in lowered.variables:
                outputs[name] = key, not model.instantaneous
        return cls(outputs)

    def call(self, projection: str, operations: float, inputs: np.ndarray) -> None:
        """Add one application of a projection's weights."""
        binary = bool(np.isin(inputs, (-1.0, 0.0, 1.0)).all())
        which = self.acs if binary else self.macs
        which[projection] = which.get(projection, 0) + operations

    def deliver(self, projection: str, operations: float) -> None:
        """Add what the spikes of one step deliver: accumulates."""
        self.acs[projection] = self.acs.get(projection, 0) + operations

    def activations(self, values: Mapping[str, np.ndarray], by_dt: bool) -> None:
        """Add what neurons send out, after a step of ``dt`` or a decision."""
        for key, every_dt in self.outputs.values():
            if every_dt == by_dt and key in values:
                self.sent += values[key].size
                self.silent += values[key].size - int(np.count_nonzero(values[key]))
