"""Every shipped circuit under every rule on every shipped device: an answer, and no null priced as zero."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import load_profile, profile_names
from neuro_rtrrl.ledger.side_by_side.entry import COVERAGE
from neuro_rtrrl.ledger.side_by_side.rules import parse_rules
from neuro_rtrrl.ledger.side_by_side.sheet import compare_all, parse_profiles
from neuro_rtrrl.ledger.side_by_side.text import as_csv, as_text

CIRCUITS = sorted(path.stem for path in Path("circuits").glob("*.yaml"))


@cache
def sheet(name: str):
    circuit = load_circuit(f"circuits/{name}.yaml")
    return compare_all([(name, circuit)], parse_rules("own,rtrl,bptt:64,diagonal"), parse_profiles("all"))


def test_all_devices_are_all_profiles_at_all_their_operating_points():
    names = [profile.name for profile in parse_profiles("all")]
    expected = []
    for name in profile_names():
        points = load_profile(name).operating_points
        expected += [f"{name}@{point}" for point in points] or [name]
    assert sorted(names) == sorted(expected)
    assert names.index("spinnaker2@0.5V") + 1 == names.index("spinnaker2@0.8V")


@pytest.mark.parametrize("name", CIRCUITS)
def test_every_rule_gets_an_answer_on_every_device(name):
    compared = sheet(name)
    assert len(compared.entries) == 4 * len(parse_profiles("all"))
    for entry in compared.entries:
        assert entry.coverage in COVERAGE
        if entry.reason:
            assert entry.energy is entry.fit is None
            continue
        assert entry.words >= 0
        assert entry.operations >= entry.learning_operations
        assert entry.fit.answer in ("fits", "does not fit", "not known")
        assert entry.fit.why or entry.fit.answer == "fits"


@pytest.mark.parametrize("name", CIRCUITS)
def test_what_has_no_price_is_named_and_never_zero(name):
    for entry in sheet(name).entries:
        if entry.energy is None:
            continue
        profile = sheet(name).profiles[entry.profile]
        for item in entry.energy.items:  # whatever is added up has a published figure
            figure = profile.energy_of(item.figure.removeprefix("energy."))
            assert figure.priced
            assert figure.in_si().nominal > 0
            assert item.citation.startswith(profile.sources[item.source].citation)
        if not entry.energy.items:
            assert set(entry.joules.values()) == {None}
            assert entry.unpriced
        else:
            assert entry.joules["nominal"] > 0
        for item in entry.energy.unpriced:
            assert item.reason


@pytest.mark.parametrize("name", CIRCUITS)
def test_it_can_be_shown_whatever_is_in_it(name):
    json.dumps(sheet(name).as_dict(), allow_nan=False)
    assert len(as_csv(sheet(name)).splitlines()) == 1 + len(sheet(name).entries)
    assert max(map(len, as_text(sheet(name)).splitlines())) <= 100
