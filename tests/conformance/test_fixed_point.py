"""Circuits in words of fixed length: the same numbers on every backend, to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl import load, simulate
from neuro_rtrrl.agreement import compared_variables, parity
from neuro_rtrrl.calibration import calibrate
from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.ledger.word_lengths import word_lengths
from neuro_rtrrl.lowering import WordLengths, fixed_form, hoist, lower
from neuro_rtrrl.programs import make_environment, make_program
from tests.conformance.dopamine_circuits import RATES

CIRCUITS = Path(__file__).resolve().parents[2] / "circuits"
SHORT = WordLengths(
    {"weight": 12, "local_trace": 10, "eligibility_trace": 10, "activation": 10, "modulator": 9},
    frozenset({"weight", "local_trace", "modulator"}),
)
LEARNING = ("bg", "memory_words", "lru", "reacher")


def recorded(circuit, point, decisions, **options):
    _, keys = compared_variables(circuit)
    program = make_program(
        circuit, make_environment(circuit), "jax", (0,), "float64", keys, arithmetic=point, **options
    )
    series: dict[str, list] = {}

    def take(chunk):
        for key, rows in [*chunk.records.items(), ("reward", chunk.reward)]:
            series.setdefault(key, []).append(rows[0])

    program.run(decisions, take)
    return {key: np.concatenate(rows) for key, rows in series.items()}


@pytest.mark.parametrize("name", LEARNING)
def test_both_kernels_compute_the_same_words(name):
    circuit = load(CIRCUITS / f"{name}.yaml", ["record=[]"])
    point = calibrate(circuit, SHORT, decisions=200)
    native, xla = (recorded(circuit, point, 60, kernel=kernel) for kernel in ("native", "xla"))
    for key, values in native.items():
        np.testing.assert_array_equal(values, xla[key], err_msg=key)
        assert np.isfinite(values).all(), key


def test_both_kernels_compute_the_same_words_of_continuous_dopamine(tmp_path):
    path = tmp_path / "circuit.yaml"
    path.write_text(RATES, encoding="utf-8")
    circuit = load(path)
    point = calibrate(circuit, SHORT, decisions=60)
    native, xla = (recorded(circuit, point, 40, kernel=kernel) for kernel in ("native", "xla"))
    for key, values in native.items():
        np.testing.assert_array_equal(values, xla[key], err_msg=key)
        assert np.isfinite(values).all(), key


@pytest.mark.brian
def test_brian2_computes_the_same_words():
    circuit = load(CIRCUITS / "memory_words.yaml", ["record=[]"])
    report = parity(circuit, 200, words=word_lengths("loihi1"))
    assert report.agrees
    assert report.tolerance == 0
    assert max(report.max_difference.values()) == 0


def test_everything_that_lasts_is_a_word_of_its_length():
    circuit = load(CIRCUITS / "memory_words.yaml", ["record=[]"])
    words = word_lengths("loihi1")
    point = calibrate(circuit, words, decisions=500)
    formats = fixed_form(hoist(lower(circuit)), point).formats
    for key, values in recorded(circuit, point, 80).items():
        if key not in formats:
            continue
        whole = values * 2.0 ** formats[key].fraction
        assert (whole == np.round(whole)).all(), key
        assert np.abs(whole).max() <= formats[key].most, key
    assert formats["cortex_recurrent.w"].bits == 9
    assert formats["cortex_recurrent.j"].bits == 7
    assert formats["cortex_recurrent.e"].bits == 9


def test_long_words_follow_float64():
    circuit = load(CIRCUITS / "memory_words.yaml", ["record=[]"])
    long = recorded(circuit, calibrate(circuit, WordLengths(), decisions=500), 40)
    exact = recorded(circuit, None, 40)
    for key in ("cortex.h", "dopamine", "cortex_recurrent.e", "cortex_to_dorsal.w"):
        np.testing.assert_allclose(long[key], exact[key], atol=2e-3 * np.abs(exact[key]).max(), err_msg=key)


def test_a_memory_of_eight_decisions_is_learned_in_the_words_of_loihi():
    result = simulate(
        load(CIRCUITS / "memory_words.yaml", ["record=[]"]),
        decisions=100_000,
        seeds=2,
        words=word_lengths("loihi1"),
    )
    # chance is 0; what five times as many decisions make of it stands in experiments/precision.yaml
    assert np.median(result.as_dict()["final_return"]) > 0.85


def test_what_cannot_run_in_words_is_refused():
    with pytest.raises(CircuitError, match="circuits that spike"):
        simulate(load(CIRCUITS / "stdp.yaml"), decisions=10, seeds=1, words=SHORT)
    with pytest.raises(CircuitError, match="float32"):
        simulate(load(CIRCUITS / "memory_words.yaml"), decisions=10, words=SHORT, precision="float32")


@pytest.mark.parametrize(
    ("bits", "told"),
    [
        ("weight=40", "2 to 32 bits"),
        ("wieght=4", "did you mean 'weight'"),
        ("weight", "write kind=bits"),
        ("weight=4.5", "write kind=bits"),
    ],
)
def test_a_wrong_word_length_is_told(bits, told):
    with pytest.raises(CircuitError, match=told):
        word_lengths("loihi1", bits)


def test_a_tilde_asks_for_stochastic_rounding_and_its_absence_for_the_nearest():
    assert "weight" in word_lengths("loihi1", "weight=4~").stochastic
    found = word_lengths("loihi1", "weight=4")
    assert (found.of("weight"), "weight" in found.stochastic) == (4, False)
    with pytest.raises(CircuitError, match="states no word length"):
        word_lengths("cmos45")
