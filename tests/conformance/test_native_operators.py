"""Every operator of the closed table, written as C and built, gives NumPy's numbers."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from neuro_rtrrl.language import OPERATORS, Apply, Number, Read
from neuro_rtrrl.native import CompilationError, build_library, find_compiler
from neuro_rtrrl.native.expressions import EMITTED, HELPERS, literal, to_c
from neuro_rtrrl.native.names import identifiers
from neuro_rtrrl.native.writer import preamble

VALUES = np.array([-3.5, -1.0, -0.25, 0.0, 0.25, 1.0, 2.0, 7.5, np.nan, np.inf, -np.inf])
NUMPY = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "negate": np.negative,
    "power": np.power,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "abs": np.abs,
    "floor": np.floor,
    "sign": np.sign,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "int": lambda x: x,
}


def test_the_c_emitter_knows_exactly_the_table():
    assert set(EMITTED) == set(OPERATORS) == set(NUMPY)


@pytest.fixture(scope="module", params=["float32", "float64"])
def functions(request, tmp_path_factory):
    """Build one function for each operator: ``name(n, a, b, c, out)``."""
    precision = request.param
    lines = [*preamble(precision), HELPERS]
    for name, operator in OPERATORS.items():
        tree = Apply(name, tuple(Read("abc"[i], "own") for i in range(operator.arity)))
        text = to_c(tree, lambda leaf: f"{leaf.key}[i]", precision)
        lines += [
            f"void run_{name}(int n, const real *a, const real *b, const real *c, real *out)",
            f"{{\n  #pragma omp simd\n  for (int i = 0; i < n; i++) out[i] = {text};\n}}",
        ]
    try:
        _, library = build_library("\n".join(lines), find_compiler(), tmp_path_factory.mktemp("kernels"))
    except CompilationError as error:
        pytest.skip(str(error))
    return precision, library


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_gives_numpys_numbers(functions, name):
    precision, library = functions
    grid = np.meshgrid(*[VALUES] * OPERATORS[name].arity, indexing="ij")
    arguments = [np.ascontiguousarray(part.reshape(-1), precision) for part in grid]
    arguments += [arguments[0]] * (3 - len(arguments))
    out = np.empty_like(arguments[0])
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (*arguments, out)]
    getattr(library, f"run_{name}")(ctypes.c_int(out.size), *pointers)
    with np.errstate(all="ignore"):
        expected = NUMPY[name](*arguments[: OPERATORS[name].arity]).astype(precision)
    tolerance = 1e-6 if precision == "float32" else 4e-15
    np.testing.assert_allclose(out, expected, rtol=tolerance, atol=0 if name != "sin" else tolerance)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("value", [0.1, 1e-8, -2.0, 3.0, 1 / 3, 1e300, np.inf, -np.inf])
def test_a_number_is_written_as_the_precision_has_it(value, precision):
    written = literal(value, precision).strip("()").replace("INFINITY", "inf")
    if precision == "float32" and not written.endswith("inf"):
        assert written.endswith("f")
        written = written[:-1]
    with np.errstate(over="ignore"):
        assert np.dtype(precision).type(written) == np.dtype(precision).type(value)


def test_brackets_keep_the_order_of_a_tree():
    a, b, c = (Read(name, "own") for name in "abc")
    tree = Apply("subtract", (a, Apply("subtract", (b, Apply("negate", (c,))))))
    text = to_c(tree, lambda leaf: leaf.key, "float64")
    assert text == "a - (b - (-c))"
    both = Apply("multiply", (Apply("int", (Apply("and", (a, b)),)), c))
    assert to_c(both, lambda leaf: leaf.key, "float64") == "(real)(truth(a) && truth(b)) * c"
    assert to_c(Apply("power", (a, Number(2.0))), lambda leaf: leaf.key, "float64") == "(a * a)"


def test_names_are_words_of_their_own():
    keys = [
        "cortex.h",
        "cortex_h",
        "int.while",
        "s",
        "double",
        "cortex.(dt / cortex.tau)",
        "(1 - a)",
        "(1 + a)",
    ]
    names = identifiers(keys)
    assert len(set(names.values())) == len(keys)
    assert names["cortex.h"] == "cortex_h"
    assert names["cortex_h"] != "cortex_h"
    assert not {"s", "double"} & set(names.values())
    assert all(name.isidentifier() for name in names.values())
    assert names["cortex.(dt / cortex.tau)"] == "cortex_dt_per_tau"
    assert not {"total_1", "noise_0"} & set(identifiers(["total.1", "noise.0"]).values())
