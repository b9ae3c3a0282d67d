"""``neuro-rtrrl fit``: what it prints, and how it refuses."""

from __future__ import annotations

import json

import pytest

from tests.docs.blocks import page
from tests.docs.reference import keys_under

BG = "circuits/bg.yaml"


def test_it_names_what_binds_and_what_would_do_instead(run):
    code, out, err = run("fit", BG, "--profile", "loihi1", "--set", "populations.cortex.learns=[bias]")
    assert (code, err) == (0, "")
    text = " ".join(out.split())
    assert "does not fit loihi1" in text
    assert "sqrt" in text
    assert "cheapest substitute: sgd in place of adam" in text
    assert "placement on loihi1" in text


def test_json_has_findings_with_their_limits_and_sources(run):
    code, out, _ = run("fit", BG, "--profile", "truenorth", "--freeze", "--json")
    document = json.loads(out)
    assert (code, document["answer"], document["binding"], document["substitute"]) == (0, "fits", None, None)
    neurons = next(each for each in document["findings"] if each["name"] == "neurons_per_core")
    assert (neurons["needs"], neurons["has"], neurons["status"]) == (35, 256, "satisfied")
    assert set(neurons["sources"]) <= set(document["sources"])
    assert document["placement"]["cores"] == 1


def test_the_keys_of_its_json_are_those_of_the_page(run):
    def listed(heading: str) -> set[str]:
        return set(keys_under(page("docs/json.md"), heading))

    document = json.loads(run("fit", BG, "--profile", "loihi1", "--json")[1])
    assert set(document) == listed("## fit")
    assert all(set(finding) == listed("### finding") for finding in document["findings"])
    assert set(document["placement"]) == listed("### placement")
    assert set(document["substitute"]) == {"changes", "not_known"}


def test_cost_says_with_a_profile_whether_it_fits(run):
    code, out, _ = run("cost", BG, "--profile", "loihi1", "--json")
    assert code == 0
    assert json.loads(out)["fit"]["answer"] == "does not fit"
    code, out, _ = run("cost", BG, "--json")
    assert json.loads(out)["fit"] is None


def test_wider_words_need_more_memory(run):
    def kept(bits: str) -> float:
        _, out, _ = run("fit", BG, "--profile", "spinnaker2", "--bits", bits, "--json")
        return next(f["needs"] for f in json.loads(out)["findings"] if f["name"] == "core_memory")

    assert kept("32") > kept("16") > kept("8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fit", BG], "Missing option '--profile'"),
        (["fit", BG, "--profile", "loihi"], "unknown hardware profile"),
        (["fit", BG, "--profile", "loihi1", "--bits", "0"], "--bits"),
        (["fit", "circuits/none.yaml", "--profile", "loihi1"], "circuits/none.yaml"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(run, arguments, said):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert said in err
