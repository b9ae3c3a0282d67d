"""Every shipped profile prices every shipped circuit, or says of each thing asked for why it does not."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import cost, load_profile, profile_names
from neuro_rtrrl.ledger.pricing import demands_of
from neuro_rtrrl.ledger.vocabulary import BACKGROUND

CIRCUITS = Path(__file__).resolve().parents[2] / "circuits"


@cache
def circuit(name: str):
    return load_circuit(CIRCUITS / f"{name}.yaml")


def at_every_point():
    for name in profile_names():
        points = load_profile(name).operating_points
        yield from (f"{name}@{point}" for point in points) if points else (name,)


@pytest.mark.parametrize("name", ["bg", "stdp"])
@pytest.mark.parametrize("profile", at_every_point())
def test_nothing_that_is_asked_for_is_lost(profile, name):
    report = cost(circuit(name), profile)
    demands = demands_of(
        report.lowered, report.lines, report.messages, report.memory, report.profile, report.precision
    )
    asked = sorted(demand.label for demand in demands if demand.count != 0)
    energy, latency = report.energy, report.latency
    answered = [item.event for item in (*energy.items, *energy.beside, *energy.unpriced)]
    assert sorted(event for event in answered if event not in BACKGROUND) == asked
    assert len(latency.items) + len(latency.untimed) == len(asked)
    for event in ("static_power",):
        assert event in answered
    json.dumps(report.as_dict(), allow_nan=False)
    for item in energy.items:
        assert item.low is not None
        assert 0 < item.low <= item.nominal <= (item.high or item.nominal)
        assert item.citation
        assert item.operating_point
