"""The most memory at once, against the textbook's analysis of what is live."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro_rtrrl import cost, load
from neuro_rtrrl.lowering.simplify import reads_of, targets_of

CIRCUITS = Path(__file__).resolve().parents[2] / "circuits"


def live_words(report):
    """Go backwards: live before a statement is what it reads, and what is live after it less what it sets."""
    lowered = report.lowered
    kept = {item.key for item in report.memory} | {"reward", "terminated", "first", "action"}

    def words(keys):
        spaces = [lowered.variables[key].space for key in keys]
        return sum(1 if space.kind == "projection" else space.elements for space in spaces)

    def intermediate(keys):
        found = {key for key in keys if key in lowered.variables and key not in kept}
        found = {key for key in found if lowered.variables[key].value is None}
        return {key for key in found if lowered.variables[key].role not in ("weight", "noise", "chance")}

    live, most = set(), 0
    for _, statement in reversed(list(lowered.statements())):
        sets, reads = intermediate(targets_of(statement)), intermediate(reads_of(statement))
        most = max(most, words(live | sets | reads))
        live = (live - sets) | reads
    return most


@pytest.mark.parametrize("name", ["bg", "memory_words", "lru", "mingru", "reacher"])
def test_intermediate_results_take_what_is_live_at_once(name):
    report = cost(load(CIRCUITS / f"{name}.yaml"))
    assert report.peak.intermediate == 32 * live_words(report)
    assert report.peak.at


def test_the_peak_adds_what_is_kept_and_what_never_changes():
    report = cost(load(CIRCUITS / "bg.yaml"), "loihi1")
    peak = report.as_dict()["peak_bits"]
    assert peak["kept"] == sum(report.memory_bits.values())
    assert peak["parameters"] == sum(report.as_dict()["parameter_bits"].values())
    assert peak["total"] == peak["kept"] + peak["parameters"] + peak["intermediate"]
