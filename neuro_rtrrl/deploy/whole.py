"""A number in C: a whole number times a power of two, with a bound of its size.

The power stands nowhere in the C text, only here. Every expression is written in ``int32_t`` where no value that it can
take needs more, else in ``int64_t``. What is cut off is cut off by a shift that rounds down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from neuro_rtrrl.errors import CircuitError, Problem

__all__ = [
    "LARGEST_32",
    "LARGEST_64",
    "Whole",
    "aligned",
    "combined",
    "constant",
    "fractional_part",
    "held",
    "number",
    "product",
    "rescaled",
    "shifted_down",
    "shifted_up",
    "sum_of",
    "type_for",
    "width",
]

LARGEST_32 = 2**31 - 1
LARGEST_64 = 2**62  # of 63 bits one stays free, for a rounding's half


@dataclass(frozen=True)
class Whole:
    """A C expression: its text, the worth of its last bit, the largest magnitude, and whether it is an ``int64_t``.

    ``bare`` expressions need no brackets as an operand.
    """

    text: str
    fraction: int
    most: int
    wide: bool = False
    bare: bool = True

    @property
    def operand(self) -> str:
        """The text as an operand."""
        return self.text if self.bare else f"({self.text})"


def type_for(most: int, smallest: bool = False) -> str:
    """Return the C type that holds a magnitude; with ``smallest``, of 8 or 16 bits where that is enough."""
    for bits in (8, 16) if smallest else ():
        if most < 2 ** (bits - 1):
            return f"int{bits}_t"
    return "int32_t" if most <= LARGEST_32 else "int64_t"


def rescaled(value: Whole, fraction: int) -> Whole:
    """Return the same number with a last bit worth ``2**-fraction``, which must be able to hold it."""
    places = fraction - value.fraction
    if places == 0 or value.most == 0:
        return replace(value, fraction=fraction)
    if places < 0:
        problem = Problem(
            "a result would lose places without a rounding",
            hint="this is a fault of the program: please report the circuit",
        )
        raise CircuitError(problem)
    return replace(product(value, constant(2**places)), fraction=fraction)


def constant(value: int, fraction: int = 0) -> Whole:
    """Return a whole number as written in C, times ``2**-fraction``."""
    text = str(value) if abs(value) <= LARGEST_32 else f"INT64_C({value})"
    return Whole(text, fraction, abs(value), wide=abs(value) > LARGEST_32, bare=value >= 0)


def number(value: float) -> Whole:
    """Return a number of an equation with the fewest places that hold it."""
    whole, below = value.as_integer_ratio()
    fraction = below.bit_length() - 1
    while whole and whole % 2 == 0:
        whole, fraction = whole // 2, fraction - 1
    return constant(whole, fraction if whole else 0)


def combined(text: str, fraction: int, most: int, parts: list[Whole], bare: bool = False) -> Whole:
    """Return a result whose operands' types decide its own; back to ``int32_t`` where that holds it."""
    wide = any(part.wide for part in parts)
    if wide and most <= LARGEST_32:
        return Whole(f"(int32_t)({text})", fraction, most, bare=True)
    assert wide or most <= LARGEST_32
    return Whole(text, fraction, most, wide, bare)


def widened(parts: list[Whole], most: int) -> list[Whole]:
    """Make the first operand wide where the result needs it."""
    if most <= LARGEST_32 or any(part.wide for part in parts):
        return parts
    first = Whole(f"(int64_t){parts[0].operand}", parts[0].fraction, parts[0].most, wide=True)
    return [first, *parts[1:]]


def product(left: Whole, right: Whole) -> Whole:
    """Return a product: the places of both."""
    fraction, most = left.fraction + right.fraction, left.most * right.most
    for one, other in ((left, right), (right, left)):
        if one.text == "1":
            return replace(other, fraction=fraction)
    if most == 0:
        return Whole("0", fraction, 0)
    parts = widened([left, right], most)
    return combined(f"{parts[0].operand} * {parts[1].operand}", fraction, most, parts)


def aligned(parts: list[Whole]) -> list[Whole]:
    """Return the same numbers with the places of the finest."""
    fractions = [part.fraction for part in parts if part.most]
    fraction = max(fractions) if fractions else 0
    return [rescaled(part, fraction) for part in parts]


def sum_of(sign: str, left: Whole, right: Whole) -> Whole:
    """Return a sum or a difference of two numbers with the same places."""
    most = left.most + right.most
    if right.most == 0:
        return left
    parts = widened([left, right], most)
    return combined(f"{parts[0].operand} {sign} {parts[1].operand}", left.fraction, most, parts)


def width(parts: list[Whole]) -> str:
    """Return the bits of the type that holds all of some numbers, as names of helpers end."""
    return "64" if any(part.wide for part in parts) else "32"


def fractional_part(value: Whole) -> Whole:
    """Return a number minus its floor."""
    if value.fraction <= 0:
        return Whole("0", 0, 0)
    mask = 2**value.fraction - 1
    return combined(f"{value.operand} & {constant(mask).text}", value.fraction, mask, [value])


def shifted_down(value: Whole, places: int) -> Whole:
    """Divide by ``2**places``, rounding down."""
    if places >= 63:
        return Whole("0", value.fraction, 0)
    most = (value.most >> places) + 1
    if not value.wide and places >= 31:
        value = Whole(f"(int64_t){value.operand}", value.fraction, value.most, wide=True)
    text = f"shifted{width([value])}({value.text}, {places})"
    return combined(text, value.fraction, most, [value], bare=True)


def shifted_up(value: Whole, places: int, most: int) -> Whole:
    """Multiply by ``2**places``; what would leave the range of a word is cut to just beyond it before."""
    if value.most << places > LARGEST_64:
        value = held(value, (most >> places) + 1)
    return rescaled(value, value.fraction + places)


def held(value: Whole, most: int) -> Whole:
    """Hold a value within a word."""
    if value.most <= most:
        return value
    limit = constant(most)
    return combined(
        f"held{width([value, limit])}({value.text}, {limit.text})",
        value.fraction,
        most,
        [value, limit],
        bare=True,
    )
