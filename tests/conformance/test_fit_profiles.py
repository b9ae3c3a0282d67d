"""Every shipped circuit on every shipped device: a verdict, and no limit without a source."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import load_profile, profile_names
from neuro_rtrrl.ledger.fit import fit
from neuro_rtrrl.ledger.fit.tables import fit_table, placement_table
from neuro_rtrrl.lowering import lower

CIRCUITS = sorted(path.stem for path in Path("circuits").glob("*.yaml"))
STATUSES = {"satisfied", "violated", "not known", "warning"}


@cache
def lowered(name: str):
    return lower(load_circuit(f"circuits/{name}.yaml"))


@pytest.mark.parametrize("chip", profile_names())
@pytest.mark.parametrize("name", CIRCUITS)
def test_every_circuit_gets_a_verdict_whose_limits_have_sources(name, chip):
    profile = load_profile(chip)
    verdict = fit(lowered(name).circuit, profile, search=False, lowered=lowered(name))
    assert verdict.findings
    for finding in verdict.findings:
        assert finding.status in STATUSES
        assert set(finding.sources) <= set(profile.sources)
        if finding.has is not None:  # a number that is compared with is a published one
            assert finding.sources
            assert finding.grade in ("P", "Q", "D", "S")
        if finding.status == "not known":
            assert finding.has is None
    assert (verdict.binding is None) == (verdict.answer != "does not fit")
    assert verdict.headline() in str(verdict)
    assert json.loads(json.dumps(verdict.as_dict()))["answer"] == verdict.answer
    assert len(fit_table(verdict)) == len(verdict.findings)
    assert (placement_table(verdict) is None) == (verdict.placement is None)


@pytest.mark.parametrize("chip", profile_names())
def test_a_substitute_is_found_for_the_first_circuit_wherever_it_does_not_fit(chip):
    verdict = fit(lowered("bg").circuit, chip, lowered=lowered("bg"))
    assert (verdict.substitute is not None) == (verdict.answer == "does not fit")
    if load_profile(chip).learning_engine is None:
        assert verdict.answer == "not known"
