"""The stand-alone C++ program is the circuit that Brian2 runs on Cython or NumPy: the same spikes, the same numbers."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

brian2 = pytest.importorskip("brian2")
pytest.importorskip("jax")

from neuro_rtrrl.backends.brian.builds import build, have_compiler  # noqa: E402
from neuro_rtrrl.backends.brian.program import BrianProgram  # noqa: E402
from neuro_rtrrl.backends.brian.project import Project  # noqa: E402
from neuro_rtrrl.backends.brian.standalone import StandaloneProgram  # noqa: E402
from neuro_rtrrl.errors import CircuitError, RunError  # noqa: E402
from neuro_rtrrl.graph.circuit import Recording  # noqa: E402
from tests.conformance.test_brian import (  # noqa: E402
    CIRCUITS,
    PLAIN_SPIKES,
    circuit_of,
    environment_of,
    written,
)

pytestmark = pytest.mark.brian
needs_compiler = pytest.mark.skipif(not have_compiler(), reason="there is no C++ compiler, or no make")

SPIKES = ("noise.spike", "near.spike", "far.spike")
FLAGS = ("reward", "first", "terminated", "truncated")


def run(program, decisions=60, chunk=25):
    chunks = []
    assert program.run(decisions, chunks.append, chunk=chunk) == decisions
    return chunks


@pytest.fixture(scope="module", autouse=True)
def quick_builds():
    """Compile without optimising: half the time."""
    flags = brian2.prefs.codegen.cpp.extra_compile_args_gcc
    brian2.prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O0", "-std=c++11"]
    yield flags
    brian2.prefs.codegen.cpp.extra_compile_args_gcc = flags


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two seeds of a circuit with noise, delays, sparse and dense synapses, from decision 7 of the streams on."""
    if not have_compiler():
        pytest.skip("there is no C++ compiler, or no make")
    folder = tmp_path_factory.mktemp("standalone")
    circuit = written(folder, PLAIN_SPIKES)
    # each one is a file more to compile
    asked = (Recording("near", "v", neurons=(2, 0), every=4), Recording("b", "w", neurons=(1,)), *SPIKES[1:])
    record = (Recording("noise", "spike", neurons=(0, 3, 4), every=0), *asked, "near.tau", "far.v")
    devices = brian2.get_device()
    initials = [{}, {"near.v": np.full(4, -0.058)}]
    alone = StandaloneProgram(
        circuit, None, (1, 2), record=record, initials=initials, start=7, cache=folder / "cache"
    )
    made = run(alone)
    assert brian2.get_device() is devices, "the device of the whole process was not put back"
    other = BrianProgram(circuit, None, (1, 2), record=record, initials=initials, start=7, codegen="numpy")
    return alone, made, other, run(other), folder / "cache"


@pytest.mark.slow  # a minute of compiling, once
@needs_compiler
def test_every_recorded_number_and_every_spike_is_that_of_the_other_run(pair):
    _, made, _, expected, _ = pair
    assert [chunk.count for chunk in made] == [25, 25, 10]
    for name in FLAGS:
        parts = [np.concatenate([getattr(chunk, name) for chunk in chunks], 1) for chunks in (made, expected)]
        np.testing.assert_array_equal(*parts, err_msg=name)
    for key in expected[0].records:
        ours, theirs = (np.concatenate([c.records[key] for c in chunks], 1) for chunks in (made, expected))
        assert ours.dtype == theirs.dtype, key
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12, err_msg=key)
    for key in SPIKES:
        fired = [np.concatenate([c.records[key] for c in chunks], 1) for chunks in (made, expected)]
        assert fired[0].any(), key
        assert np.array_equal(fired[0], fired[1]), key
        assert not np.array_equal(fired[0][0], fired[0][1]), "two seeds are two runs"


