"""Trees in whole numbers, against Python's fractions: float64 gives what exact arithmetic gives, to the last bit."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.language import Apply, Number, Read, apply, rewrite, walk
from neuro_rtrrl.lowering.fixed_trees import EXACT_BITS, QUANTISE, Fixed, Fixer, exact, quantise
from neuro_rtrrl.lowering.whole_numbers import expanded
from neuro_rtrrl.lowering.words import Format, format_of, rounded_array

WORDS = {"a": Format(9, 7), "b": Format(16, 12), "c": Format(32, 20), "d": Format(4, -2)}
ARITHMETIC = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "minimum": min,
    "maximum": max,
    "negate": lambda a: -a,
    "abs": abs,
    "floor": math.floor,
    "int": lambda a: a,
    "equal": lambda a, b: int(a == b),
    "less": lambda a, b: int(a < b),
    "clip": lambda x, low, high: min(max(x, low), high),
}
LEAVES = st.one_of(
    st.sampled_from([Read(name, "own") for name in WORDS]),
    st.floats(-4, 4, allow_nan=False).map(Number),
)


def branches(inner):
    two = st.sampled_from(("add", "subtract", "multiply", "divide", "minimum", "maximum"))
    return st.one_of(
        st.builds(lambda name, a, b: apply(name, a, b), two, inner, inner),
        st.builds(lambda name, a: apply(name, a), st.sampled_from(("negate", "abs")), inner),
    )


TREES = st.recursive(LEAVES, branches, max_leaves=12)
VALUES = st.fixed_dictionaries({name: st.integers(-word.most, word.most) for name, word in WORDS.items()})


def fixer(largest=1.0, constant_bits=12) -> Fixer:
    def read(leaf: Read) -> Fixed:
        word = WORDS[leaf.key]
        return Fixed(leaf, word.fraction, float(word.most))

    return Fixer(read, lambda node: largest, constant_bits)


def exactly(node, values) -> Fraction:
    """Evaluate a tree in fractions; a rounding is what its definition says."""
    if isinstance(node, Number):
        return Fraction(node.value)
    if isinstance(node, Read):
        return values[node.key] * Fraction(2) ** -WORDS[node.key].fraction
    arguments = [exactly(argument, values) for argument in node.arguments]
    if node.operator == QUANTISE:
        x, fraction, bits, dither = arguments
        most = 2 ** (int(bits) - 1) - 1
        whole = math.floor(x * Fraction(2) ** int(fraction) + dither)
        return min(max(whole, -most), most) * Fraction(2) ** -int(fraction)
    return Fraction(ARITHMETIC[node.operator](*arguments))


def in_float64(node, values) -> float:
    """Evaluate the form that the backends run."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Read):
        return float(values[node.key]) * WORDS[node.key].step
    return float(ARITHMETIC[node.operator](*(in_float64(argument, values) for argument in node.arguments)))


@settings(max_examples=300, deadline=None)
@given(TREES, VALUES)
def test_float64_computes_what_exact_arithmetic_computes(tree, values):
    fixed = fixer()(tree)
    wanted = exactly(fixed.tree, values)
    found = in_float64(rewrite(fixed.tree, expanded), values)
    assert Fraction(found) == wanted
    whole = wanted * Fraction(2) ** fixed.fraction
    assert whole.denominator == 1, "a value is a whole number of its last bit"
    assert abs(whole) <= fixed.most < 2.0**EXACT_BITS


@settings(max_examples=100, deadline=None)
@given(TREES, VALUES)
def test_a_tree_that_needs_no_rounding_keeps_its_value(tree, values):
    fixed = fixer(constant_bits=32)(tree)
    if any(isinstance(node, Apply) and node.operator == QUANTISE for node in walk(fixed.tree)):
        return
    numbers = {node.value for node in walk(tree) if isinstance(node, Number)}
    if all(Fraction(exact(value, 32).tree.value) == Fraction(value) for value in numbers):
        assert exactly(fixed.tree, values) == exactly(tree, values)


@given(st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-9), st.integers(2, 32))
def test_a_constant_keeps_its_leading_bits(value, bits):
    found = exact(value, bits)
    # and none beyond the 48th place
    assert abs(found.tree.value - value) <= max(abs(value) * 2.0 ** -(bits - 1), 2.0**-49)
    assert found.most <= 2**bits


@pytest.mark.parametrize("bits", [4, 9, 16])
def test_rounding_with_all_dithers_has_the_mean_of_what_was_rounded(bits):
    word = Format(bits, bits - 2)
    dithers = np.arange(2**16) / 2**16
    for value in (0.0, 0.3, -0.7, 1.1):
        tree = rewrite(quantise(Number(value), word, Read("u", "own")), expanded)
        total = sum(_at(tree, dither) for dither in dithers[::64]) / len(dithers[::64])
        assert total == pytest.approx(value, abs=word.step / 500)


def _at(node, dither):
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Read):
        return dither
    return ARITHMETIC[node.operator](*(_at(argument, dither) for argument in node.arguments))


def test_words_hold_what_was_seen_with_headroom_and_stop_at_their_ends():
    word = format_of(9, 0.9)
    assert (word.bits, word.fraction, word.most * word.step) == (9, 7, 255 / 128)
    assert rounded_array(np.array([0.5, 5.0, -5.0]), word).tolist() == [0.5, 255 / 128, -255 / 128]


def test_what_has_no_form_in_fixed_point_is_refused():
    with pytest.raises(CircuitError, match="'power' has no form"):
        fixer()(apply("power", Read("a", "own"), Number(0.5)))
