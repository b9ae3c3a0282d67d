"""The C of whole numbers against Python's own, which have no end and round by definition."""

from __future__ import annotations

import ctypes
import math
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.deploy import trees
from neuro_rtrrl.deploy.helpers import used_helpers
from neuro_rtrrl.deploy.tables import Tables
from neuro_rtrrl.deploy.trees import WholeWriter
from neuro_rtrrl.deploy.whole import Whole
from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.language import Expression, Number, Read, apply
from neuro_rtrrl.lowering import fixed_trees
from neuro_rtrrl.lowering.fixed_trees import TABLED, quantise
from neuro_rtrrl.lowering.words import Format

EXPORTED = """
int64_t a_quotient(int64_t a, int up, int64_t b, int32_t most) { return quotient(a, up, b, most); }
int64_t a_root(int64_t x, int up, int32_t most) { return root(x, up, most); }
int an_order(int64_t a, int64_t b, int finer) { return order(a, b, finer); }
int64_t a_shift(int64_t x, int places) { return shifted64(x, places); }
"""
CHANCE = np.random.default_rng(0)


@pytest.fixture(scope="module")
def helpers(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The helpers, and trees of the tests below."""
    folder = tmp_path_factory.mktemp("helpers")
    text = "\n".join(["#include <stdint.h>", *used_helpers(EXPORTED), EXPORTED])
    library = built(text, folder)
    library.a_quotient.argtypes = [ctypes.c_int64, ctypes.c_int, ctypes.c_int64, ctypes.c_int32]
    library.a_root.argtypes = [ctypes.c_int64, ctypes.c_int, ctypes.c_int32]
    library.an_order.argtypes = [ctypes.c_int64, ctypes.c_int64, ctypes.c_int]
    library.a_shift.argtypes = [ctypes.c_int64, ctypes.c_int]
    for name in ("a_quotient", "a_root", "a_shift"):
        getattr(library, name).restype = ctypes.c_int64
    return library


def built(text: str, folder: Path) -> ctypes.CDLL:
    source, library = folder / "text.c", folder / "text.so"
    source.write_text(text, encoding="utf-8")
    strict = ["-std=c99", "-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-O1", "-fsanitize=undefined"]
    command = [
        "cc",
        *strict,
        "-fsanitize-undefined-trap-on-error",
        "-fPIC",
        "-shared",
        "-o",
        str(library),
        str(source),
    ]
    subprocess.run(command, check=True, timeout=60)
    return ctypes.CDLL(str(library))


def wholes(bits: int, count: int) -> list[int]:
    """Return whole numbers of every size up to ``bits``, of both signs."""
    sizes = CHANCE.integers(1, bits + 1, count)
    return [int(CHANCE.integers(0, 2**size)) * (1 if CHANCE.random() < 0.5 else -1) for size in sizes]


def held(value: int, most: int) -> int:
    return max(-most, min(most, value))


def test_a_quotient_is_rounded_to_the_nearest_halves_up(helpers):
    for above, below, up in zip(
        wholes(50, 3000), wholes(26, 3000), CHANCE.integers(-30, 40, 3000), strict=True
    ):
        below = below or 1
        exact = Fraction(above) * Fraction(2) ** int(up) / below
        expected = held(math.floor(exact + Fraction(1, 2)), 2**25 - 1)
        assert helpers.a_quotient(above, int(up), below, 2**25 - 1) == expected, (above, up, below)


@pytest.mark.parametrize(
    ("above", "below", "expected"), [(1, 2, 1), (-1, 2, 0), (3, 2, 2), (-3, 2, -1), (5, -2, -2)]
)
def test_halves_of_a_quotient_go_up(helpers, above, below, expected):
    assert helpers.a_quotient(above, 0, below, 1000) == expected


def test_a_root_is_rounded_to_the_nearest(helpers):
    for inner, up in zip(wholes(50, 3000), CHANCE.integers(-60, 40, 3000), strict=True):
        inner, up = abs(inner), int(up)
        quadruple = 4 * inner * 2**up if up >= 0 else 4 * inner // 2**-up
        expected = held((math.isqrt(quadruple) + 1) // 2, 2**25 - 1)
        assert helpers.a_root(inner, up, 2**25 - 1) == expected, (inner, up)


def test_an_order_is_exact_however_far_the_places_lie_apart(helpers):
    for left, right, finer in zip(
        wholes(60, 3000), wholes(20, 3000), CHANCE.integers(-40, 70, 3000), strict=True
    ):
        if finer < 0:
            left, right = right, left
        difference = Fraction(left) / Fraction(2) ** int(finer) - right
        assert helpers.an_order(left, right, int(finer)) == (difference > 0) - (difference < 0), (
            left,
            right,
            finer,
        )


def test_a_shift_of_what_is_negative_rounds_down(helpers):
    for number, places in zip(wholes(62, 1000), CHANCE.integers(0, 62, 1000), strict=True):
        assert helpers.a_shift(number, int(places)) == number >> int(places)


# --- trees ------------------------------------------------------------------------------------------------------------

A, B = Read("a", "own"), Read("b", "own")


def a_tree(word: Format, dither: Expression) -> Expression:
    """A product and a sum of several places, rounded: what most equations come down to."""
    return quantise(apply("add", apply("multiply", A, B), apply("multiply", A, Number(0.75))), word, dither)


@pytest.mark.parametrize(
    "word", [Format(8, 3), Format(16, 14), Format(32, 20), Format(32, 40), Format(12, -6)]
)
def test_a_rounded_tree_is_what_float64_makes_of_it(word, tmp_path):
    fractions = {"a": 12, "b": 9}

    def read(leaf):

        return Whole(leaf.key, fractions[leaf.key], 2**15 - 1)

    text = WholeWriter(read, lambda *_: None, Tables())(a_tree(word, Number(0.5))).text
    function = f"int64_t tree(int32_t a, int32_t b) {{ return {text}; }}"
    library = built("\n".join(["#include <stdint.h>", *used_helpers(function), function]), tmp_path)
    library.tree.restype = ctypes.c_int64
    for a, b in zip(wholes(15, 2000), wholes(15, 2000), strict=True):
        exact = Fraction(a, 2**12) * Fraction(b, 2**9) + Fraction(a, 2**12) * Fraction(3, 4)
        expected = held(math.floor(exact * Fraction(2) ** word.fraction + Fraction(1, 2)), word.most)
        assert library.tree(a, b) == expected, (a, b)


@pytest.mark.parametrize(
    ("operator", "lowest"), [("tanh", -8191), ("exp", -8191), ("log", 1), ("sin", -8191), ("cos", -8191)]
)
def test_a_table_holds_every_value_that_its_argument_can_have(operator, lowest, tmp_path):
    tables = Tables()
    text = tables.look_up(operator, "at", 10, 8191, 22, 2**25 - 1)
    function = "\n".join([*tables.text(), f"int32_t looked(int32_t at) {{ return {text}; }}"])
    library = built("\n".join(["#include <stdint.h>", *used_helpers(function), function]), tmp_path)
    arguments = range(lowest, 8192)
    exact = getattr(np, operator)(np.arange(lowest, 8192) / 1024) * 2.0**22
    expected = np.clip(np.floor(exact + 0.5), -(2**25 - 1), 2**25 - 1).astype(int)
    assert [library.looked(at) for at in arguments] == expected.tolist()
    assert tables.bytes <= 4 * 2**14


def test_every_operator_with_a_form_in_fixed_point_has_one_in_c():
    # quotients, roots and tables are written with the rounding that they stand in, powers have become products
    rounded = {"divide", "sqrt", "power", *TABLED}
    assert set(trees._OPERATORS) | rounded == set(fixed_trees._RULES)


def test_what_needs_more_than_sixty_three_bits_is_refused():

    writer = WholeWriter(lambda leaf: Whole("a", 0, 2**40), lambda *_: None, Tables())
    with pytest.raises(CircuitError, match="63 bits"):
        writer(apply("multiply", A, A))
