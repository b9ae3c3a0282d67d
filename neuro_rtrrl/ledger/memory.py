"""What a circuit must keep: every variable that survives a decision, in words and bits, by scope.

Counted is the real number of synapses, not the layout of an array. A projection that carries another's
weights backwards (weight transport) has none of its own here, though a machine would have to bring them
there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from neuro_rtrrl.ledger.influence import SCOPE, influences
from neuro_rtrrl.ledger.profile import HardwareProfile
from neuro_rtrrl.ledger.tables import Table
from neuro_rtrrl.lowering import LoweredCircuit, SpikeStep, Variable
from neuro_rtrrl.lowering.dataflow import carried_keys
from neuro_rtrrl.lowering.simplify import reads_of
from neuro_rtrrl.lowering.words import WordLengths, kind_of_word

__all__ = ["DEFAULT_BITS", "MemoryItem", "count_memory", "memory_bits", "memory_table", "word_width"]

DEFAULT_BITS = 32
"""Bits of a word where no profile says otherwise."""

_WIDTHS = {
    ("weight", "projection"): "weight",
    ("eligibility_trace", "projection"): "tag",
    ("local_trace", "projection"): "tag",
    ("membrane", "population"): "voltage",
}
"""(role, scope) -> the profile's name for such a word."""

Kind = Literal["weight", "state", "buffer", "parameter"]


@dataclass(frozen=True)
class MemoryItem:
    """One variable's memory.

    Attributes
    ----------
    key, role, scope, owner : str
    kind : {"weight", "state", "buffer", "parameter"}
        What learns; what moves; what is only handed on from one tick to the next; what never changes.
    words, bits_per_word : int
    width : str
        Where the width comes from.
    """

    key: str
    role: str
    scope: str
    owner: str
    kind: Kind
    words: int
    bits_per_word: int = DEFAULT_BITS
    width: str = "default"

    @property
    def bits(self) -> int:
        """Words times width."""
        return self.words * self.bits_per_word


def count_memory(
    lowered: LoweredCircuit, profile: HardwareProfile | None = None, words: WordLengths | None = None
) -> tuple[MemoryItem, ...]:
    """Return every variable that is kept from tick to tick, and every parameter that a tick reads.

    Parameters
    ----------
    lowered : LoweredCircuit
        The hoisted form: quantities that hoisting keeps for a whole run are parameters of it.
    profile : HardwareProfile, optional
        Its word widths hold for weights, synaptic traces and membranes; everything else has 32 bits.
    words : WordLengths, optional
        What the circuit ran in, instead of the profile's.
    """
    carried = set(carried_keys(lowered))
    read = {key for _, statement in lowered.statements() for key in reads_of(statement)}
    once = {assign.target for assign in lowered.setup}
    items = []
    for key, variable in lowered.variables.items():
        owner = key.rpartition(".")[0]
        if variable.name == "w" and owner in lowered.transposed:
            continue
        kind = _kind(variable, key in carried, key in read, key in once)
        if kind is not None:
            bits, width = _width(variable, profile) if words is None else _emulated(variable, lowered, words)
            space = variable.space
            items.append(
                MemoryItem(
                    key, variable.role, space.kind, space.name or owner, kind, space.elements, bits, width
                )
            )
    return (*items, *_queues(lowered), *_influences(lowered))


def _kind(variable: Variable, carried: bool, read: bool, once: bool) -> Kind | None:
    if variable.learned or variable.role == "weight":
        return "weight"
    if variable.role == "parameter" or once:
        return "parameter" if read else None
    if variable.persistent:
        return "state"
    if variable.role == "spike":
        return None  # of this step only; those on their way are in the queues
    return "buffer" if carried or variable.role == "clamped" else None


def word_width(variable: Variable, profile: HardwareProfile | None) -> int:
    """Return the bits of one word of a variable: those that the profile gives to its kind, else 32."""
    return _width(variable, profile)[0]


def _width(variable: Variable, profile: HardwareProfile | None) -> tuple[int, str]:
    name = _WIDTHS.get((variable.role, variable.space.kind))
    if profile is not None and name in profile.word_widths:
        bits = profile.word_widths[name].in_si().nominal
        if bits is not None:
            return int(bits), f"{profile.name}: {name}"
    return DEFAULT_BITS, "default"


def _emulated(variable: Variable, lowered: LoweredCircuit, words: WordLengths) -> tuple[int, str]:
    kind = kind_of_word(variable, lowered)
    return (words.of(kind), f"run in words: {kind}") if kind else (DEFAULT_BITS, "default")


def _queues(lowered: LoweredCircuit) -> Iterable[MemoryItem]:
    """Spikes on their way: one bit for each neuron and step of the delay."""
    for statement in lowered.sections.get("spike", ()):
        if isinstance(statement, SpikeStep) and statement.delay_steps:
            name = statement.space.name
            words = statement.delay_steps * lowered.variables[statement.trigger].space.elements
            yield MemoryItem(
                f"{name}.delay", "spike", "population", name, "buffer", words, 1, "one bit a spike"
            )
            if name in lowered.delays:
                words, bits = lowered.spaces[name].elements, statement.delay_steps.bit_length()
                width = f"0 to {statement.delay_steps} steps"
                yield MemoryItem(
                    f"{name}.delays", "spike", "projection", name, "parameter", words, bits, width
                )


def _influences(lowered: LoweredCircuit) -> Iterable[MemoryItem]:
    """Yield what exact RTRL keeps: of each neuron, its derivative by every parameter that learns so."""
    for each in influences(lowered):
        key = f"{each.population}.influence"
        yield MemoryItem(key, "local_trace", SCOPE, each.population, "state", each.words)


def memory_bits(items: Iterable[MemoryItem], parameters: bool = False) -> dict[str, int]:
    """Return key -> bits: of what changes, or of the parameters."""
    return {item.key: item.bits for item in items if (item.kind == "parameter") == parameters}


def memory_table(items: Iterable[MemoryItem]) -> Table:
    """Return the memory by kind, role and scope, summed over projections and populations."""
    words: Counter = Counter()
    bits: Counter = Counter()
    for item in items:
        label = (item.kind, item.scope, item.role)
        words[label] += item.words
        bits[label] += item.bits
    order = ("weight", "state", "buffer", "parameter")
    rows = {
        f"{kind}: {role.replace('_', ' ')}, {'synapse' if scope == 'projection' else scope}": {
            "words": words[kind, scope, role],
            "bits": bits[kind, scope, role],
        }
        for kind, scope, role in sorted(words, key=lambda label: (order.index(label[0]), label[1:]))
    }
    return Table("local memory", "what", ("words", "bits"), rows)
