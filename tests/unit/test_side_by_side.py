"""The same circuit under other rules, and what a comparison says of it."""

from __future__ import annotations

import csv
import io
import re
from functools import cache

import pytest

import neuro_rtrrl as nr
from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.ledger import load_profile
from neuro_rtrrl.ledger.comparison import bptt_cost, recurrent_population, rtrl_cost, shape_of
from neuro_rtrrl.ledger.side_by_side.counted import count
from neuro_rtrrl.ledger.side_by_side.entry import entry_of
from neuro_rtrrl.ledger.side_by_side.figure import draw_sheet
from neuro_rtrrl.ledger.side_by_side.page import page_of
from neuro_rtrrl.ledger.side_by_side.rules import Choice, NotApplicableError, parse_rules, with_rule
from neuro_rtrrl.ledger.side_by_side.sheet import compare_all, parse_profiles
from neuro_rtrrl.ledger.side_by_side.text import COLUMNS, as_csv, as_text
from neuro_rtrrl.lowering import hoist, lower

BG, LRU = "circuits/bg.yaml", "circuits/lru.yaml"
RULES = "own,rtrl,bptt:64,diagonal"


@cache
def bg():
    return nr.load(BG)


@cache
def sheet():
    rules, profiles = parse_rules(RULES), parse_profiles("loihi1,spinnaker2@0.8V,h200,xylo")
    return compare_all([("bg", bg()), ("stdp", nr.load("circuits/stdp.yaml"))], rules, profiles)


def entry(rule: str, profile: str = "spinnaker2@0.8V"):
    return next(e for e in sheet().of("bg", profile) if e.rule == rule)


# --- circuits under other rules


@pytest.mark.parametrize(
    ("rule", "override"),
    [
        ("rtrl", ["plasticity.cortical.rule=rtrl_td"]),
        ("one_step", ["plasticity.cortical.rule=one_step_td"]),
        ("local_mse", ["plasticity.cortical.rule=local_mse", "populations.cortex.learns=[bias]"]),
    ],
)
def test_another_rule_costs_what_the_file_with_that_rule_costs(rule, override):
    changed, _ = with_rule(bg(), Choice(rule))
    ours, theirs = nr.cost(changed), nr.cost(nr.load(BG, override))
    assert ours.operations == theirs.operations
    assert ours.memory_bits == theirs.memory_bits


@pytest.mark.parametrize("task", ["memory", "gymnax", "popgym"])
def test_the_diagonal_cortex_is_that_of_the_studies(task):
    rate, units = (nr.load(f"experiments/circuits/{task}_{kind}.yaml") for kind in ("rflo", "rtu"))
    derived, _ = with_rule(rate, Choice("diagonal"))
    ours, theirs = nr.cost(derived), nr.cost(units)
    assert ours.operations == theirs.operations
    assert ours.as_written == theirs.as_written
    assert ours.memory_bits == theirs.memory_bits


def test_a_derived_circuit_can_be_lowered_and_hashed_as_any_other():
    derived, _ = with_rule(bg(), Choice("diagonal"))
    assert derived.hash != bg().hash
    assert not any(p.source.population == p.target.population for p in derived.projections.values())


def test_the_circuit_of_a_file_is_left_as_it_was():
    before = bg().hash
    for rule in parse_rules("rflo,rtrl,local_mse,diagonal"):
        with_rule(bg(), rule)
    assert bg().hash == before


@pytest.mark.parametrize(
    ("file", "rule", "why"),
    [
        (LRU, "rflo", "exact and local"),
        (LRU, "bptt:64", "formulae"),
        ("circuits/stdp.yaml", "rtrl", "no population of rate neurons"),
        ("circuits/stdp.yaml", "bptt:8", "formulae"),
    ],
)
def test_a_rule_that_a_circuit_has_no_form_under_is_answered_with_a_reason(file, rule, why):
    with pytest.raises(NotApplicableError, match=why):
        count(nr.load(file), parse_rules(rule)[0])


