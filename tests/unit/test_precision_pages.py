"""What docs/words.md says of learning in short words is what the stored study measured."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from statistics import median

import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger.fit import fit
from neuro_rtrrl.studies.load import load_study

ROOT = Path(__file__).parents[2]
PAGE = " ".join((ROOT / "docs" / "words.md").read_text(encoding="utf-8").split())


def rows(name: str) -> list[dict[str, str]]:
    with (ROOT / "experiments" / "precision" / "table.csv").open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["row"] == name]


def finals(name: str) -> list[float]:
    found = [float(row["final"]) for row in rows(name)]
    assert len(found) == 5
    return found


def said(pattern: str) -> list[float]:
    found = re.search(pattern, PAGE)
    assert found, f"docs/words.md does not say: {pattern}"
    return [float(number) for number in re.findall(r"\d+\.\d+", found[0])]


def test_the_loss_at_the_lengths_of_loihi_1_is_the_one_that_the_page_states():
    measured = [number(finals(name)) for number in (median, min) for name in ("loihi1", "float")]
    found = said(
        r"At Loihi 1's word lengths it is learned .*? against [\d.]+ in float32 \(worst seed [^)]*\)"
    )
    assert found == pytest.approx(measured, abs=0.005)
    assert all(row["reached"] for row in rows("loihi1"))


def test_what_the_placement_of_fit_learns_is_what_was_measured():
    found = said(r"as `fit` places it, [\d.]+ \(worst seed [^)]*\)")
    assert found == pytest.approx([number(finals("loihi1_as_placed")) for number in (median, min)], abs=0.005)
    assert all(row["reached"] for row in rows("loihi1_as_placed"))


def test_the_row_as_placed_has_the_words_in_which_fit_places_weights_and_traces():
    words = next(
        row.words
        for row in load_study(ROOT / "experiments" / "precision.yaml").rows
        if row.name == "loihi1_as_placed"
    )
    assert words
    verdict = fit(load_circuit(ROOT / "circuits" / "memory_words.yaml"), "loihi1")
    placed = " ".join(each.says for each in verdict.findings if each.name == "words_per_synapse")
    held = {name: int(bits) for bits, name in re.findall(r"\((\d+) bit\) holds (\w+)", placed)}
    kinds = {"w": "weight", "e": "eligibility_trace", "j": "local_trace"}
    assert held == {name: words.of(kind) for name, kind in kinds.items()}


def test_that_four_bits_reach_the_criterion_and_do_not_keep_it_is_what_was_measured():
    assert all(row["reached"] for row in rows("weight_4"))
    mid, *seeds = said(r"With 4-bit weights .*?\(seeds [\d., and]+\)")[-6:]
    assert mid == pytest.approx(median(finals("weight_4")), abs=0.005)
    assert sorted(seeds) == pytest.approx(sorted(finals("weight_4")), abs=0.006)
    assert median(finals("weight_4")) < 0.9
    assert [name for name in ("weight_5", "weight_6", "weight_7") if median(finals(name)) < 0.9] == []


def test_that_it_is_not_learned_with_words_rounded_to_the_nearest_is_what_was_measured():
    assert not any(row["reached"] for row in rows("loihi1_nearest"))
    said(r"Rounded to the nearest, .*? no seed reaches 0\.9")
    (mid,) = said(r"\(median \d\.\d\d at the end\)")
    assert mid == pytest.approx(median(finals("loihi1_nearest")), abs=0.005)
