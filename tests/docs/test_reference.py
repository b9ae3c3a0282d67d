"""The reference pages name exactly the keys, parameters and exit codes that there are."""

from __future__ import annotations

import json

import pytest

from neuro_rtrrl.graph import user_fields, user_models
from neuro_rtrrl.models import models
from neuro_rtrrl.spec import protocol, sections, wiring
from neuro_rtrrl.spec.schema import CircuitSpec
from tests.docs.blocks import REPOSITORY, page, run
from tests.docs.reference import KINDS, environment_table, keys_under, model_section, section, table_under

CIRCUIT_FILE, JSON = "docs/circuit_file.md", "docs/json.md"
BG, STDP = (str(REPOSITORY / "circuits" / name) for name in ("bg.yaml", "stdp.yaml"))

SECTIONS = {
    "## Top level": CircuitSpec,
    "## timing": sections.Timing,
    "## environment": sections.Environment,
    "### environment protocol": protocol.Protocol,
    "#### protocol types": protocol.TrialType,
    "#### protocol events": protocol.ProtocolEvent,
    "#### protocol phases": protocol.ProtocolPhase,
    "#### protocol representation": protocol.Representation,
    "## populations": sections.Population,
    "### wiring": wiring.Wiring,
    "### wiring ncp": wiring.NeuralCircuitPolicy,
    "## neuromodulators": sections.Neuromodulator,
    "## plasticity": sections.PlasticityGroup,
    "## projections": sections.Projection,
    "### connectivity": sections.Connectivity,
    "## record": sections.RecordEntry,
    "## interventions": sections.Intervention,
    "## models": sections.Models,
}
USER_MODELS = {
    "### models.neurons": user_models._NEURON,
    "### models.rules": user_models._RULE,
    "### models.optimisers": user_models._OPTIMISER,
    "### parameters": user_fields._PARAMETER,
    "### states": user_fields._STATE,
}


# --- circuit files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_key_of_a_section_is_listed_and_no_other(heading):
    fields = {field.alias or name: field for name, field in SECTIONS[heading].model_fields.items()}
    listed = {row[0].strip("`"): row for row in table_under(page(CIRCUIT_FILE), heading)}
    assert set(listed) == set(fields)
    for name, field in fields.items():
        says_required = listed[name][2].startswith("required") and "save for" not in listed[name][2]
        assert says_required == field.is_required(), name


@pytest.mark.parametrize("heading", USER_MODELS)
def test_every_key_of_a_users_model_is_listed_and_no_other(heading):
    assert sorted(keys_under(page(CIRCUIT_FILE), heading)) == sorted(USER_MODELS[heading])


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, model.name) for kind in KINDS for model in models(kind).values()]
)
def test_every_registered_model_is_described_as_it_is_declared(kind, name):
    text, expected = page(CIRCUIT_FILE), model_section(models(kind)[name])
    assert expected in text, f"{CIRCUIT_FILE} should have:\n\n{expected}"


@pytest.mark.parametrize("kind", KINDS)
def test_no_model_is_described_that_does_not_exist(kind):
    described = [
        line
        for line in section(page(CIRCUIT_FILE), f"## {KINDS[kind]}").splitlines()
        if line.startswith("### ")
    ]
    assert described == [f"### `{name}`" for name in models(kind)]


def test_every_environment_is_listed_as_it_is():
    rows = [
        row
        for heading in ("## Environments", "### Tasks of POPGym")
        for row in table_under(page(CIRCUIT_FILE), heading)
    ]
    assert sorted(rows) == sorted(environment_table())


# --- JSON ---------------------------------------------------------------------------------------------------


def document(*arguments: str) -> dict:
    return json.loads(run([*arguments, "--json"])[1])


def listed(heading: str, *without: str) -> set[str]:
    return set(keys_under(page(JSON), heading)) - set(without)


@pytest.fixture(scope="module")
def priced() -> dict:
    return document("cost", BG, "--profile", "loihi1", "--explain", "cortex_recurrent")


def test_the_keys_of_cost_are_those_of_the_page(priced):
    assert set(priced) == listed("## cost")
    assert set(document("cost", STDP)) == listed("## cost", "explain")


@pytest.mark.parametrize("part", ["energy", "latency", "neurobench"])
def test_the_keys_of_a_part_of_cost_are_those_of_the_page(priced, part):
    assert set(priced[part]) == listed(f"### {part}")


