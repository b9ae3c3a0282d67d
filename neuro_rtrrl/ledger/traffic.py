"""Words that lines fetch and write, in bytes: with the widths that a profile gives to words, else 32 bits each."""

from __future__ import annotations

from collections.abc import Iterable

from neuro_rtrrl.ledger.counting import Line
from neuro_rtrrl.ledger.memory import DEFAULT_BITS, word_width
from neuro_rtrrl.ledger.profile import HardwareProfile
from neuro_rtrrl.lowering import PHASES, LoweredCircuit

__all__ = ["bytes_by_phase"]


def bytes_by_phase(
    lines: Iterable[Line], lowered: LoweredCircuit, profile: HardwareProfile | None = None
) -> dict[str, dict[str, float]]:
    """Return ``read`` and ``written`` -> phase -> bytes a decision; without what spikes set off.

    A quantity that only hoisting or a line itself makes has the default width.
    """
    found = {way: dict.fromkeys(PHASES, 0.0) for way in ("read", "written")}

    def size(key: str) -> float:
        variable = lowered.variables.get(key)
        return (word_width(variable, profile) if variable else DEFAULT_BITS) / 8

    for line in lines:
        if line.trigger:
            continue
        named = sum(size(key) * words for key, words in line.words)
        unnamed = line.reads - sum(
            words for _, words in line.words
        )  # of exact RTRL's matrix, which has no key
        found["read"][line.phase] += named + DEFAULT_BITS / 8 * unnamed
        found["written"][line.phase] += size(line.target) * line.writes
    return found
