"""``neuro-rtrrl profiles``: the list, one profile in full, and what is said of a wrong name."""

from __future__ import annotations

import json

import pytest

from neuro_rtrrl.ledger.profile import load_profile, profile_names


@pytest.fixture(autouse=True)
def _a_hundred_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")


def test_every_shipped_profile_is_listed_with_what_is_published_of_it(run):
    code, out, err = run("profiles")
    assert (code, err) == (0, "")
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    for name in profile_names():
        profile = load_profile(name)
        published = sum(f.priced or f.bounds_only for f in profile.figures().values())
        assert f"{published}/{len(profile.figures())}" in lines[name]
        assert lines[name].split()[-1] == profile.weakest
    assert "spinnaker2@0.8V" in out


def test_the_list_as_json_is_the_list(run):
    entries = {entry["name"]: entry for entry in json.loads(run("profiles", "--json")[1])["profiles"]}
    assert set(entries) == set(profile_names())
    assert entries["odin"]["learning_engine"] == "fixed_rule"
    assert entries["cmos45"]["learning_engine"] is None
    assert entries["spinnaker2"]["operating_points"] == ["0.5V", "0.8V"]
    assert entries["akida"]["priced"] == 0


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_is_shown_with_every_figure_and_every_source(run, name):
    profile = load_profile(name)
    code, out, _ = run("profiles", "show", name)
    assert code == 0
    words = " ".join(out.split())
    for (section, figure_name), figure in profile.figures().items():
        assert figure_name in words, (section, figure_name)
        for part in (figure.derivation, figure.reason):
            assert part is None or part.split()[0] in words
    for source in profile.sources.values():
        assert source.citation.split(",")[0] in words
    assert all(len(line) <= 100 for line in out.splitlines())


def test_a_profile_as_json_has_every_figure_with_its_reason_or_source(run):
    shown = json.loads(run("profiles", "show", "truenorth", "--json")[1])
    energy = shown["sections"]["energy"]
    assert energy["synaptic_operation"]["derivation"].startswith("(94 - 68) mW")
    assert energy["barrier"] == {"nominal": None, "reason": "not published"}
    assert shown["sources"]["merolla2014"]["citation"].startswith("P. A. Merolla")
    assert shown["learning_engine"]["nonlocal"] is False


def test_a_minimum_and_a_bound_are_shown_as_such(run):
    assert "at least 23.6 pJ" in run("profiles", "show", "loihi1")[1]
    assert "at most 700 W" in run("profiles", "show", "h100")[1]
    assert "3.1 to 8.2 W" in run("profiles", "show", "jetson_orin_nano")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "truenoth"), "did you mean 'truenorth'?"),
        (("show", "spinnaker2@1V"), "available: 0.5V, 0.8V"),
        (("show", "absent.yaml"), "there is no such file"),
        (("show",), "NAME|FILE"),
        (("list",), "list"),
    ],
    ids=["name", "point", "file", "nothing", "command"],
)
def test_a_wrong_name_is_told(run, arguments, message):
    code, out, err = run("profiles", *arguments)
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize("arguments", [("profiles", "-h"), ("profiles", "show", "-h")])
def test_help_has_an_example(run, arguments):
    code, out, _ = run(*arguments)
    assert code == 0
    assert "Example: neuro-rtrrl profiles show" in " ".join(out.split())


def test_a_report_names_the_sentence_that_a_joule_comes_from(run, tmp_path):
    document = json.loads(run("cost", "circuits/bg.yaml", "--profile", "truenorth", "--json")[1])
    (item,) = [item for item in document["energy"]["items"] if "forward" in item["event"]]
    assert item["figure"] == "energy.synaptic_operation"
    assert item["evidence"] == "silicon"
    assert item["citation"].startswith("P. A. Merolla")
    assert item["derivation"].startswith("(94 - 68) mW")
    assert document["energy"]["weakest_grade"] == "D"
    assert document["energy"]["sources"]["energy.synaptic_operation"]["events"]
