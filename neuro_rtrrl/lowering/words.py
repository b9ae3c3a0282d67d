"""Words of fixed length: how many bits a kind of variable has, and what one of its bits is worth.

A word is a whole number, sign included, times a power of two. How many bits it has says the device; how much its last
bit is worth follows from how large the variable was seen to become, with headroom, and stays. What would leave the
range is held at its end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from neuro_rtrrl.lowering.program import LoweredCircuit, Variable

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "ACCUMULATOR",
    "KINDS_OF_WORD",
    "Format",
    "WordLengths",
    "format_of",
    "kind_of_word",
    "rounded_array",
]

ACCUMULATOR = 32  # bits of what no profile names: sums, intermediate results, numbers of which there is one
HEADROOM = {"weight": 4.0, "parameter": 4.0}  # times what was seen; else 2
KINDS_OF_WORD = {
    "weight": "synaptic weights",
    "parameter": "what a neuron learns of its own, and the constants of equations",
    "local_trace": "local Jacobian traces",
    "eligibility_trace": "eligibility traces",
    "membrane": "membrane states",
    "activation": "rates, observations and errors: what is sent from neuron to neuron",
    "modulator": "dopamine and other broadcast signals",
    "optimiser": "states of an optimiser at each synapse",
}


@dataclass(frozen=True)
class Format:
    """A word: ``bits`` of a signed whole number, the last of them worth ``2**-fraction``."""

    bits: int
    fraction: int

    @property
    def most(self) -> int:
        """The largest whole number; the smallest is its negative, so that a sign never overflows."""
        return 2 ** (self.bits - 1) - 1

    @property
    def step(self) -> float:
        """What the last bit is worth."""
        return 2.0**-self.fraction

    def __str__(self) -> str:
        return f"{self.bits} bit, steps of 2^{-self.fraction}"


@dataclass(frozen=True)
class WordLengths:
    """Bits of each kind of word, sign included; the kinds are those of :data:`KINDS_OF_WORD`.

    Attributes
    ----------
    bits : mapping of str to int
        Kinds that are left out have :data:`ACCUMULATOR`.
    stochastic : frozenset of str
        Kinds that are rounded up with the probability of what is cut off; the others to the nearest.
    name : str
        Whose word lengths these are.
    """

    bits: Mapping[str, int] = field(default_factory=dict)
    stochastic: frozenset[str] = frozenset()
    name: str = ""

    def of(self, kind: str) -> int:
        """Return the bits of a kind of word."""
        return self.bits.get(kind, ACCUMULATOR)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form: ``name``, ``bits`` by kind, the kinds that are rounded stochastically."""
        return {"name": self.name, "bits": dict(self.bits), "stochastic": sorted(self.stochastic)}

    def __str__(self) -> str:
        lengths = ", ".join(
            f"{kind.replace('_', ' ')} {bits}{' stochastic' * (kind in self.stochastic)}"
            for kind, bits in self.bits.items()
        )
        return f"words{' of ' + self.name if self.name else ''} (bits): {lengths}; all else {ACCUMULATOR}"


def kind_of_word(variable: Variable, lowered: LoweredCircuit) -> str:
    """Return the kind of word that a variable is kept in; empty where it is an intermediate result.

    Of numbers that there are once (clocks of an optimiser, statistics of the reward) only the modulators themselves are
    words of the device: the rest is its host's.
    """
    if variable.space.kind == "broadcast":
        return "modulator" if variable.key in lowered.circuit.neuromodulators else ""
    if variable.role in KINDS_OF_WORD and variable.persistent:
        return variable.role
    if variable.role in ("clamped", "chosen") or variable.name == "r":
        return "activation"
    return ""


def format_of(bits: int, largest: float, headroom: float = 2.0) -> Format:
    """Return the word whose range is the first power of two above ``headroom*largest``; 1 where nothing was seen."""
    reach = headroom * largest if largest > 0 and math.isfinite(largest) else 1.0
    return Format(bits, bits - 1 - math.ceil(math.log2(reach)))


def rounded_array(values: np.ndarray | float, format: Format) -> np.ndarray:
    """Return numbers as the nearest words, float64."""
    import numpy as np

    whole = np.floor(np.asarray(values, np.float64) * 2.0**format.fraction + 0.5)
    return np.clip(whole, -format.most, format.most) * format.step