@pytest.mark.slow
@needs_compiler
def test_it_leaves_the_same_state(pair):
    alone, _, other, _, _ = pair
    expected = other.state()
    assert set(alone.state()) == set(expected)
    for key, values in alone.state().items():
        np.testing.assert_allclose(values, expected[key], rtol=0, atol=1e-12, err_msg=key)
    assert alone.position == other.position == 67


@pytest.mark.slow
@needs_compiler
def test_a_second_run_is_refused_because_spikes_under_way_are_lost(pair):
    with pytest.raises(CircuitError, match="runs once"):
        pair[0].run(1, lambda chunk: None)


@pytest.mark.slow
@needs_compiler
def test_a_build_serves_other_seeds_and_lengths_and_a_damaged_one_is_made_anew(pair, monkeypatch):
    alone, made, _, _, cache = pair
    program = StandaloneProgram(alone.circuit, None, (2,), record=alone.record, start=7, cache=cache)

    def must_not(project):
        raise AssertionError("compiled once more")

    monkeypatch.setattr(Project, "_make", must_not)
    (chunk,) = run(program, 10)
    assert np.array_equal(chunk.records["noise.spike"][0], made[0].records["noise.spike"][1, :10])
    (kept,) = cache.iterdir()
    (kept / "main").write_bytes(b"no program")
    with pytest.raises(AssertionError, match="once more"):
        program.build()


@needs_compiler
@pytest.mark.slow
def test_stdp_fires_the_same_spikes_as_the_cython_run(quick_builds):
    brian2.prefs.codegen.cpp.extra_compile_args_gcc = quick_builds  # as a user has it
    from neuro_rtrrl.graph import load_circuit

    circuit = load_circuit(CIRCUITS / "stdp.yaml")
    record = ("afferents.spike", "neurons.spike", "afferents_to_neurons.w")
    made = run(StandaloneProgram(circuit, None, (0, 5), record=record), 100, 100)[0].records
    expected = run(BrianProgram(circuit, None, (0, 5), record=record, codegen="cython"), 100, 100)[0].records
    for key in record[:2]:
        assert expected[key].any()
        assert np.array_equal(made[key], expected[key]), key
    np.testing.assert_allclose(made[record[2]], expected[record[2]], rtol=0, atol=1e-12)


# --- what it refuses, and what can go wrong ----------------------------------------------------------------------


def test_a_closed_loop_is_refused_with_what_runs_it():
    circuit = circuit_of("bg")
    with pytest.raises(CircuitError, match="environment") as refused:
        StandaloneProgram(circuit, environment_of(circuit), (0,))
    assert "cython" in str(refused.value)


def test_readouts_sums_and_records_of_noise_are_refused_all_at_once(tmp_path):
    text = PLAIN_SPIKES.replace("projections:", "  out: {size: 1, neuron: linear}\nprojections:")
    circuit = written(
        tmp_path, text.replace("populations:", "populations:\n  choice: {size: 2, neuron: softmax}")
    )
    with pytest.raises(CircuitError) as refused:
        StandaloneProgram(circuit, None, (0,), record=("noise.chance",))
    messages = [problem.message for problem in refused.value.problems]
    assert any("readouts" in message for message in messages)
    assert any("noise.chance" in message for message in messages)


def test_without_a_compiler_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(CircuitError, match="compiler"):
        StandaloneProgram(written(tmp_path, PLAIN_SPIKES), None, (0,))


@needs_compiler
def test_a_compiler_that_fails_is_one_message_and_puts_the_device_back(tmp_path, monkeypatch):
    before = brian2.get_device()
    monkeypatch.setenv("CXX", "false")
    program = StandaloneProgram(written(tmp_path, PLAIN_SPIKES), None, (0,))
    with pytest.raises(RunError, match="not built"):
        program.run(5, lambda chunk: None)
    assert brian2.get_device() is before


def test_a_cache_that_cannot_be_written_keeps_nothing_and_harms_nothing(tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "file").write_text("no folder")
    made = []
    assert not build(tmp_path / "sources", lambda: made.append(1), tmp_path / "file")
    assert made == [1]
