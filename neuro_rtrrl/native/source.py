"""A whole C file for one circuit: its constants, its state and one function that makes one decision tick.

The file needs nothing but the C library: ``tick`` reads an observation, a reward and random numbers, changes the state
in place and returns the action. It runs one seed; who calls it runs many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neuro_rtrrl.lowering import LoweredCircuit
from neuro_rtrrl.native.layout import Layout
from neuro_rtrrl.native.records import Kept
from neuro_rtrrl.native.writer import Writer

__all__ = ["TickSource", "write_tick"]


@dataclass(frozen=True)
class TickSource:
    """The text of a circuit's tick and what a caller must know.

    Attributes
    ----------
    text : str
        C99.
    layout : Layout
        Of the struct ``state``; ``layout.wiring()`` gives the argument ``wiring``.
    noise : tuple of str
        Keys of the noise arguments, each (steps, n).
    kept : tuple of Kept
        What ``kept`` receives, in order.
    """

    text: str
    layout: Layout
    noise: tuple[str, ...]
    kept: tuple[Kept, ...]


def write_tick(
    lowered: LoweredCircuit, precision: str, kept: Sequence[Kept] = (), observation: int = 0
) -> TickSource:
    """Write the C text of one decision tick.

    Parameters
    ----------
    lowered : LoweredCircuit
        Hoisted (or as written), not packed.
    precision : {"float32", "float64"}
    kept : sequence of Kept
        Variables to hand out after every tick.
    observation : int
        Number of observation entries, 0 in an open loop.
    """
    writer = Writer(lowered, precision, tuple(kept), observation)
    return TickSource(writer.text(), writer.layout, lowered.noise, tuple(kept))
