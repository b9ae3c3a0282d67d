"""``neuro-rtrrl compare`` and ``cost --criterion``: what they print, and how they refuse."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

BG = "circuits/bg.yaml"
ONE = ("compare", BG, "--profiles", "loihi1", "--rules", "own")


def test_it_prints_every_rule_with_what_it_leaves_out_and_where_joules_are_from(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    code, out, err = run("compare", BG, "--profiles", "loihi1,xylo", "--rules", "rflo,rtrl,bptt:64")
    assert (code, err) == (0, "")
    for word in ("rflo", "rtrl", "bptt:64", "not costed", "Davies", "no price", "NO"):
        assert word in out
    assert max(map(len, out.splitlines())) <= 100


def test_json_is_one_document_and_csv_is_only_lines(run):
    code, out, _ = run(*ONE, "--json")
    document = json.loads(out)
    assert code == 0
    assert [each["rule"] for each in document["entries"]] == ["own"]
    code, out, err = run(*ONE, "--csv")
    assert (code, err) == (0, "")
    assert len(list(csv.DictReader(io.StringIO(out)))) == 1


def test_two_circuits_of_one_name_are_told_apart(run, tmp_path):
    other = tmp_path / "bg.yaml"
    other.write_text(Path(BG).read_text())
    _, out, _ = run("compare", BG, str(other), "--profiles", "none", "--rules", "own", "--json")
    assert json.loads(out)["circuits"] == [BG, str(other)]


def test_files_go_where_they_are_asked_to(run, tmp_path):
    folder, page = tmp_path / "made" / "here", tmp_path / "page"
    code, out, _ = run(*ONE, "--out", str(folder), "--html", str(page))
    assert code == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        f"compare.{ending}" for ending in ("csv", "html", "json", "svg")
    ]
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert f"file: {page}" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare"], "no circuit to compare"),
        (["compare", BG, "--profiles", "loihi"], "did you mean 'loihi1'"),
        (["compare", BG, "--profiles", "loihi,spinnaker2@9V"], "operating point '9V'"),
        (["compare", BG, "--profiles", ","], "no profile to compare"),
        (["compare", BG, "--rules", "rflow"], "did you mean 'rflo'"),
        (["compare", BG, "--rules", "rtrl:3"], "only bptt has a number"),
        (["compare", BG, "--rules", "bptt"], "bptt:64"),
        (["compare", BG, "--rules", "bptt:x"], "found: bptt:x"),
        (["compare", BG, "--rules", "bptt:0"], "looks back"),
        (["compare", BG, "--rules", "bptt:-4"], "looks back"),
        (["compare", BG, "--rules", ""], "no rule to compare"),
        (["compare", "circuits/none.yaml", BG], "circuits/none.yaml"),
        ([*ONE, "--criterion", "0.9"], "needs learning curves"),
        (["compare", BG, "--study", "experiments/rules.yaml"], "compared by itself"),
        (["compare", "--study", "experiments/none.yaml"], "none.yaml"),
        (["compare", "--study", "experiments/memory_chain.yaml", "--profiles", "loihi1"], "--criterion 0.9"),
        (
            ["compare", "--study", "experiments/memory_chain.yaml", "--profiles", "none"],
            "joules need a profile",
        ),
        (["cost", BG, "--criterion", "0.9"], "needs a run's learning curves"),
        (["cost", BG, "--profile", "loihi1", "--from", "nowhere", "--criterion", "0.9"], "nowhere"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(run, arguments, said):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert said in err


def test_a_study_that_was_never_run_has_nothing_to_compare(run, tmp_path):
    file = tmp_path / "new.yaml"
    rows = f"rows:\n  one: {{circuit: {Path(BG).resolve()}}}\n"
    file.write_text(f"study: new\nformat: 1\ndecisions: 100\ncriterion: 0.9\n{rows}")
    code, _, err = run("compare", "--study", str(file), "--profiles", "loihi1")
    assert code == 2
    assert "nothing of the study 'new' is stored: there is neither" in err
    assert str(Path("new", "jobs")) in err
    assert f"neuro-rtrrl study {file}" in err


def test_one_standard_output_takes_one_form(run):
    code, out, _ = run(*ONE, "--json", "--csv")
    assert code == 2
    assert "both want standard output" in json.loads(out)["problems"][0]["message"]


def test_all_that_is_wrong_is_told_at_once(run):
    _, _, err = run("compare", BG, "--rules", "foo,bptt:x,rtrl:1")
    assert err.count("unknown rule") == 2
    assert "bptt:x" in err


def test_what_fits_everywhere_leaves_no_heading_with_nothing_below(run):
    _, out, _ = run("compare", "circuits/stdp.yaml", "--profiles", "h200", "--rules", "own")
    assert "why it does not fit" not in out


@pytest.mark.parametrize("option", ["--html", "--out"])
def test_where_nothing_can_be_written_it_says_so(run, tmp_path, option):
    (tmp_path / "file").write_text("")
    code, _, err = run(*ONE, option, str(tmp_path / "file" / "there"))
    assert code == 1
    assert "could not be written" in err
    assert f"choose another {option}" in err
    assert "Traceback" not in err
