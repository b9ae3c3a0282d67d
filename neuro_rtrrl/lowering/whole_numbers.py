"""What a circuit in words of fixed length is: how it runs, its form in whole numbers, and that form for float64."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from neuro_rtrrl.language import Apply, Expression, Number, Read, apply, rewrite, to_text
from neuro_rtrrl.lowering.fixed_trees import QUANTISE, Fixed
from neuro_rtrrl.lowering.program import Assign, Gather, LoweredCircuit, Reduce, Space, Term
from neuro_rtrrl.lowering.words import HEADROOM, Format, WordLengths, format_of, rounded_array

if TYPE_CHECKING:
    import numpy as np

__all__ = ["DITHER_BITS", "GOLDEN", "FixedForm", "FixedPoint", "expanded", "key_of_node", "offsets"]

DITHER_BITS = 16
GOLDEN = 40503  # 2**16 over the golden ratio, odd: its multiples modulo 2**16 lie as evenly as can be


@dataclass(frozen=True)
class FixedPoint:
    """How a circuit runs in words: their lengths, and how large everything was seen to become.

    ``ranges`` maps keys of variables, and nodes of trees by :func:`key_of_node`, to a largest magnitude.
    """

    words: WordLengths
    ranges: Mapping[str, float]

    def format(self, key: str, kind: str) -> Format:
        """Return the word of a variable."""
        headroom = HEADROOM.get(kind, 2.0)
        return format_of(self.words.of(kind), self.ranges.get(key, 0.0), headroom)


@dataclass(frozen=True)
class FixedForm:
    """A circuit in whole numbers.

    Attributes
    ----------
    lowered : LoweredCircuit
        Its trees hold ``quantise(x, fraction, bits, dither)``, which no backend knows; see :meth:`emulated`.
    formats : mapping of str to Format
        The word of every variable that lasts or is sent.
    numbers : mapping of str to Fixed
        For every variable, the worth of its last bit and a bound.
    """

    lowered: LoweredCircuit
    formats: Mapping[str, Format]
    numbers: Mapping[str, Fixed] = field(repr=False, default_factory=dict)

    def emulated(self) -> LoweredCircuit:
        """Return the form for a backend that computes in float64: roundings written with ``floor`` and ``clip``."""
        sections = {
            name: tuple(_expanded_statement(statement) for statement in body)
            for name, body in self.lowered.sections.items()
        }
        return self.lowered.replace(
            sections=sections,
            setup=tuple(_expanded_statement(statement) for statement in self.lowered.setup),
            episode_start=tuple(_expanded_statement(statement) for statement in self.lowered.episode_start),
        )

    def rounded(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return initial values as words, with the offsets of stochastic rounding."""
        import numpy as np

        found = {
            key: rounded_array(value, self.formats[key]) if key in self.formats else np.asarray(value)
            for key, value in values.items()
        }
        for key, variable in self.lowered.variables.items():
            if variable.role == "offset":
                found[key] = offsets(variable.space) / 2.0**DITHER_BITS
        return found


def key_of_node(space: Space, node: Expression) -> str:
    """Return the name under which the range of an intermediate result is kept."""

    def spell(leaf: Expression) -> str:
        return f"{leaf.key}@{leaf.access}" if isinstance(leaf, Read) else str(leaf)

    return f"{space.name}|{to_text(node, spell)}"


def offsets(space: Space) -> np.ndarray:
    """Return what each element adds to the random number of a decision, in steps of 2**-16."""
    import numpy as np

    count = int(np.prod(space.shape))
    return (np.arange(count) * GOLDEN % 2**DITHER_BITS).reshape(space.shape)


def _expanded_statement(statement):
    if isinstance(statement, Assign | Reduce):
        return replace(statement, expression=rewrite(statement.expression, expanded))
    if isinstance(statement, Gather):
        terms = (Term(term.projection, rewrite(term.expression, expanded)) for term in statement.terms)
        return replace(statement, terms=tuple(terms))
    return statement


def expanded(node: Expression) -> Expression:
    """Return a rounding as float64 computes it; any other node as it is."""
    if not isinstance(node, Apply) or node.operator != QUANTISE:
        return node
    tree, fraction, bits, dither = node.arguments
    assert isinstance(fraction, Number)
    assert isinstance(bits, Number)
    scale = 2.0**fraction.value
    most = 2.0 ** (bits.value - 1) - 1
    scaled = tree if scale == 1 else apply("multiply", tree, Number(scale))
    whole = apply("floor", apply("add", scaled, dither))
    held = apply("clip", whole, Number(-most), Number(most))
    return held if scale == 1 else apply("multiply", held, Number(1 / scale))
