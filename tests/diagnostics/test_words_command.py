"""Runs in short words, from the command line: what asks for them, what is said of them, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.ledger import load_profile, profile_names
from neuro_rtrrl.ledger.word_lengths import word_lengths

CIRCUITS = Path(__file__).parents[2] / "circuits"
MEMORY = str(CIRCUITS / "memory_words.yaml")
RUN = ("simulate", MEMORY, "--seeds", "1", "--decisions", "20")
FLOATING = ("cortex_m4", "h100", "h200", "jetson_orin_nano")


@pytest.fixture
def run(run_elsewhere):
    return run_elsewhere


def kilobytes(out: str) -> float:
    line = next(line for line in out.splitlines() if line.startswith("one decision costs"))
    return float(line.partition(" KB")[0].rpartition(" ")[2])


def test_bits_with_a_profile_run_in_its_words_without_being_asked_twice(run):
    code, out, err = run(*RUN, "--profile", "loihi1", "--bits", "weight=4~")
    assert code == 0, err
    assert "words of loihi1 (bits): weight 4 stochastic" in err
    assert "eligibility trace 9" in err
    _, wide, _ = run(*RUN, "--profile", "loihi1", "--quantise")
    synapses = 1408
    assert kilobytes(wide) - kilobytes(out) == pytest.approx(synapses * 5 / 8192, abs=0.02)


@pytest.mark.parametrize("profile", FLOATING)
def test_a_device_of_float32_has_no_words_to_run_in(run, profile):
    code, _, err = run(*RUN, "--profile", profile, "--quantise")
    assert code == 2
    assert "computes in float32" in err
    assert "leave --quantise out" in err
    assert not list(Path().iterdir())
    with pytest.raises(CircuitError, match="float32"):
        word_lengths(profile)
    assert word_lengths(profile, "weight=8").of("membrane") == 32


def test_which_profiles_are_of_float32_is_said_by_themselves():
    said = tuple(name for name in profile_names() if load_profile(name).arithmetic == "float32")
    assert said == FLOATING


def test_c_for_a_device_of_float32_is_in_float32_unless_bits_ask_for_words(run):
    code, out, err = run("export", MEMORY, "--target", "c", "--profile", "cortex_m4", "--out", "floats")
    assert code == 0, err
    assert "float32" in out
    assert "float" in Path("floats/tick.h").read_text()
    bits = ("--bits", "weight=9~,local_trace=16")
    code, out, err = run("export", MEMORY, "--target", "c", "--profile", "cortex_m4", *bits, "--out", "words")
    assert code == 0, err
    assert "whole numbers" in out


def test_a_run_in_words_says_how_to_count_what_zeros_leave(run):
    code, _, err = run(*RUN, "--profile", "loihi1", "--quantise", "--ledger")
    assert code == 2
    assert "cannot have --ledger" in err
    assert "cost FILE --profile NAME --from RESULTS" in err