def test_the_keys_of_effective_counts_are_those_of_the_page(tmp_path):
    made = document(
        "simulate", STDP, "--decisions", "4", "--seeds", "1", "--ledger", "--out", str(tmp_path / "run")
    )
    assert set(made) == listed("## simulate") | {"ledger"}
    assert set(made["ledger"]["effective"]) == listed("### effective")


def test_the_keys_of_profiles_are_those_of_the_page():
    more = {"operating_point", "notes", "sections"}
    assert set(document("profiles")["profiles"][0]) == listed("## profiles") - more
    assert set(document("profiles", "show", "spinnaker2")) == listed("## profiles")


def test_the_keys_of_compare_are_those_of_the_page():
    found = document("compare", BG, "--profiles", "loihi1", "--rules", "own,bptt:4")
    assert set(found) == listed("## compare")
    assert all(set(entry) == listed("### entries") for entry in found["entries"])


def test_the_keys_of_joules_to_a_criterion_are_those_of_the_page(tmp_path):
    run(["simulate", BG, "--decisions", "40", "--seeds", "1", "--out", str(tmp_path / "run")])
    priced = ("cost", BG, "--profile", "loihi1", "--from", str(tmp_path / "run"), "--criterion", "0.9")
    assert set(document(*priced)["to_criterion"]["dense"]) == listed("### to_criterion")


def test_the_rows_of_cost_have_the_columns_that_the_page_names(priced):
    from neuro_rtrrl.language import KINDS as OPERATIONS
    from neuro_rtrrl.lowering import PHASES

    text = section(page(JSON), "## cost")
    assert set(priced["operations"]) == set(PHASES) == set(priced["reads"])
    assert all(set(kinds) == set(OPERATIONS) for kinds in priced["operations"].values())
    assert all(f"`{name}`" in text for name in (*PHASES, *OPERATIONS, *priced["messages"]))
    assert all(set(item) == {"event", "count", "reason"} for item in priced["unpriced"])
    assert set(priced["energy"]["total"]) == {"low", "nominal", "high"}
    assert all(
        set(entry) == {"operations", "most_spikes"} for entry in document("cost", STDP)["per_spike"].values()
    )


def test_the_keys_of_check_are_those_of_the_page():
    audited = document("check", BG, "--biology")
    assert set(audited) == listed("## check")
    assert set(document("check", BG)) == listed("## check", "biology")
    assert all(set(entry) == listed("### biology") for entry in audited["biology"])


def test_the_keys_of_a_problem_are_those_of_the_page():
    for arguments in (("check", "missing.yaml"), ("simulate", "missing.yaml"), ("check", BG, "--unknown")):
        found = document(*arguments)
        assert set(found) == {"problems"}
        assert all(set(problem) == listed("## Problems") for problem in found["problems"])


def test_the_keys_of_draw_are_those_of_the_page(tmp_path):
    assert set(document("draw", BG, "--out", str(tmp_path / "bg.svg"))) == listed("## draw")


def test_the_keys_of_simulate_are_those_of_the_page(tmp_path):
    found = document("simulate", STDP, "--decisions", "4", "--seeds", "1", "--out", str(tmp_path / "run"))
    assert set(found) == listed("## simulate")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert set(summary) == listed("## simulate") | {"format", "finished"}


def test_the_keys_of_parity_are_those_of_the_page():
    from neuro_rtrrl.agreement import Divergence, ParityReport

    parted = ParityReport("c", 1, 1e-9, "native", {"x": 1.0}, Divergence(0, "x", 0.0, 1.0)).as_dict()
    assert set(parted) == listed("## parity")
    text = section(page(JSON), "## parity")
    assert all(f"`{key}`" in text for key in parted["first_divergence"])


def test_the_keys_of_verify_are_those_of_the_page():
    from neuro_rtrrl.assays.runner import Gate, Verdict

    gate = Gate("intact", "it", "a > b", (True,), 1, True)
    found = Verdict("a", REPOSITORY, (0,), (gate,), {}).as_dict()
    assert set(found) == listed("## verify")
    assert set(found["gates"][0]) == listed("### gates")


# --- exit codes ---------------------------------------------------------------------------------------------


def test_the_exit_codes_are_those_of_the_page(tmp_path, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    (tmp_path / "file").write_text("")
    codes = [
        run(["check", BG])[0],
        run(["simulate", BG, "--out", str(tmp_path / "file" / "run")])[0],
        run(["check", "missing.yaml"])[0],
    ]
    monkeypatch.setattr("neuro_rtrrl.cli.check.load_circuit", interrupted)
    codes.append(run(["check", BG])[0])
    assert [str(code) for code in codes] == keys_under(page(JSON), "## Exit codes")
