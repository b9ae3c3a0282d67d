"""A kernel that cannot be built, kept or trusted ends in a clean rebuild or in the way without it, never in a lie."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.native import CompilationError, build_library, find_compiler
from neuro_rtrrl.programs import make_environment

TEXT = "int answer(void) { return 42; }\n"


@pytest.fixture
def compiler():
    try:
        return find_compiler()
    except CompilationError as error:
        pytest.skip(str(error))


@pytest.fixture
def circuit():
    return load_circuit("circuits/bg.yaml", ["populations.cortex.size=4", "record=[]"])


def answer(library: ctypes.CDLL) -> int:
    return library.answer()


def test_a_kept_kernel_is_not_built_again(compiler, tmp_path, monkeypatch):
    name, library = build_library(TEXT, compiler, tmp_path)
    assert answer(library) == 42
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == [
        "kernel.c",
        "kernel.so",
        "sha256",
    ]
    assert (tmp_path / name / "kernel.c").read_text() == TEXT

    def refuse(*_):
        raise AssertionError("it was built again")

    monkeypatch.setattr(type(compiler), "build", refuse)
    assert answer(build_library(TEXT, compiler, tmp_path)[1]) == 42


@pytest.mark.parametrize("damage", ["cut short", "one byte", "no checksum", "no library", "empty"])
def test_a_damaged_kernel_is_built_anew(compiler, tmp_path, damage):
    text = TEXT.replace("42", str(100 + len(damage)))
    name, _ = build_library(text, compiler, tmp_path)
    built, checksum = tmp_path / name / "kernel.so", tmp_path / name / "sha256"
    whole = built.read_bytes()
    other = tmp_path / "other"
    other.write_bytes({"cut short": whole[: len(whole) // 2], "one byte": whole[:-1] + b"x"}.get(damage, b""))
    if damage in ("cut short", "one byte", "empty"):
        os.replace(other, built)
    else:
        (checksum if damage == "no checksum" else built).unlink()
    again, library = build_library(text, compiler, tmp_path)
    assert again == name
    assert answer(library) == 100 + len(damage)
    assert built.read_bytes()[:4] == b"\x7fELF" or sys.platform != "linux"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "other"][: 1 + other.exists()])


def test_other_text_compilers_and_processors_have_kernels_of_their_own(compiler, tmp_path):
    import dataclasses

    first, _ = build_library(TEXT, compiler, tmp_path)
    second, _ = build_library(TEXT + "/* other */\n", compiler, tmp_path)
    newer = dataclasses.replace(compiler, identity=compiler.identity + "newer")
    third, _ = build_library(TEXT, newer, tmp_path)
    assert len({first, second, third}) == 3


def test_a_folder_that_cannot_be_written_costs_only_the_keeping(compiler, tmp_path):
    (tmp_path / "file").write_text("")  # no folder can be made below a file, whoever asks
    _, library = build_library(TEXT, compiler, tmp_path / "file" / "kernels")
    assert answer(library) == 42


def test_a_full_disk_ends_in_a_message(compiler, tmp_path, monkeypatch):
    from pathlib import Path

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CompilationError, match="No space left"):
        build_library(TEXT, compiler, tmp_path)


def test_processes_that_build_at_once_all_get_a_whole_kernel(compiler, tmp_path):
    work = (
        "import sys; from pathlib import Path\n"
        "from neuro_rtrrl.native import build_library, find_compiler\n"
        f"print(build_library({TEXT!r}, find_compiler(), Path(sys.argv[1]))[1].answer())\n"
    )
    command = [sys.executable, "-c", work, str(tmp_path)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for process in running:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out.strip()) == (0, "42"), err
    assert len(list(tmp_path.iterdir())) == 1, "nothing half-built is left"


@pytest.mark.parametrize(
    ("variable", "said"), [("/no/such/compiler", "was not found"), ("false", "ended with 1")]
)
def test_without_a_compiler_the_run_goes_on_and_says_so(circuit, monkeypatch, variable, said):
    monkeypatch.setenv("CC", variable)
    find_compiler.cache_clear()
    told: list[str] = []
    try:
        program = JaxProgram(circuit, make_environment(circuit), (0,), notice=told.append)
        assert program.kernel == "xla"
        assert program.advance(4).count == 4
        with pytest.raises(CircuitError, match="no native kernel") as refused:
            JaxProgram(circuit, make_environment(circuit), (0,), kernel="native")
    finally:
        find_compiler.cache_clear()
    assert len(told) == 1
    assert said in told[0]
    assert "\n" not in told[0]
    assert said in str(refused.value)


def test_a_compiler_that_fails_says_why(compiler, tmp_path):
    with pytest.raises(CompilationError, match="error") as failed:
        build_library("this is not C\n", compiler, tmp_path)
    assert "\n" not in str(failed.value)
    assert not list(tmp_path.iterdir()), "nothing half-built is left"


def test_the_kernel_of_a_circuit_is_kept_in_the_users_cache(circuit, tmp_path, monkeypatch, compiler):
    monkeypatch.setenv("NEURO_RTRRL_CACHE", str(tmp_path))
    program = JaxProgram(circuit, make_environment(circuit), (0,), kernel="native")
    assert np.isfinite(program.advance(4).reward).all()
    (kept,) = (tmp_path / "kernels").iterdir()
    text = (kept / "kernel.c").read_text()
    assert "dj/dt = (slope_post*r_pre - j)/tau_post" in text, "every line names its equation"
