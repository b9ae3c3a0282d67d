"""Tables of counts in a narrow terminal or a pipe: no number is cut, whatever the width."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

import neuro_rtrrl as nr
from neuro_rtrrl.ledger import load_profile, render, render_table
from neuro_rtrrl.ledger.fit import fit
from neuro_rtrrl.ledger.fit.tables import fit_table
from neuro_rtrrl.ledger.survey import survey_table
from neuro_rtrrl.ledger.tables import Table

BG = "circuits/bg.yaml"


def shown(renderable, width: int) -> str:
    text = io.StringIO()
    Console(file=text, width=width, highlight=False, color_system=None).print(renderable)
    return text.getvalue()


@pytest.mark.parametrize("profile", ["loihi1", "spinnaker2", "h200"])
@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_every_number_of_a_report_stands_whole_in_any_width(profile, width):
    report = nr.cost(nr.load(BG), profile)
    text = shown(render(report), width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    words = set(text.split())
    for table in report.tables():
        for row in table.cells()[1:]:
            assert set(row[1:]) <= words


def test_columns_that_have_no_room_follow_below_with_the_names_again():
    rows = {name: dict.fromkeys("abcdef", 123456) for name in ("one", "two")}
    lines = shown(render_table(Table("many", "row", tuple("abcdef"), rows)), 40).splitlines()
    assert [line.split()[0] for line in lines if line.strip()] == [
        "many",
        *2 * ["row", "one", "two", "total"],
    ]
    assert sum(line.count("123,456") for line in lines) == 12


def test_a_long_name_folds_and_a_heading_does_not_wrap_for_a_narrow_table():
    text = shown(
        render_table(Table("messages, per decision", "kind", ("messages",), {"rate": {"messages": 9}})), 80
    )
    assert text.splitlines()[0].strip() == "messages, per decision"
    rows = {"a_name_that_is_long_" * 4: dict.fromkeys("abc", 12345678)}
    text = shown(render_table(Table("long", "name", ("a", "b", "c"), rows)), 60)
    assert text.count("12,345,678") == 3
    assert "a_name_that_is_long_" * 4 in re.sub(r"[\s\d,]", "", text)


def test_the_list_of_profiles_takes_a_line_or_two_for_each_in_eighty_columns():
    text = shown(render_table(survey_table()), 80)
    lines = text.splitlines()
    assert len(lines) < 50
    assert max(map(len, lines)) <= 80
    assert "…" not in text


def test_a_constraint_of_several_projections_is_named_by_each_of_them():
    names = list(fit_table(fit(nr.load(BG), load_profile("loihi1"))).rows)
    assert "words per synapse: cortex_recurrent" in names
    assert "words per synapse: sensory_to_cortex" in names
    assert not [name for name in names if re.search(r" \d+$", name)]


def test_a_line_of_the_ledger_shows_all_of_a_sum_that_was_worked_out_once():
    lines = nr.cost(nr.load("circuits/stdp.yaml")).lines
    (text,) = [line.text for line in lines if line.text.startswith("neurons.v = v + ")]
    assert text == "neurons.v = v + (dt / tau) * ((v_rest + drive) - v)"
