"""What cannot be written as C, and what is said of what was, without a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.docs.blocks import page
from tests.docs.reference import keys_under

CIRCUITS = Path(__file__).parents[2] / "circuits"
MEMORY = str(CIRCUITS / "memory_words.yaml")
C = ("--target", "c")


@pytest.fixture
def run(run_elsewhere):
    return run_elsewhere


def refused(result: tuple[int, str, str]) -> str:
    code, out, err = result
    assert code == 2, err
    assert out == ""
    assert not list(Path().iterdir()), "nothing is written"
    return err


def test_a_circuit_that_spikes_is_refused_in_words_before_anything_runs(run, tmp_path_factory):
    file = tmp_path_factory.mktemp("elsewhere") / "spiking.yaml"
    text = Path(MEMORY).read_text(encoding="utf-8").replace("dt: 20 ms", "dt: 1 ms")
    file.write_text(
        text.replace("populations:\n", "populations:\n  bystanders: {size: 3, neuron: lif, drive: 20 mV}\n")
    )
    message = refused(run("export", file, *C, "--bits", "weight=8"))
    assert "circuits that spike have no form in whole numbers yet" in message
    assert "hint: leave --profile and --bits out" in message
    code, out, _ = run("export", file, *C, "--out", "floats")
    assert code == 0, "in float32 it can be exported"
    assert "float32" in out


def test_a_circuit_without_an_environment_is_refused(run):
    message = refused(run("export", CIRCUITS / "stdp.yaml", *C))
    assert "a circuit without an environment has no tick to export" in message
    assert "hint:" in message


def test_exact_rtrl_is_refused_with_what_would_do_instead(run):
    message = refused(run("export", MEMORY, *C, "--set", "plasticity.cortical.rule=rtrl_td"))
    assert "rtrl_td" in message
    assert "hint: use rflo_td" in message


def test_an_unknown_profile_is_refused_with_the_nearest(run):
    message = refused(run("export", MEMORY, *C, "--profile", "loihi"))
    assert "loihi" in message
    assert "loihi1" in message


@pytest.mark.parametrize(
    ("bits", "said"),
    [
        ("weight", "not a word length"),
        ("weight=nine", "not a word length"),
        ("weights=9", "did you mean 'weight'?"),
        ("weight=1", "2 to 32 bits"),
        ("weight=33", "2 to 32 bits"),
    ],
)
def test_what_is_wrong_with_bits_is_said(run, bits, said):
    assert said in refused(run("export", MEMORY, *C, "--bits", bits))


@pytest.mark.parametrize("option", [("--profile", "loihi1"), ("--bits", "weight=8")])
def test_nir_holds_no_words(run, option):
    message = refused(run("export", MEMORY, "--target", "nir", *option))
    assert f"{option[0]} says what words a chip has" in message
    assert "hint: leave it out, or write C: --target c" in message


def test_a_folder_that_cannot_be_written_is_named(run):
    Path("taken").write_text("")
    code, _, err = run("export", MEMORY, *C, "--out", "taken")
    assert code == 1
    assert "taken cannot be written" in err


def test_what_is_there_already_is_left_as_it_is(run):
    folder = Path("mine")
    folder.mkdir()
    assert run("export", MEMORY, *C, "--out", "mine")[0] == 0, "an empty folder is nobody's"
    (folder / "tick.c").write_text("mine")
    code, _, err = run("export", MEMORY, *C, "--out", "mine")
    assert code == 2
    assert "is there already, and is left as it is" in err
    assert "--out" in err
    assert (folder / "tick.c").read_text() == "mine"


def test_the_document_has_the_keys_of_the_page(run):
    code, out, _ = run("export", MEMORY, *C, "--json")
    document = json.loads(out)
    assert code == 0
    assert set(document) == set(keys_under(page("docs/json.md"), "## export to C"))
    assert document["arithmetic"] == "float32"
    assert document["state_bytes"] == sum(document["parts"].values())
    assert all(Path(file).is_file() for file in document["files"])
    assert Path("memory_words_c/tick.c").is_file()


def test_the_same_circuit_is_written_the_same_twice(run):
    run("export", MEMORY, *C, "--out", "once")
    run("export", MEMORY, *C, "--out", "twice")
    for name in ("tick.c", "tick.h", "main.c"):
        assert Path("once", name).read_text() == Path("twice", name).read_text()
