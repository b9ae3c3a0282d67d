"""What can be wrong with a NIR file, its side file and the two commands is told without a traceback."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.exchange import export_nir, import_nir
from neuro_rtrrl.graph import load_circuit
from tests.docs.blocks import page
from tests.docs.reference import keys_under

nir = pytest.importorskip("nir", reason="the extra 'exchange' is not installed")

ROOT = Path(__file__).parents[2]
CIRCUIT = str(ROOT / "circuits" / "bg.yaml")


@pytest.fixture
def run(run_elsewhere):
    return run_elsewhere


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export_nir(load_circuit(CIRCUIT), folder / "bg.nir")
    return folder


@pytest.fixture
def here(exported, tmp_path) -> Path:
    """Both files, to be spoiled, in the current folder."""
    for file in exported.iterdir():
        shutil.copy(file, tmp_path / file.name)
    return tmp_path


def test_a_nir_file_that_is_there_is_left_as_it_is(run, here):
    before = (here / "bg.nir").read_bytes()
    code, _, err = run("export", CIRCUIT, "--target", "nir", "--out", here / "bg.nir")
    assert code == 2
    assert "bg.nir is there already, and is left as it is" in err
    (here / "bg.nir").rename(here / "kept")
    assert (
        "bg.plasticity.yaml is there"
        in run("export", CIRCUIT, "--target", "nir", "--out", here / "bg.nir")[2]
    )
    assert (here / "kept").read_bytes() == before


def test_a_folder_that_is_missing_is_named_in_one_sentence(run):
    code, _, err = run("export", CIRCUIT, "--target", "nir", "--out", "/nonexistent/bg.nir")
    assert code == 1
    assert "there is no folder /nonexistent" in err
    assert "HDF5" not in err
    assert "unable" not in err.lower()


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def rewrite(path: Path, change) -> None:
    graph = nir.read(path)
    change(graph)
    nir.write(path, graph)


def without_side_file(here):
    (here / "bg.plasticity.yaml").unlink()


def of_another_export(here):
    export_nir(load_circuit(CIRCUIT, ["populations.cortex.size=8"]), here / "other.nir")
    (here / "other.plasticity.yaml").replace(here / "bg.plasticity.yaml")


def without_our_metadata(here):
    rewrite(here / "bg.nir", lambda graph: graph.metadata.clear())


def with_a_node_renamed(here):
    def change(graph):
        graph.nodes["cortex_recurent"] = graph.nodes.pop("cortex_recurrent")
        graph.edges = [
            tuple(n.replace("cortex_recurrent", "cortex_recurent") for n in edge) for edge in graph.edges
        ]

    rewrite(here / "bg.nir", change)


def with_another_size(here):
    rewrite(here / "bg.nir", lambda graph: setattr(graph.nodes["cortex_to_dorsal"], "bias", np.zeros(3)))


def with_a_resistance(here):
    rewrite(here / "bg.nir", lambda graph: setattr(graph.nodes["cortex"], "r", np.full(32, 2.0)))


def with_a_weight_that_is_no_number(here):
    rewrite(here / "bg.nir", lambda graph: graph.nodes["cortex_to_dorsal"].weight.__setitem__((0, 0), np.nan))


SPOILED = {
    "no NIR file": (
        lambda here: (here / "bg.nir").write_text("circuit: x"),
        ["bg.nir is no NIR file", "neuro-rtrrl export"],
    ),
    "half a NIR file": (
        lambda here: (here / "bg.nir").write_bytes((here / "bg.nir").read_bytes()[:3000]),
        ["bg.nir is no NIR file"],
    ),
    "no file": (lambda here: (here / "bg.nir").unlink(), ["there is no file bg.nir"]),
    "no side file": (without_side_file, ["the side file bg.plasticity.yaml is missing", "keep them together"]),
    "another format": (
        lambda here: spoil(here / "bg.plasticity.yaml", "format: 1", "format: 2"),
        ["bg.plasticity.yaml:2:9  format", "in another format", "found: 2", "format: 1"],
    ),
    "another file": (
        lambda here: (here / "bg.plasticity.yaml").write_text(Path(CIRCUIT).read_text()),
        ["the side file has no 'circuit_hash'"],
    ),
    "two exports": (of_another_export, ["do not belong together", "460157da0f3a in the NIR file"]),
    "an edited side file": (
        lambda here: spoil(here / "bg.plasticity.yaml", "discount: 0.99", "discount: 0.9"),
        ["is not the one that was exported", "edit the circuit file"],
    ),
    "a wrong side file": (
        lambda here: spoil(here / "bg.plasticity.yaml", "neuron: ctrnn", "neuron: ctrn"),
        ["bg.plasticity.yaml:", "populations.cortex.neuron", "did you mean 'ctrnn'?"],
    ),
    "no metadata": (without_our_metadata, ["does not name its circuit", "keep the graph's metadata"]),
    "another graph": (
        with_a_node_renamed,
        ["node 'cortex_recurent' is not part", "did you mean 'cortex_recurrent'?", "(Linear) is missing"],
    ),
    "another size": (with_another_size, ["'bias' of node 'cortex_to_dorsal' is (3,) and was (2,)"]),
    "a fixed number": (with_a_resistance, ["'r' of node 'cortex' was changed", "follows from the circuit"]),
    "not a number": (with_a_weight_that_is_no_number, ["'cortex_to_dorsal.w' are not all finite"]),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILED)
def test_files_that_cannot_be_used_are_refused_with_the_reason(name, here, run):
    change, told = SPOILED[name]
    change(here)
    code, out, err = run("import", "bg.nir", "--out", "made.yaml")
    assert code == 2
    assert not out
    assert all(words in err for words in told), err
    assert not (here / "made.yaml").exists()


def test_a_weight_where_no_synapse_is_is_refused(tmp_path):
    sparse = load_circuit(CIRCUIT, ["projections.cortex_recurrent.connectivity={probability: 0.25}"])
    export_nir(sparse, tmp_path / "bg.nir")
    rewrite(tmp_path / "bg.nir", lambda graph: graph.nodes["cortex_recurrent"].weight.fill(1.0))
    with pytest.raises(CircuitError, match=r"'cortex_recurrent\.w' has no synapse there"):
        import_nir(tmp_path / "bg.nir")


def test_a_lesioned_or_frozen_circuit_is_not_exported(tmp_path):
    circuit = load_circuit(CIRCUIT)
    for changed in (circuit.lesion("dopamine"), circuit.freeze(), circuit.lesion("cortex_recurrent", 0.5)):
        with pytest.raises(CircuitError, match="not what its file says"):
            export_nir(changed, tmp_path / "bg.nir")
    assert not list(tmp_path.iterdir())


WRONG = {
    "another ending": (
        ("export", CIRCUIT, "--target", "nir", "--out", "bg.h5"),
        2,
        ["ends in .nir", "bg.nir"],
    ),
    "no target": (("export", CIRCUIT), 2, ["--target"]),
    "another target": (("export", CIRCUIT, "--target", "nri"), 2, ["'nri' is not one of"]),
    "no folder": (("export", CIRCUIT, "--target", "nir", "--out", "no/bg.nir"), 1, ["cannot be written"]),
    "no weights": (
        ("export", CIRCUIT, "--target", "nir", "--weights", "w.npz"),
        2,
        ["there is no file w.npz"],
    ),
    "no results": (("export", CIRCUIT, "--target", "nir", "--weights", "w"), 2, ["does not exist"]),
    "no circuit": (("export", "no.yaml", "--target", "nir"), 2, ["there is no such file"]),
    "no NIR": (("import", "bg.yaml"), 2, ["ends in .nir"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_end_in_a_message_and_a_code(name, run):
    arguments, expected, told = WRONG[name]
    code, out, err = run(*arguments)
    assert (code, out) == (expected, "")
    assert all(words in err for words in told), err


def test_weights_that_are_no_arrays_are_refused_and_nothing_is_unpickled(run, tmp_path):
    np.savez(tmp_path / "w.npz", **{"cortex.bias": np.array([print], dtype=object)})
    code, _, err = run("export", CIRCUIT, "--target", "nir", "--weights", "w.npz")
    assert code == 2
    assert "holds no arrays" in err
    (tmp_path / "w.npz").write_text("nothing")
    assert run("export", CIRCUIT, "--target", "nir", "--weights", "w.npz")[0] == 2


def test_without_the_package_the_extra_is_named(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "nir", None)
    code, _, err = run("export", CIRCUIT, "--target", "nir")
    assert code == 1
    assert "pip install 'neuro-rtrrl[exchange]'" in err


def test_a_circuit_file_that_is_there_is_left_as_it_is(here, run):
    (here / "bg.yaml").write_text("mine")
    code, _, err = run("import", "bg.nir")
    assert code == 2
    assert "bg.yaml is there already" in err
    assert (here / "bg.yaml").read_text() == "mine"


def test_given_weights_are_exported_and_come_back_in_a_file(run, tmp_path):
    np.savez(tmp_path / "w.npz", **{"ventral_striatum.bias": np.array([0.25])})
    assert run("export", CIRCUIT, "--target", "nir", "--weights", "w.npz")[0] == 0
    code, out, _ = run("import", "bg.nir", "--json")
    document = json.loads(out)
    assert code == 0
    assert set(document) == set(keys_under(page("docs/json.md"), "## import"))
    assert document["changed"] == ["ventral_striatum.bias"]
    assert document["files"] == ["bg.yaml", "bg.npz"]
    with np.load(tmp_path / "bg.npz") as stored:
        assert stored["ventral_striatum.bias"].tolist() == [0.25]


def test_export_says_where_the_graph_is_cut(run):
    code, out, _ = run("export", CIRCUIT, "--target", "nir", "--json")
    document = json.loads(out)
    assert code == 0
    assert set(document) == set(keys_under(page("docs/json.md"), "## export"))
    assert {cut["part"] for cut in document["cuts"]} == {"cortex", "dorsal_striatum"}
    assert "NIR has no tanh" in run("export", CIRCUIT, "--target", "nir", "--out", "again.nir")[1]