def test_a_frozen_circuit_learns_by_no_rule():
    with pytest.raises(NotApplicableError, match="nothing learns"):
        count(bg().freeze(), Choice("rtrl"))


def test_a_diagonal_circuit_is_its_own_exact_rtrl():
    circuit = nr.load(LRU)
    assert with_rule(circuit, Choice("rtrl"))[0] is circuit is with_rule(circuit, Choice("diagonal"))[0]


# --- bptt


def test_bptt_is_the_circuit_without_its_traces_and_with_what_the_formulae_say():
    local, swept = count(bg(), Choice("rflo")), count(bg(), Choice("bptt", 64))
    shape = shape_of(hoist(lower(bg())), recurrent_population(bg()))
    formula = bptt_cost(shape, 64)
    own = nr.cost(bg()).comparison(64)
    credit = own["32"]["local_words"]
    assert swept.learning_memory()[0] == local.learning_memory()[0] - credit + formula.words
    traces = sum(
        sum(line.operations.values())
        for line in local.lines
        if line.phase in ("local_trace", "eligibility_trace")
        and (line.owner.startswith(("cortex", "sensory_to_cortex")))
        and line.owner not in ("cortex_to_dorsal", "cortex_to_ventral")
    )
    assert swept.operations == local.operations - traces + sum(formula.operations.values())


def test_the_words_of_bptt_grow_with_its_window_and_its_operations_do_not():
    short, long = (count(bg(), Choice("bptt", window)) for window in (8, 80))
    shape = shape_of(short.lowered, recurrent_population(bg()))
    grown = long.learning_memory()[0] - short.learning_memory()[0]
    assert grown == 72 * (2 * shape.steps * shape.neurons + shape.inputs)
    assert short.operations == long.operations


def test_rtrl_does_what_its_formula_says_and_more_for_what_it_leaves_out():
    exact = count(bg(), Choice("rtrl"))
    formula = rtrl_cost(shape_of(exact.lowered, recurrent_population(bg())))
    assert exact.operations > sum(formula.operations.values())
    assert exact.learning_memory()[0] > formula.words


def test_bptt_fits_no_learning_engine_of_synapses_but_a_program():
    assert entry("bptt:64", "loihi1").fit.answer == "does not fit"
    assert "stored decisions" in entry("bptt:64", "loihi1").fit.why
    assert entry("bptt:64").fit.answer == "fits"
    longer = entry_of(count(bg(), Choice("bptt", 10**7)), load_profile("spinnaker2"), "bg")
    assert longer.fit.answer == "does not fit"
    assert "window" in longer.fit.why


# --- entries


def test_an_own_rule_costs_what_cost_says():
    report = nr.cost(bg(), "spinnaker2@0.8V")
    assert entry("own").joules == report.energy.total
    assert entry("own").energy.unpriced == report.unpriced
    assert entry("own").latency.verdict == report.latency.verdict
    assert entry("own").energy.sources() == report.sources()


def test_what_learning_adds_is_everything_less_the_frozen_circuit():
    words, _ = count(bg(), Choice("own")).learning_memory()
    learns, runs = (nr.cost(each) for each in (bg(), bg().freeze()))
    assert words == sum(i.words for i in learns.memory) - sum(i.words for i in runs.memory)


@pytest.mark.parametrize(
    ("profile", "coverage"),
    [("loihi1", "forward"), ("h200", "part"), ("xylo", "none"), ("spinnaker2@0.8V", "part")],
)
def test_a_report_says_how_much_of_it_the_joules_are_for(profile, coverage):
    assert entry("own", profile).coverage == coverage


def test_rules_cannot_be_told_apart_where_nothing_of_learning_has_a_price():
    assert entry("own", "loihi1").joules == entry("rtrl", "loihi1").joules
    assert entry("own").joules["nominal"] * 10 < entry("rtrl").joules["nominal"]


def test_every_source_is_a_citation_with_a_grade():
    sources = sheet().sources()
    assert {each["profile"] for each in sources.values()} == {"loihi1", "spinnaker2@0.8V", "h200", "xylo"}
    for each in sources.values():
        assert each["citation"]
        assert each["grade"] in ("P", "Q", "D", "S")


