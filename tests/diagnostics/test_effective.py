"""``simulate --ledger`` and ``cost --from``: what they say, and what they say when they cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neuro_rtrrl.cli import main
from neuro_rtrrl.language import KINDS

CIRCUIT = str(Path(__file__).parents[2] / "circuits" / "bg.yaml")


@pytest.fixture(scope="module")
def counted(tmp_path_factory) -> Path:
    """A small run with its activity."""
    folder = tmp_path_factory.mktemp("runs") / "counted"
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "simulate",
                CIRCUIT,
                "--decisions",
                "60",
                "--seeds",
                "2",
                "--ledger",
                "--json",
                "--out",
                str(folder),
            ]
        )
    assert ended.value.code == 0
    return folder


def test_the_ledger_of_a_run_is_the_one_that_cost_reads_back(run, counted, tmp_path):
    code, out, _ = run("cost", CIRCUIT, "--from", counted, "--json")
    document = json.loads(out)
    assert code == 0
    effective = document["effective"]
    assert (effective["seed"], effective["first_decision"], effective["decisions"]) == (0, 30, 30)
    for phase, kinds in effective["operations"].items():
        for kind in KINDS:
            assert kinds[kind] <= document["operations"][phase][kind]
    assert 0 < effective["operations"]["forward"]["mac"] < document["operations"]["forward"]["mac"]
    assert 0 < sum(effective["bytes"]["read"].values()) < sum(document["bytes"]["read"].values())
    assert document["neurobench"]["activation_sparsity"] is not None
    _, out, _ = run(
        *("simulate", CIRCUIT, "--decisions", "60", "--seeds", "2", "--ledger", "--json"),
        *("--out", tmp_path / "again"),
    )
    assert json.loads(out)["ledger"]["effective"] == effective


def test_a_terminal_shows_dense_and_effective_side_by_side(run, counted):
    code, out, _ = run("cost", CIRCUIT, "--from", counted)
    assert code == 0
    assert "means over 30 decisions of seed 0, from decision 30 on; 3 of them began" in " ".join(out.split())
    assert "idle" in out


def test_counts_without_a_run_are_dense_only(run):
    _, out, _ = run("cost", CIRCUIT, "--json")
    assert json.loads(out)["effective"] is None


def test_a_frozen_run_from_learned_weights_is_counted_as_it_ran(run, counted, tmp_path):
    folder = tmp_path / "frozen"
    arguments = (
        "--from",
        counted,
        "--freeze",
        "--decisions",
        "20",
        "--seeds",
        "1",
        "--ledger",
        "--out",
        folder,
    )
    code, out, err = run("simulate", CIRCUIT, *arguments)
    assert code == 0, err
    code, out, _ = run("cost", CIRCUIT, "--freeze", "--from", folder, "--json")
    assert code == 0
    operations = json.loads(out)["effective"]["operations"]
    assert sum(operations["forward"].values()) > 0
    assert sum(operations["optimiser"].values()) == sum(operations["local_trace"].values()) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--set", "plasticity.cortical.trace_decay=0.5"),
            "of another circuit than 'basal_ganglia_actor_critic'",
        ),
        (("--freeze",), "the same --set, --with and --freeze"),
    ],
)
def test_a_run_of_another_circuit_is_refused(run, counted, arguments, said):
    code, _, err = run("cost", CIRCUIT, "--from", counted, *arguments)
    assert code == 2
    assert said in err


def test_a_folder_without_activity_says_how_to_get_one(run, tmp_path):
    code, _, err = run("cost", CIRCUIT, "--from", tmp_path)
    assert code == 2
    assert "simulate FILE --ledger" in err


def test_a_damaged_record_is_told(run, tmp_path):
    (tmp_path / "activity.nc").write_bytes(b"nothing of the kind")
    code, _, err = run("cost", CIRCUIT, "--from", tmp_path)
    assert code == 2
    assert "cannot be read" in err


def test_exact_rtrl_is_refused_with_the_reason(run, tmp_path):
    rule = "{rule: rtrl_td, learning_rate: 1e-3, trace_decay: 0.9, modulator: dopamine, optimiser: adam}"
    rtrl = ("--set", f"plasticity.cortical={rule}")
    code, _, err = run("simulate", CIRCUIT, *rtrl, "--ledger", "--decisions", "10", "--out", tmp_path / "run")
    assert code == 2
    assert "exact RTRL" in err
    assert not (tmp_path / "run").exists()


def test_a_recording_in_part_of_what_the_ledger_needs_is_refused(run, tmp_path):
    part = ("--set", "record=[{variable: sensory.r, every: 10 decisions}]")
    code, _, err = run("simulate", CIRCUIT, *part, "--ledger", "--decisions", "10", "--out", tmp_path / "run")
    assert code == 2
    assert "'sensory.r' is recorded in part" in err