def test_devices_are_optional():
    counted = nr.compare(bg(), profiles="none", rules="own,bptt:4")
    assert [e.energy for e in counted.entries] == [None, None]
    assert "no price" not in as_text(counted)


# --- forms


def test_a_terminal_shows_it_in_a_hundred_columns():
    text = as_text(sheet())
    assert max(map(len, text.splitlines())) <= 100
    assert "no population of rate neurons" in text
    assert "never taken as 0" in text
    assert re.search(r"xylo +own .*no price", text)


def test_csv_has_an_empty_cell_where_there_is_no_number():
    rows = list(csv.DictReader(io.StringIO(as_csv(sheet()))))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(sheet().entries)
    for row in rows:
        if row["profile"] == "xylo" or row["applies"] == "no":
            assert row["energy_nominal"] == row["energy_low"] == ""
        assert row["energy_nominal"] not in ("0", "0.0")


def test_the_page_needs_nothing_from_elsewhere():
    page = page_of(sheet())
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert not re.search(r"@import|url\((?!#)|<link", page)
    assert len(page.split("<script>")[1].splitlines()) <= 25
    assert "prefers-color-scheme: dark" in page
    for each in sheet().sources().values():
        assert each["citation"].replace("&", "&amp;")[:30] in page
    assert "currentColor" in page
    assert "#010203" not in page


def test_the_page_says_what_it_is_told_as_text():
    renamed = compare_all([("<b>&", bg())], parse_rules("own"), parse_profiles("xylo"))
    page = page_of(renamed, title="</title><script>")
    assert "<b>&" not in page
    assert "</title><script>" not in page


@pytest.mark.parametrize("ending", ["html", "csv", "json", "svg", "png"])
def test_a_comparison_is_saved_by_its_ending(tmp_path, ending):
    path = tmp_path / f"compare.{ending}"
    nr.compare(bg(), profiles="loihi1", rules="own").save(path)
    assert path.stat().st_size > 200


def test_another_ending_is_refused():
    with pytest.raises(CircuitError, match="ending"):
        nr.compare(bg(), profiles="none", rules="own").save("compare.doc")


def test_a_picture_of_nothing_that_applies_is_a_picture(tmp_path):
    nr.compare(nr.load("circuits/stdp.yaml"), profiles="akida", rules="rtrl").save(tmp_path / "empty.svg")
    nr.compare(nr.load("circuits/stdp.yaml"), profiles="akida", rules="own").save(tmp_path / "none.svg")


# --- the picture


def panels(picture):
    return {axes.get_title(loc="left"): axes for part in picture.subfigs for axes in part.axes}


def test_the_picture_shows_memory_operations_energy_time_and_fit():
    found = panels(
        draw_sheet(compare_all([("bg", bg())], parse_rules(RULES), parse_profiles("loihi1,spinnaker2")))
    )
    assert list(found) == [
        "kept for learning, words",
        "operations a decision",
        "energy a decision, of what has a published price",
        "time a decision, against the interval of 20 ms",
    ]
    told = [[text.get_text() for text in axes.texts] for axes in found.values()]
    assert told[1][0] == "33,194 (of learning 31,706)"
    assert any("✗" in text for text in told[2])
    assert all(text.endswith(("?", "yes", "late")) for text in told[3])


def test_no_axis_of_the_picture_runs_on_beyond_its_bars():
    for axes in panels(
        draw_sheet(compare_all([("bg", bg())], parse_rules(RULES), parse_profiles("all")))
    ).values():
        ends = [bar.get_x() + bar.get_width() for bar in axes.patches]
        ends += [x for line in axes.lines for x in line.get_xdata()]
        assert max(ends) <= axes.get_xlim()[1] <= 2 * max(ends), axes.get_title(loc="left")


def test_a_picture_without_devices_has_only_what_is_counted():
    picture = draw_sheet(compare_all([("bg", bg())], parse_rules("own"), ()))
    assert list(panels(picture)) == ["kept for learning, words", "operations a decision"]
